//! Within one VPC: a function and an instance to a database, and everything that can be wrong.

use super::check;

/// Private subnets `p1` and `p2` in two zones for clients, `d1` and `d2` for the database.
const BASE: &str = "
    vpc main 10.0.0.0/16
    subnet p1 main a 10.0.1.0/24; subnet p2 main b 10.0.2.0/24
    subnet d1 main a 10.0.11.0/24; subnet d2 main b 10.0.12.0/24
    table private main p1 p2 :; table data main d1 d2 :
    sg client main : out tcp:5432 database
    sg database main : in tcp:5432 client
    sg empty main :
    sg open main : in all 0.0.0.0/0 out all 0.0.0.0/0
    function api p1 p2 / client
    instance host p1 / client
    instance other p2 / open
    db main.db d1 d2 / database";

#[test]
#[rustfmt::skip]
fn security_groups() {
    check(BASE, &[
        ("", "api -> main.db tcp:5432", "yes", "client: egress tcp 5432 to database | database: ingress tcp 5432 from client"),
        ("", "host -> main.db tcp:5432", "yes", "there: data"),
        ("", "api -> main.db", "yes", "tcp 5432"),
        ("", "api -> main.db tcp:3306", "no", "stops at client: no egress rule allows tcp 3306 | then at database: no ingress rule"),
        ("", "api -> main.db udp:5432", "no", "stops at client | add to client an egress rule: udp 5432 to database"),
        ("", "main.db -> api", "no", "a function takes no connections"),
        ("", "main.db -> host tcp:22", "no", "stops at database: no egress rule"),
        ("", "other -> main.db tcp:5432", "no", "stops at database: no ingress rule allows tcp 5432 from 10.0.2. | to open it: add to database an ingress rule: tcp 5432 from open"),
        ("sg database main :", "api -> main.db tcp:5432", "no", "stops at database: no ingress rule allows tcp 5432 | add to database an ingress rule: tcp 5432 from client"),
        ("sg client main :", "api -> main.db tcp:5432", "no", "stops at client: no egress rule | add to client an egress rule: tcp 5432 to database"),
        ("sg client main :; sg database main :", "api -> main.db tcp:5432", "no", "stops at client | then at database"),
        ("sg client main : out tcp:5432 empty", "api -> main.db tcp:5432", "no", "stops at client"),
        ("sg database main : in tcp:5432 empty", "api -> main.db tcp:5432", "no", "stops at database"),
        ("sg database main : in tcp:5400-5500 client", "api -> main.db tcp:5432", "yes", "ingress tcp 5400-5500 from client"),
        ("sg database main : in tcp:5433-5500 client", "api -> main.db tcp:5432", "no", "stops at database"),
        ("sg database main : in tcp client", "api -> main.db tcp:5432", "yes", "ingress tcp from client"),
        ("sg database main : in all client", "api -> main.db tcp:5432", "yes", "ingress all traffic from client"),
        ("sg database main : in udp:5432 client", "api -> main.db tcp:5432", "no", "stops at database"),
        ("sg database main : in proto:6 client", "api -> main.db tcp:5432", "yes", "ingress tcp from client"),
        ("sg database main : in tcp:5432 database", "api -> main.db tcp:5432", "no", "stops at database"),
        ("sg database main : in tcp:5432 10.0.0.0/16", "api -> main.db tcp:5432", "yes", "ingress tcp 5432 from 10.0.0.0/16"),
        ("sg database main : in tcp:5432 10.0.1.0/24", "host -> main.db tcp:5432", "yes", "from 10.0.1.0/24"),
        ("sg database main : in tcp:5432 10.0.1.0/24", "api -> main.db tcp:5432", "part", "api in p2 -> main.db in d1 stops at database: no ingress rule allows tcp 5432 from 10.0.2."),
        ("sg database main : in tcp:5432 10.0.1.0/25", "host -> main.db tcp:5432", "part", "stops at database"),
        ("sg database main : in tcp:5432 10.0.1.0/25; instance host p1@10.0.1.20 / client", "host -> main.db tcp:5432", "yes", "10.0.1.20"),
        ("sg database main : in tcp:5432 10.0.1.0/25; instance host p1@10.0.1.200 / client", "host -> main.db tcp:5432", "no", "from 10.0.1.200"),
        ("sg database main : in tcp:5432 0.0.0.0/0", "other -> main.db tcp:5432", "yes", "from 0.0.0.0/0"),
        ("sg database main : in tcp:5432 ::/0", "other -> main.db tcp:5432", "no", "stops at database"),
        ("sg client main : out tcp:5432 10.0.11.0/24", "api -> main.db tcp:5432", "part", "main.db in d2 stops at client"),
        ("sg client main : out tcp:5432 10.0.11.0/24 out tcp:5432 10.0.12.0/24", "api -> main.db tcp:5432", "yes", ""),
        ("sg client main : out all 0.0.0.0/0", "api -> main.db tcp:5432", "yes", "client: egress all traffic to 0.0.0.0/0"),
        ("sg client main : out tcp:443 0.0.0.0/0", "api -> main.db tcp:5432", "no", "stops at client"),
        ("sg self main : in all self out all self; instance x p1 / self; instance y p2 / self", "x -> y tcp:9000", "yes", "self: ingress all traffic from self"),
        ("sg self main : in all self out all self; instance x p1 / self", "x -> other tcp:9000", "no", "stops at self"),
        ("sg self main : in all self out all self; instance x p1 / self", "other -> x tcp:9000", "no", "stops at self"),
        // A family reaches itself when each member reaches all others.
        ("sg self main : in all self out all self; instance x p1 p2 / self", "x -> x tcp:9000", "yes", "x in p1 -> x in p2"),
        ("instance x p1 p2 / empty", "x -> x tcp:9000", "no", "stops at empty"),
        ("instance host p1 / client open", "host -> main.db tcp:5432", "yes", ""),
        ("instance host p1 / empty client", "host -> main.db tcp:5432", "yes", "database: ingress tcp 5432 from client"),
        ("instance host p1 / empty", "host -> main.db tcp:5432", "no", "stops at empty | then at database"),
        ("db main.db d1 d2 / empty database", "host -> main.db tcp:5432", "yes", ""),
        ("list office : 10.0.1.0/24; sg database main : in tcp:5432 office", "host -> main.db tcp:5432", "yes", "ingress tcp 5432 from office"),
        ("list office : 10.0.9.0/24; sg database main : in tcp:5432 office", "host -> main.db tcp:5432", "no", "stops at database"),
        ("sg database main : in tcp:5432 client in tcp:22 open", "other -> main.db", "yes", "tcp 22 from open"),
        ("", "other -> main.db", "no", "stops at database"),
        ("instance one p1 / open; sg open main : in icmp:8 0.0.0.0/0 out icmp 0.0.0.0/0", "one -> other icmp:8", "yes", "icmp type 8"),
        ("instance one p1 / open; sg open main : in icmp:8 0.0.0.0/0 out icmp 0.0.0.0/0", "one -> other icmp:13", "no", "stops at open"),
        ("instance one p1 / open", "one -> other proto:47", "yes", "protocol 47"),
    ]);
}

