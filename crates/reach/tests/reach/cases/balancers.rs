//! Load balancers as hops: those that pass connections on, and those that end them.

use super::check;

/// A server and a database in private subnets of two zones, an internet-facing load balancer before
/// them, and one within the VPC.
const BASE: &str = "
    vpc main 10.0.0.0/16; vpc other 10.9.0.0/16
    subnet pub1 main a 10.0.0.0/24; subnet pub2 main b 10.0.1.0/24
    subnet app1 main a 10.0.10.0/24; subnet app2 main b 10.0.11.0/24
    subnet far other a 10.9.0.0/24
    igw igw_1 main; nat nat_1 pub1; peering pcx_1 main other
    table public main pub1 pub2 : 0.0.0.0/0>igw_1
    table private main app1 app2 : 0.0.0.0/0>nat_1 10.9.0.0/16>pcx_1
    table there other far : 10.0.0.0/16>pcx_1
    sg app main : in tcp:8080 0.0.0.0/0 out all 0.0.0.0/0
    sg inner main : in tcp:8080 10.0.0.0/16 out all 0.0.0.0/0
    sg behind main : in tcp:8080 front out all 0.0.0.0/0
    sg front main : in tcp:80 0.0.0.0/0 out tcp:8080 behind
    sg any main : in all 0.0.0.0/0 out all 0.0.0.0/0
    sg db main : in tcp:5432 10.0.0.0/16
    sg anyfar other : in all 0.0.0.0/0 out all 0.0.0.0/0
    instance app app1@10.0.10.5 / app; instance client app2 / any; instance remote far / anyfar
    db main.db app1 app2 / db
    nlb web public pub1 pub2 / : 80>app:8080+keep+cross";

