//! Out to the internet: by an internet gateway, by NAT, over IPv6, and everything that can be
//! wrong with each.

use super::check;

/// A public and a private subnet in zone a, and the usual gateways.
const BASE: &str = "
    vpc main 10.0.0.0/16 2600:1f00::/56
    subnet pub main a 10.0.0.0/24 2600:1f00::/64
    subnet priv main a 10.0.1.0/24 2600:1f00:0:1::/64
    igw igw_1 main; eigw eigw_1 main; nat nat_1 pub
    table public main pub : 0.0.0.0/0>igw_1 ::/0>igw_1
    table private main priv : 0.0.0.0/0>nat_1
    sg out main : out all 0.0.0.0/0
    sg out6 main : out all internet
    sg web main : out tcp:443 0.0.0.0/0
    sg none main :
    instance front public pub / out
    instance bare pub / out
    instance back priv / web
    function api priv / web
    function lost pub / web
    db data priv / none
    function outside";

#[test]
#[rustfmt::skip]
fn by_internet_gateway() {
    check(BASE, &[
        ("", "front -> internet tcp:443", "yes", "public: route 0.0.0.0/0 to igw_1 | igw_1: it is attached to main | front: it has a public IPv4 address"),
        ("", "front -> internet", "yes", "tcp"),
        ("", "front -> 203.0.113.0/24 tcp:443", "yes", "-> 203.0.113.0:443"),
        ("", "front -> 0.0.0.0/0 tcp:443", "yes", ""),
        ("", "bare -> internet tcp:443", "no", "stops at bare: it has no public IPv4 address | give bare a public IPv4 address"),
        ("", "bare -> internet", "no", "no public IPv4 address"),
        ("igw igw_1", "front -> internet tcp:443", "no", "stops at igw_1: no internet gateway is attached to main | attach igw_1 to main"),
        ("drop igw_1", "front -> internet tcp:443", "no", "no internet gateway is attached | create an internet gateway"),
        ("table public main pub :", "front -> internet tcp:443", "no", "stops at public: no route to internet | route 0.0.0.0/0 to igw_1 in public"),
        ("drop public", "front -> internet tcp:443", "no", "stops at the main route table of main: no route"),
        ("drop public; table m main * : 0.0.0.0/0>igw_1", "front -> internet tcp:443", "yes", "m: route 0.0.0.0/0 to igw_1"),
        ("table public main pub : 0.0.0.0/0>igw_1!", "front -> internet tcp:443", "no", "route 0.0.0.0/0 to igw_1 is a black hole"),
        ("table public main pub : 0.0.0.0/0>igw_old", "front -> internet tcp:443", "no", "it leads to igw_old, but igw_1 is the VPC's internet gateway"),
        ("table public main pub : 0.0.0.0/0>igw_1 203.0.113.0/24>nat_gone!", "front -> internet tcp:443", "yes", "except 203.0.113.0/24"),
        ("table public main pub : 0.0.0.0/0>igw_1 203.0.113.0/24>nat_gone!", "front -> 203.0.113.0/24 tcp:443", "no", "is a black hole"),
        ("table public main pub : 0.0.0.0/0>igw_1 203.0.113.0/24>nat_gone", "front -> 203.0.113.0/24 tcp:443", "no", "route 203.0.113.0/24 to nat_gone leads to nothing"),
        ("table public main pub : 0.0.0.0/0>tgw", "front -> internet tcp:443", "unknown", "stops at tgw: what lies behind it is not looked into: packets may pass there or not"),
        ("table public main pub : 0.0.0.0/0>pcx_1", "front -> internet tcp:443", "no", "a peering connection leads to the other VPC and no further"),
        ("table public main pub : 198.51.100.0/24>igw_1", "front -> internet tcp:443", "part", "no route to internet"),
        ("sg out main :", "front -> internet tcp:443", "no", "stops at out: no egress rule allows tcp 443 | add to out an egress rule: tcp 443 to 0.0.0.0/0"),
        ("sg out main : out tcp:443 203.0.113.0/24", "front -> internet tcp:443", "part", "no egress rule"),
        ("sg out main : out tcp:443 203.0.113.0/24", "front -> 203.0.113.0/24 tcp:443", "yes", ""),
        ("sg out main : out tcp:443 203.0.113.0/25", "front -> 203.0.113.0/24 tcp:443", "part", "203.0.113.128 | egress rule: tcp 443 to 203.0.113.0/24"),
        ("sg out main : out tcp:443 203.0.113.0/24", "front -> 198.51.100.7/32 tcp:443", "no", "add to out an egress rule: tcp 443 to 198.51.100.7/32"),
        ("acl a main pub : in 100 allow tcp:1024-65535 0.0.0.0/0 out 100 allow tcp:443 0.0.0.0/0", "front -> internet tcp:443", "yes", "back: a: ingress rule 100"),
        ("acl a main pub : in 100 allow tcp:443 0.0.0.0/0 out 100 allow tcp:443 0.0.0.0/0", "front -> internet tcp:443", "part", "which is the answer | add to a ingress rule 110: allow tcp 32768-65535 from 0.0.0.0/0"),
        ("acl a main pub : out 100 allow tcp:443 0.0.0.0/0", "front -> internet tcp:443", "no", "which is the answer"),
        ("acl a main pub : in 100 allow tcp:1024-65535 0.0.0.0/0", "front -> internet tcp:443", "no", "stops at a: no egress rule"),
        ("acl a main pub : in 100 allow all 0.0.0.0/0 out 90 deny all 203.0.113.0/24 out 100 allow all 0.0.0.0/0", "front -> internet tcp:443", "yes", "except 203.0.113.0/24"),
        ("acl a main pub : in 100 allow all 0.0.0.0/0 out 90 deny all 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "front -> internet tcp:443", "no", "rule 90: deny all traffic"),
        ("", "lost -> internet tcp:443", "no", "a function in a VPC gets no public address | put lost into a subnet whose route to 0.0.0.0/0 is a NAT gateway"),
        ("function lost public pub / web", "lost -> internet tcp:443", "no", "a function in a VPC gets no public address"),
        ("function lost public pub / web", "lost -> internet", "no", ""),
        ("", "outside -> internet tcp:443", "yes", "it is on the internet"),
        ("", "data -> internet", "no", "stops at none"),
        ("", "data -> internet tcp:443", "no", "stops at none: no egress rule"),
    ]);
}

#[test]
#[rustfmt::skip]
fn by_nat() {
    check(BASE, &[
        ("", "api -> internet tcp:443", "yes", "private: route 0.0.0.0/0 to nat_1 | nat_1: it is available and has a public address | public: route 0.0.0.0/0 to igw_1"),
        ("", "back -> internet tcp:443", "yes", "nat_1"),
        ("", "back -> internet tcp:80", "no", "stops at web: no egress rule allows tcp 80"),
        ("", "back -> internet", "yes", "tcp"),
        ("table private main priv :", "api -> internet tcp:443", "no", "stops at private: no route to internet | route 0.0.0.0/0 to nat_1 in private"),
        ("drop private", "api -> internet tcp:443", "no", "route 0.0.0.0/0 to nat_1 in the main route table of main"),
        ("drop private; table m main * : 0.0.0.0/0>nat_1", "api -> internet tcp:443", "yes", ""),
        ("drop nat_1", "api -> internet tcp:443", "no", "route 0.0.0.0/0 to nat_1 leads to nothing | create a NAT gateway in a public subnet of main"),
        ("nat nat_1 pub failed", "api -> internet tcp:443", "no", "stops at nat_1: it is failed | wait until nat_1 is available"),
        ("nat nat_1 pub noaddress", "api -> internet tcp:443", "no", "stops at nat_1: it has no public address"),
        ("table private main priv : 0.0.0.0/0>nat_1!", "api -> internet tcp:443", "no", "black hole"),
        ("nat nat_1 priv", "api -> internet tcp:443", "no", "stops at private: route 0.0.0.0/0 to nat_1 | put nat_1 into a subnet whose route to 0.0.0.0/0 is an internet gateway"),
        ("subnet other main a 10.0.2.0/24; nat nat_1 other; table o main other :", "api -> internet tcp:443", "no", "stops at o: no route to 1. | route 0.0.0.0/0 to igw_1 in o"),
        ("table public main pub :", "api -> internet tcp:443", "no", "stops at public: no route"),
        ("igw igw_1", "api -> internet tcp:443", "no", "no internet gateway is attached to main"),
        ("table private main priv : 0.0.0.0/0>igw_1", "api -> internet tcp:443", "no", "a function in a VPC gets no public address"),
        ("table private main priv : 0.0.0.0/0>igw_1", "back -> internet tcp:443", "no", "it has no public IPv4 address"),
        ("sg web main :", "api -> internet tcp:443", "no", "stops at web | add to web an egress rule: tcp 443 to 0.0.0.0/0"),
        // The private subnet's ACL.
        ("acl p main priv : in 100 allow tcp:1024-65535 0.0.0.0/0 out 100 allow tcp:443 0.0.0.0/0", "api -> internet tcp:443", "yes", "p: egress rule 100"),
        ("acl p main priv : in 100 allow tcp:32768-65535 0.0.0.0/0 out 100 allow tcp:443 0.0.0.0/0", "back -> internet tcp:443", "yes", ""),
        ("acl p main priv : in 100 allow tcp:32768-65535 0.0.0.0/0 out 100 allow tcp:443 0.0.0.0/0", "api -> internet tcp:443", "part", "which is the answer"),
        ("acl p main priv : in 100 allow tcp:1024-65535 10.0.0.0/16 out 100 allow tcp:443 0.0.0.0/0", "api -> internet tcp:443", "no", "stops at p: no ingress rule | from 0.0.0.0/0"),
        ("acl p main priv : out 100 allow tcp:443 0.0.0.0/0", "api -> internet tcp:443", "no", "which is the answer"),
        ("acl p main priv : in 100 allow tcp:1024-65535 0.0.0.0/0 out 100 allow tcp:80 0.0.0.0/0", "api -> internet tcp:443", "no", "stops at p: no egress rule"),
        // The ACL of the NAT gateway's subnet, which is crossed four times.
        ("acl n main pub : in 100 allow tcp:443 10.0.0.0/16 in 110 allow tcp:1024-65535 0.0.0.0/0 out 100 allow tcp:443 0.0.0.0/0 out 110 allow tcp:1024-65535 10.0.0.0/16", "api -> internet tcp:443", "yes", "n: ingress rule 100: allow tcp 443 from 10.0.0.0/16 | back: n: egress rule 110"),
        ("acl n main pub : in 110 allow tcp:1024-65535 0.0.0.0/0 out 100 allow tcp:443 0.0.0.0/0 out 110 allow tcp:1024-65535 10.0.0.0/16", "api -> internet tcp:443", "no", "stops at n: no ingress rule allows tcp 443 from 10.0.1. | ingress rule 120: allow tcp 443 from 10.0.1.0/24"),
        ("acl n main pub : in 100 allow tcp:443 10.0.0.0/16 out 100 allow tcp:443 0.0.0.0/0 out 110 allow tcp:1024-65535 10.0.0.0/16", "api -> internet tcp:443", "no", "stops at n: no ingress rule | which is the answer | allow tcp 1024-65535 from 0.0.0.0/0"),
        ("acl n main pub : in 100 allow tcp:443 10.0.0.0/16 in 110 allow tcp:32768-65535 0.0.0.0/0 out 100 allow tcp:443 0.0.0.0/0 out 110 allow tcp:1024-65535 10.0.0.0/16", "back -> internet tcp:443", "part", "which is the answer | allow tcp 1024-65535"),
        ("acl n main pub : in 100 allow tcp:443 10.0.0.0/16 in 110 allow tcp:1024-65535 0.0.0.0/0 out 110 allow tcp:1024-65535 10.0.0.0/16", "api -> internet tcp:443", "no", "stops at n: no egress rule allows tcp 443 to 1.0.0.0"),
        ("acl n main pub : in 100 allow tcp:443 10.0.0.0/16 in 110 allow tcp:1024-65535 0.0.0.0/0 out 100 allow tcp:443 0.0.0.0/0", "api -> internet tcp:443", "part", "10.0.1.4:443 -> | stops at n: no egress rule | which is the answer | to 10.0.1.0/24"),
        ("acl n main pub : in 100 allow tcp:443 10.0.9.0/24 in 110 allow tcp:1024-65535 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "api -> internet tcp:443", "no", "stops at n"),
    ]);
}

#[test]
#[rustfmt::skip]
fn over_ipv6() {
    check(BASE, &[
        ("instance six v6 priv / out6; table private main priv : ::/0>eigw_1", "six -> ::/0 tcp:443", "yes", "private: route ::/0 to eigw_1"),
        ("instance six v6 priv / out6; table private main priv : ::/0>eigw_1", "six -> internet tcp:443", "yes", "[2600:1f00:0:1::]"),
        ("instance six v6 priv / out6; table private main priv : ::/0>eigw_1", "::/0 -> six tcp:443", "no", "out6: no ingress rule"),
        ("sg any main : in all internet out all internet; instance six v6 priv / any; table private main priv : ::/0>eigw_1", "::/0 -> six tcp:443", "no", "route ::/0 to eigw_1 for the answer"),
        ("sg any main : in all internet out all internet; instance six v6 pub / any", "::/0 -> six tcp:443", "yes", "back: public: route ::/0 to igw_1"),
        ("instance six v6 priv / out6; table private main priv :", "six -> ::/0 tcp:443", "no", "route ::/0 to eigw_1 in private"),
        ("instance six v6 priv / out; table private main priv : ::/0>eigw_1", "six -> ::/0 tcp:443", "no", "stops at out: no egress rule | tcp 443 to ::/0"),
        ("instance six v6 pub / out6", "six -> ::/0 tcp:443", "yes", "igw_1: it is attached"),
        ("instance six v6 pub / out6", "six -> internet tcp:443", "yes", ""),
        ("instance six pub / out6", "six -> ::/0 tcp:443", "no", "it has no address of a family that ::/0 has"),
        ("instance six v6 pub / out6; acl a main pub : in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "six -> ::/0 tcp:443", "no", "stops at a: no egress rule"),
        ("instance six v6 pub / out6; acl a main pub : in 100 allow all ::/0 out 100 allow all ::/0", "six -> ::/0 tcp:443", "yes", ""),
        ("instance six v6 priv / out6; table private main priv : ::/0>nat_1", "six -> ::/0 tcp:443", "no", "is of the other address family"),
        ("instance six v6 priv / out6; table private main priv : ::/0>eigw_2", "six -> ::/0 tcp:443", "no", "a gateway that is not in this VPC"),
        ("function six v6 priv / out6; table private main priv : ::/0>eigw_1", "six -> ::/0 tcp:443", "yes", ""),
        ("function six v6 pub / out6", "six -> ::/0 tcp:443", "yes", "igw_1"),
        ("function six priv / out6; table private main priv : ::/0>eigw_1", "six -> ::/0 tcp:443", "no", "no address of a family"),
    ]);
}