#[test]
#[rustfmt::skip]
fn routes_and_names() {
    check(BASE, &[
        ("vpc main 10.0.0.0/16 nodns", "api -> main.db tcp:5432", "part", "stops at main: names such as that of main.db do not resolve | turn on DNS support"),
        ("vpc main 10.0.0.0/16 nonames", "api -> main.db tcp:5432", "yes", "DNS support is on"),
        ("vpc main 10.0.0.0/16 nodns", "host -> other tcp:80", "no", "stops at client"),
        ("vpc main 10.0.0.0/16 nodns; sg client main : out all 0.0.0.0/0", "host -> other tcp:80", "yes", ""),
        ("drop private; drop data", "api -> main.db tcp:5432", "yes", "the main route table of main: route 10.0.0.0/16 to local"),
        ("table private main p1 p2 : 10.0.11.0/24>firewall", "host -> main.db tcp:5432", "part", "stops at firewall: what lies behind it is not looked into: packets may pass there or not"),
        ("table private main p1 p2 : 10.0.8.0/21>firewall; table data main d1 d2 : 10.0.1.0/24>firewall", "host -> main.db tcp:5432", "unknown", "stops at firewall"),
        ("table private main p1 p2 : 10.0.11.0/24>firewall!", "host -> main.db tcp:5432", "part", "main.db in d1 stops at private: route 10.0.11.0/24 to firewall is a black hole"),
        ("table private main p1 p2 : 10.0.8.0/21>firewall!", "host -> main.db tcp:5432", "no", "is a black hole"),
        ("table data main d1 d2 : 10.0.1.0/24>igw_gone", "host -> main.db tcp:5432", "no", "stops at data: route 10.0.1.0/24 to igw_gone for the answer to 10.0.1."),
        ("table data main d1 d2 : 10.0.1.0/24>igw_gone", "10.0.2.0/24 -> main.db tcp:5432", "part", "api in p2 -> main.db in d1, for example"),
        ("vpc main 10.0.0.0/16 10.9.0.0/16; subnet p3 main c 10.9.1.0/24; instance far p3 / client", "far -> main.db tcp:5432", "yes", "route 10.9.0.0/16 to local"),
        ("", "10.0.1.0/24 -> main.db tcp:5432", "part", "stops at database: no ingress rule"),
        ("sg database main : in tcp:5432 10.0.0.0/16", "10.0.1.0/24 -> main.db tcp:5432", "yes", ""),
        ("sg database main : in tcp:5432 10.0.0.0/16", "10.0.0.0/16 -> main.db tcp:5432", "yes", ""),
        ("sg database main : in tcp:5432 empty", "10.0.1.0/24 -> main.db tcp:5432", "no", "stops at database"),
        ("", "10.99.0.0/16 -> main.db tcp:5432", "no", "these addresses are in no subnet"),
        ("", "host -> 10.99.0.0/16 tcp:443", "no", "these addresses are in no subnet"),
        ("", "host -> 10.0.11.0/24 tcp:5432", "part", "stops at client"),
        ("sg client main : out tcp:5432 10.0.11.0/24", "host -> 10.0.11.0/24 tcp:5432", "yes", ""),
        ("instance twin p1 / open; instance host p1 / open", "host -> twin tcp:80", "yes", "open: ingress all traffic"),
        ("instance twin p1 / empty; instance host p1 / open", "host -> twin tcp:80", "no", "stops at empty"),
        ("acl tight main p1 :; instance twin p1 / open; instance host p1 / open", "host -> twin tcp:80", "yes", ""),
        ("function out", "out -> main.db tcp:5432", "no", "no internet gateway is attached"),
    ]);
}