#[test]
#[rustfmt::skip]
fn passed_on_with_the_clients_address() {
    check(BASE, &[
        ("", "internet -> app tcp:8080", "yes", "web in pub1: it has a public IPv4 address | web in pub1: it listens for tcp 80 and forwards to tcp 8080 of app, with the client's address | app: ingress tcp 8080 from 0.0.0.0/0"),
        ("", "internet -> app", "yes", "forwards to tcp 8080 of app"),
        ("", "internet -> app tcp:80", "no", "it has no public IPv4 address"),
        ("", "internet -> app tcp:22", "no", ""),
        ("", "internet -> main.db", "no", ""),
        // What the target's group sees is the client.
        ("instance app app1@10.0.10.5 / inner", "internet -> app tcp:8080", "no", "stops at inner: no ingress rule allows tcp 8080 from 1.0.0.0"),
        ("instance app app1@10.0.10.5 / inner", "client -> app tcp:8080", "yes", "inner: ingress tcp 8080 from 10.0.0.0/16"),
        ("sg app main : in tcp:8080 203.0.113.0/24", "203.0.113.0/24 -> app tcp:8080", "yes", "app: ingress tcp 8080 from 203.0.113.0/24"),
        ("sg app main : in tcp:8080 203.0.113.0/24", "198.51.100.0/24 -> app tcp:8080", "no", ""),
        // The private subnet needs no route to the internet gateway for the answer.
        ("table private main app1 app2 :", "internet -> app tcp:8080", "yes", ""),
        ("table public main pub1 pub2 :", "internet -> app tcp:8080", "no", ""),
        ("table public main pub1 : 0.0.0.0/0>igw_1", "internet -> app tcp:8080", "part", "web in pub1: it listens"),
        // ACLs see the client on both sides of the node.
        ("acl k main pub1 pub2 : in 100 allow tcp:80 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "internet -> app tcp:8080", "part", "no ingress rule allows tcp 49152 from 10.0.10.5, which is the answer"),
        ("acl k main pub1 pub2 : in 100 allow tcp:80 0.0.0.0/0 in 110 allow tcp:1024-65535 10.0.0.0/16 out 100 allow all 0.0.0.0/0", "internet -> app tcp:8080", "yes", "back: k: ingress rule 110"),
        ("acl k main app1 : in 100 allow tcp:8080 10.0.0.0/16 out 100 allow all 0.0.0.0/0", "internet -> app tcp:8080", "no", ""),
        ("acl k main app1 : in 100 allow tcp:8080 0.0.0.0/0 out 100 allow tcp:1024-65535 10.0.0.0/16", "internet -> app tcp:8080", "no", ""),
        ("acl k main app1 : in 100 allow tcp:8080 0.0.0.0/0 out 100 allow tcp:1024-65535 0.0.0.0/0", "internet -> app tcp:8080", "yes", "back: k: egress rule 100"),
        ("nlb web pub1 pub2 / : 80>app:8080+keep+cross", "internet -> app tcp:8080", "no", ""),
        ("nlb web public pub1 pub2 / : 80>app:8080+keep+cross+ill", "internet -> app tcp:8080", "part", "its target app is unhealthy"),
        ("nlb web public pub1 pub2 / : 80>app:8080+keep+cross 80>client:8080+keep+cross", "internet -> app tcp:8080", "part", "it may forward to client instead"),
        ("nlb web public pub1 pub2 / : 80>app:8080+keep+cross 80>client:8080+keep+cross+ill", "internet -> app tcp:8080", "yes", ""),
        ("nlb web public pub1 pub2 / : 80>app:8080+keep+cross 443>client:8080+keep+cross", "internet -> app tcp:8080", "yes", ""),
        ("nlb web public pub1 pub2 / : 53/udp>app:53+keep+cross; sg app main : in udp:53 0.0.0.0/0", "internet -> app udp:53", "yes", "it listens for udp 53"),
        ("nlb web public pub1 pub2 / : 53/udp>app:53+keep+cross; sg app main : in all 0.0.0.0/0", "internet -> app tcp:53", "no", ""),
    ]);
}

#[test]
#[rustfmt::skip]
fn passed_on_with_its_own_address() {
    check(BASE, &[
        ("nlb web public pub1 pub2 / : 80>app:8080+cross", "internet -> app tcp:8080", "yes", "with its own address"),
        ("nlb web public pub1 pub2 / : 80>app:8080+cross; instance app app1@10.0.10.5 / inner", "internet -> app tcp:8080", "yes", "inner: ingress tcp 8080 from 10.0.0.0/16"),
        ("nlb web public pub1 pub2 / : 80>app:8080+cross; sg app main : in tcp:8080 203.0.113.0/24", "203.0.113.0/24 -> app tcp:8080", "no", ""),
        ("nlb web public pub1 pub2 / : 80>app:8080+cross; acl k main app1 : in 100 allow tcp:8080 10.0.0.0/16 out 100 allow tcp:1024-65535 10.0.0.0/16", "internet -> app tcp:8080", "yes", ""),
        // A database by its address: the usual way to put one on the internet.
        ("nlb web public pub1 pub2 / : 5432>main.db@10.0.10.77:5432+cross", "internet -> main.db", "part", "10.0.10.77 may be another's address"),
        ("nlb web public pub1 pub2 / : 5432>main.db@10.0.10.77:5432+cross", "internet -> main.db tcp:5432", "part", "with its own address"),
        ("nlb web public pub1 pub2 / : 5432>main.db@10.0.10.77:5432+cross+keep", "internet -> main.db tcp:5432", "no", ""),
        ("nlb web public pub1 pub2 / : 5432>main.db@10.0.50.77:5432+cross", "internet -> main.db tcp:5432", "no", ""),
        ("nlb web pub1 pub2 / : 80>app:8080+cross", "internet -> app tcp:8080", "no", ""),
    ]);
}

#[test]
#[rustfmt::skip]
fn groups_of_load_balancers() {
    check(BASE, &[
        ("nlb web public pub1 pub2 / front : 80>app:8080+keep+cross; instance app app1@10.0.10.5 / behind", "internet -> app tcp:8080", "yes", "front: ingress tcp 80 from 0.0.0.0/0 | front: egress tcp 8080 to behind | behind: ingress tcp 8080 from front"),
        ("nlb web public pub1 pub2 / front : 80>app:8080+cross; instance app app1@10.0.10.5 / behind", "internet -> app tcp:8080", "yes", "behind: ingress tcp 8080 from front"),
        ("nlb web public pub1 pub2 / front : 81>app:8080+keep+cross; instance app app1@10.0.10.5 / behind", "internet -> app tcp:8080", "no", ""),
        ("nlb web public pub1 pub2 / front : 80>app:8080+keep+cross", "internet -> app tcp:8080", "no", ""),
        // Without a group of its own there is nothing to refer to, and the client's does not count.
        ("nlb web public pub1 pub2 / : 80>app:8080+keep+cross; instance app app1@10.0.10.5 / behind", "internet -> app tcp:8080", "no", ""),
        ("nlb web pub1 pub2 / : 80>app:8080+keep+cross; sg cl main : out all 0.0.0.0/0; sg app main : in tcp:8080 cl; instance client app2 / cl", "client -> app tcp:8080", "yes", "ingress tcp 8080 from cl"),
        ("nlb web pub1 pub2 / : 80>app:8080+keep+cross; sg cl main : out tcp:80 0.0.0.0/0; sg app main : in tcp:8080 cl; instance client app2 / cl", "client -> app tcp:8080", "no", ""),
        ("nlb web pub1 pub2 / : 80>app:8080+keep+cross; sg cl main : out tcp:80 0.0.0.0/0; sg app main : in tcp:8080 10.0.0.0/16; instance client app2 / cl", "client -> app tcp:8080", "yes", "forwards to tcp 8080 of app"),
    ]);
}

#[test]
#[rustfmt::skip]
fn zones_and_schemes() {
    check(BASE, &[
        // A node without a target in its zone is left out; nobody is sent there.
        ("nlb web public pub1 pub2 / : 80>app:8080+keep", "internet -> app tcp:8080", "yes", "web in pub1"),
        ("nlb web public pub2 / : 80>app:8080+keep", "internet -> app tcp:8080", "no", ""),
        ("nlb web public pub1 pub2 / : 80>app:8080+keep 80>client:8080+keep", "internet -> app tcp:8080", "part", "web in pub1: it listens"),
        ("table public main pub2 : 0.0.0.0/0>igw_1; nlb web public pub1 pub2 / : 80>app:8080+keep", "internet -> app tcp:8080", "no", ""),
        // The name of an internet-facing one resolves to public addresses, inside too.
        ("lb alb public pub1 pub2 / front : 80>app:8080; instance app app1@10.0.10.5 / behind", "client -> alb tcp:80", "yes", "private: route 0.0.0.0/0 to nat_1"),
        ("sg front main : in tcp:80 10.0.0.0/16; lb alb public pub1 / front : 80>app:8080", "client -> alb tcp:80", "part", "the name of alb resolves to its public addresses"),
        ("lb alb public pub1@10.0.0.9 / front : 80>app:8080", "client -> alb tcp:80", "yes", "nat_1: it is available | front: ingress tcp 80"),
        ("sg front main : in tcp:80 10.0.0.0/16; lb alb pub1 pub2 / front : 80>app:8080", "client -> alb tcp:80", "yes", "front: ingress tcp 80 from 10.0.0.0/16"),
        ("lb alb pub1 pub2 / front : 80>app:8080", "internet -> alb tcp:80", "no", "make alb internet-facing"),
        ("lb alb pub1 pub2 / front : 80>app:8080; vpc main 10.0.0.0/16 nodns", "client -> alb tcp:80", "part", "DNS support is off"),
        // Over a peering connection.
        ("nlb web app1 / : 80>app:8080+cross; instance app app1@10.0.10.5 / inner", "remote -> app tcp:8080", "yes", "with its own address"),
        ("nlb web app1 / : 80>app:8080+cross+keep; instance app app1@10.0.10.5 / inner", "remote -> app tcp:8080", "no", ""),
        ("nlb web app1 / : 80>remote:8080+cross", "client -> remote tcp:8080", "yes", ""),
    ]);
}

/// Who reaches a load balancer itself, and whom it reaches: on the ports that it listens for, from and
/// to each of its nodes.
#[test]
#[rustfmt::skip]
fn load_balancers_as_ends() {
    check(BASE, &[
        ("", "internet -> web tcp:80", "yes", "web in pub1: it listens for tcp 80"),
        ("", "internet -> web", "yes", "web in pub1: it listens for tcp 80"),
        ("", "internet -> web tcp:443", "no", "it does not listen for tcp 443, only for tcp 80 | give web a listener for tcp 443"),
        ("", "internet -> web udp:80", "no", "it does not listen for udp 80"),
        // One that passes connections on drops pings; one that ends them answers, if it is let.
        ("", "internet -> web icmp:8", "no", ""),
        ("lb alb public pub1 pub2 / any : 80>app:8080", "internet -> alb icmp:8", "yes", ""),
        ("lb alb public pub1 pub2 / front : 80>app:8080", "internet -> alb icmp:8", "no", "stops at front"),
        ("lb alb public pub1 pub2 / any : 80>app:8080", "internet -> alb tcp:22", "no", "alb in pub1: it does not listen for tcp 22"),
        ("lb alb public pub1 pub2 / front : 443>app:8080", "internet -> alb tcp:443", "no", "stops at front: no ingress rule allows tcp 443"),
        ("lb alb public pub1 pub2 / front : 443>app:8080", "internet -> alb tcp:80", "no", "alb in pub1: it does not listen for tcp 80, only for tcp 443"),
        ("nlb web public pub1 pub2 / : 80>app:8080+cross 53/udp>app:53+cross", "internet -> web udp:53", "yes", "it listens for udp 53"),
        ("nlb web public pub1 pub2 / : none", "internet -> web", "no", "it has no listener"),
        // What it listens for was not read.
        ("nlb web public pub1 pub2 /", "internet -> web tcp:9999", "yes", ""),
        ("nlb web pub1 pub2 / : 80>app:8080+keep+cross", "internet -> web tcp:80", "no", "make web internet-facing"),
        ("nlb web pub1 pub2 / : 80>app:8080+keep+cross", "client -> web tcp:80", "yes", "it listens for tcp 80"),
        ("nlb web app1 / : 80>app:8080+keep+cross", "remote -> web tcp:80", "yes", "private: route 10.9.0.0/16 to pcx_1"),
        ("nlb web pub1 / : 80>app:8080+keep+cross", "remote -> web tcp:80", "no", "for the answer"),
        ("", "198.51.100.0/24 -> web tcp:80", "yes", ""),
        ("nlb web public pub1 pub2 / front : 80>app:8080; sg front main : in tcp:80 203.0.113.0/24", "198.51.100.0/24 -> web tcp:80", "no", "stops at front"),
        ("acl k main pub1 : in 100 allow all 0.0.0.0/0 out 100 allow tcp:80 0.0.0.0/0", "internet -> web tcp:80", "part", "web in pub1 | which is the answer"),
        ("table public main pub1 pub2 :", "internet -> web tcp:80", "no", ""),
        // Its own requests come from each of its nodes, with its groups.
        ("lb alb public pub1 pub2 / front : 80>app:8080; instance app app1@10.0.10.5 / behind", "alb -> app tcp:8080", "yes", "front: egress tcp 8080 to behind | behind: ingress tcp 8080 from front"),
        ("lb alb public pub1 pub2 / front : 80>app:8080", "alb -> app tcp:8080", "no", "stops at front: no egress rule allows tcp 8080"),
        ("lb alb public pub1 pub2 / any : 80>app:8080; instance app app1@10.0.10.5 / behind", "alb -> app tcp:8080", "no", "stops at behind"),
        ("lb alb public pub1 pub2 / any : 80>app:8080; acl k main pub2 : in 100 allow all 0.0.0.0/0", "alb -> app tcp:8080", "part", "alb in pub2"),
        ("lb alb public pub1 pub2 / any : 80>app:8080", "alb -> main.db tcp:5432", "yes", "db: ingress tcp 5432 from 10.0.0.0/16"),
        ("lb alb public pub1 pub2 / front : 80>app:8080", "alb -> main.db", "no", ""),
        ("", "web -> app tcp:8080", "yes", "app: ingress tcp 8080 from 0.0.0.0/0"),
        ("", "web -> app tcp:22", "no", "stops at app"),
    ]);
}

/// Targets of a group of IPv6, which take IPv6 whatever the client speaks.
const BASE_6: &str = "
    vpc main 10.0.0.0/16 2600:1f00::/56
    subnet pub1 main a 10.0.0.0/24 2600:1f00::/64
    subnet app1 main a 10.0.10.0/24 2600:1f00:0:1::/64
    igw igw_1 main
    table public main pub1 : 0.0.0.0/0>igw_1 ::/0>igw_1
    table private main app1 :
    sg app main : in tcp:8080 0.0.0.0/0 in tcp:8080 ::/0
    sg inner main : in tcp:8080 2600:1f00::/56
    sg four main : in tcp:8080 0.0.0.0/0
    instance app v6 app1@10.0.10.5 / app
    nlb web public v6 pub1 / : 80>app:8080+keep+six";

#[test]
#[rustfmt::skip]
fn targets_of_ipv6() {
    check(BASE_6, &[
        ("", "internet -> app tcp:8080", "yes", ""),
        ("", "::/0 -> app tcp:8080", "yes", "with the client's address | app: ingress tcp 8080 from ::/0"),
        ("", "0.0.0.0/0 -> app tcp:8080", "yes", "with its own address | app: ingress tcp 8080 from ::/0"),
        ("instance app v6 app1@10.0.10.5 / inner", "0.0.0.0/0 -> app tcp:8080", "yes", "inner: ingress tcp 8080 from 2600:1f00::/56"),
        ("instance app v6 app1@10.0.10.5 / inner", "::/0 -> app tcp:8080", "no", "stops at inner"),
        ("instance app v6 app1@10.0.10.5 / four", "0.0.0.0/0 -> app tcp:8080", "no", "stops at four"),
        ("instance app app1@10.0.10.5 / app", "internet -> app tcp:8080", "no", "app has no IPv6 address, which its target group is of"),
        ("nlb web public pub1 / : 80>app:8080+keep+six", "internet -> app tcp:8080", "no", ""),
        // A target group of IPv4: clients of IPv6 come from the load balancer's address.
        ("nlb web public v6 pub1 / : 80>app:8080+keep", "::/0 -> app tcp:8080", "yes", "with its own address | app: ingress tcp 8080 from 0.0.0.0/0"),
        ("nlb web public v6 pub1 / : 80>app:8080+keep; instance app v6 app1@10.0.10.5 / inner", "internet -> app tcp:8080", "no", ""),
        ("nlb web public v6 pub1 / : 80>app@2600:1f00:0:1::5:8080+six", "internet -> app tcp:8080", "part", "may be another's address"),
        ("nlb web public v6 pub1 / : 80>app@2600:1f00:0:7::5:8080+six", "internet -> app tcp:8080", "no", ""),
    ]);
}

#[test]
#[rustfmt::skip]
fn ended_and_sent_anew() {
    check(BASE, &[
        ("lb web public pub1 pub2 / front : 80>app:8080; instance app app1@10.0.10.5 / behind", "internet -> app tcp:8080", "no", "through web, port 80 to port 8080: open | front: ingress tcp 80 from 0.0.0.0/0 | front: egress tcp 8080 to behind | behind: ingress tcp 8080 from front"),
        ("lb web pub1 pub2 / front : 80>app:8080; instance app app1@10.0.10.5 / behind", "internet -> app tcp:8080", "no", "through web, port 80 to port 8080: not open"),
        // One that passes connections on to one that ends them.
        ("lb alb app1 app2 / front : 80>app:8080; instance app app1@10.0.10.5 / behind; nlb web public pub1 / : 80>alb:80+keep+cross", "internet -> alb tcp:80", "yes", "it listens for tcp 80 and forwards to tcp 80 of alb"),
        ("lb alb app1 / front : 80>app:8080; instance app app1@10.0.10.5 / behind; nlb web public pub1 / : 80>alb:80+keep+cross", "internet -> alb tcp:80", "yes", ""),
        ("lb alb app1 / front : 80>app:8080; instance app app1@10.0.10.5 / behind; nlb web public pub1 / : 80>alb:80+keep+cross", "internet -> app tcp:8080", "no", "through alb, port 80 to port 8080: open"),
    ]);
}