#[test]
#[rustfmt::skip]
fn network_acls() {
    check(BASE, &[
        ("acl data main d1 d2 : in 100 allow tcp:5432 10.0.0.0/16 out 100 allow tcp:1024-65535 10.0.0.0/16", "api -> main.db tcp:5432", "yes", "data: ingress rule 100: allow tcp 5432 from 10.0.0.0/16 | back: data: egress rule 100: allow tcp 1024-65535"),
        ("acl data main d1 d2 : in 100 allow tcp:5432 10.0.0.0/16 out 100 allow tcp:32768-65535 10.0.0.0/16", "host -> main.db tcp:5432", "yes", "back: data"),
        ("acl data main d1 d2 : in 100 allow tcp:5432 10.0.0.0/16 out 100 allow tcp:32768-65535 10.0.0.0/16", "api -> main.db tcp:5432", "part", "which is the answer | allow tcp 1024-65535 to 10.0.1.0/24"),
        ("acl data main d1 d2 : in 100 allow tcp:5432 10.0.0.0/16 out 100 allow tcp:49152-65535 10.0.0.0/16", "host -> main.db tcp:5432", "part", "which is the answer"),
        ("acl data main d1 d2 : in 100 allow tcp:5432 10.0.0.0/16", "api -> main.db tcp:5432", "no", "stops at data: no egress rule allows | which is the answer"),
        ("acl data main d1 d2 : out 100 allow tcp:1024-65535 10.0.0.0/16", "api -> main.db tcp:5432", "no", "stops at data: no ingress rule allows tcp 5432 | add to data ingress rule 10: allow tcp 5432 from 10.0.1.0/24"),
        ("acl data main d1 d2 :", "api -> main.db tcp:5432", "no", "stops at data: no ingress rule | then at data: no egress rule"),
        ("acl data main d1 d2 : in 100 allow tcp:3306 10.0.0.0/16 out 100 allow all 0.0.0.0/0", "api -> main.db tcp:5432", "no", "stops at data"),
        ("acl data main d1 d2 : in 100 allow udp:5432 10.0.0.0/16 out 100 allow all 0.0.0.0/0", "api -> main.db tcp:5432", "no", "stops at data"),
        ("acl data main d1 d2 : in 90 deny tcp:5432 10.0.1.0/24 in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "host -> main.db tcp:5432", "no", "ingress rule 90: deny tcp 5432 from 10.0.1.0/24 denies | add to data ingress rule 89"),
        ("acl data main d1 d2 : in 90 deny tcp:5432 10.0.1.0/24 in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "api -> main.db tcp:5432", "part", "rule 90"),
        ("acl data main d1 d2 : in 110 deny tcp:5432 10.0.1.0/24 in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "host -> main.db tcp:5432", "yes", "ingress rule 100: allow all traffic"),
        ("acl data main d1 d2 : in 1 deny tcp:5432 0.0.0.0/0 in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "host -> main.db tcp:5432", "no", "remove ingress rule 1 from data"),
        ("acl data main d1 d2 : in 100 allow all 0.0.0.0/0 out 50 deny tcp:40000-40010 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "host -> main.db tcp:5432", "part", "egress rule 50: deny tcp 40000-40010"),
        ("acl client main p1 : in 100 allow tcp:1024-65535 10.0.0.0/16 out 100 allow tcp:5432 10.0.0.0/16", "host -> main.db tcp:5432", "yes", "client: egress rule 100: allow tcp 5432 | back: client: ingress rule 100"),
        ("acl clients main p1 : in 100 allow tcp:1024-65535 10.0.0.0/16", "host -> main.db tcp:5432", "no", "stops at clients: no egress rule"),
        ("acl clients main p1 : out 100 allow tcp:5432 10.0.0.0/16", "host -> main.db tcp:5432", "no", "stops at clients: no ingress rule | which is the answer"),
        // A client that picks 5432 as its source port gets through: it is not kept out.
        ("acl clients main p1 : in 100 allow tcp:5432 10.0.0.0/16 out 100 allow tcp:5432 10.0.0.0/16", "host -> main.db tcp:5432", "part", "10.0.1.4:5432 -> 10.0.11.4:5432 | which is the answer"),
        ("acl clients main p1 : in 100 allow tcp:1024-65535 10.0.11.0/24 out 100 allow tcp:5432 10.0.0.0/16", "host -> main.db tcp:5432", "part", "main.db in d2 stops at clients"),
        ("acl clients main p2 :", "host -> main.db tcp:5432", "yes", ""),
        ("acl clients main p2 :", "api -> main.db tcp:5432", "part", "api in p2"),
        ("acl base main default :", "host -> main.db tcp:5432", "no", "stops at base"),
        ("acl base main default : in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "host -> main.db tcp:5432", "yes", "base: ingress rule 100"),
        ("acl base main default :; acl fine main p1 d1 d2 : in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "host -> main.db tcp:5432", "yes", "fine: ingress rule 100"),
        ("acl one main p1 d1 : in 100 allow all 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "host -> main.db tcp:5432", "yes", "the network ACL of d2: the default ACL allows everything"),
        // UDP acts on arrival: without the answer it neither reaches nor is kept out.
        ("instance one p1 / open; acl two main p2 : in 100 allow udp:514 0.0.0.0/0", "one -> other udp:514", "part", "stops at two | which is the answer"),
        ("instance one p1 / open; acl two main p2 : in 100 allow tcp:514 0.0.0.0/0", "one -> other tcp:514", "no", "which is the answer"),
        ("instance one p1 / open; acl two main p2 : in 100 allow icmp:8 0.0.0.0/0 out 100 allow icmp:0 0.0.0.0/0", "one -> other icmp:8", "yes", "back: two: egress rule 100: allow icmp type 0"),
        ("instance one p1 / open; acl two main p2 : in 100 allow icmp:8 0.0.0.0/0", "one -> other icmp:8", "part", "which is the answer"),
        ("instance one p1 / open; acl two main p2 : in 100 allow icmp 0.0.0.0/0", "one -> other icmp:3", "yes", ""),
        ("instance one p1 / open; acl two main p2 : in 100 allow proto:47 0.0.0.0/0 out 100 allow proto:47 0.0.0.0/0", "one -> other proto:47", "yes", "protocol 47"),
    ]);
}
