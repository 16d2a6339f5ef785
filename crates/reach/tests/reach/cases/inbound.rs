//! In from the internet, to instances, databases and load balancers.

use super::check;

/// A web tier: load balancer in public subnets, application and database in private ones.
const BASE: &str = "
    vpc main 10.0.0.0/16
    subnet pub1 main a 10.0.0.0/24; subnet pub2 main b 10.0.1.0/24
    subnet app main a 10.0.10.0/24; subnet db1 main a 10.0.20.0/24; subnet db2 main b 10.0.21.0/24
    igw igw_1 main; nat nat_1 pub1
    table public main pub1 pub2 : 0.0.0.0/0>igw_1
    table private main app : 0.0.0.0/0>nat_1
    table data main db1 db2 :
    sg lb main : in tcp:80 0.0.0.0/0 in tcp:443 0.0.0.0/0 out tcp:8080 app
    sg app main : in tcp:8080 lb out tcp:443 0.0.0.0/0 out tcp:3306 db
    sg db main : in tcp:3306 app
    sg ssh main : in tcp:22 203.0.113.0/24
    sg any main : in all 0.0.0.0/0 out all 0.0.0.0/0
    instance app app / app
    instance jump public pub1 / ssh
    db main.db db1 db2 / db
    lb web public pub1 pub2 / lb : 80>app:8080
    function f app / any";

#[test]
#[rustfmt::skip]
fn load_balancers() {
    check(BASE, &[
        ("", "internet -> web tcp:80", "yes", "web in pub1: it has a public IPv4 address | lb: ingress tcp 80 from 0.0.0.0/0 | back: public: route 0.0.0.0/0 to igw_1"),
        ("", "internet -> web tcp:8080", "no", "stops at lb: no ingress rule"),
        ("", "internet -> web", "yes", ""),
        ("", "web -> app tcp:8080", "yes", "lb: egress tcp 8080 to app | app: ingress tcp 8080 from lb"),
        ("", "internet -> app", "no", "stops at app: it has no public IPv4 address | through web, port 80 to port 8080: open"),
        ("", "internet -> app tcp:8080", "no", "through web, port 80 to port 8080: open"),
        ("", "internet -> app tcp:22", "no", "stops at app"),
        ("sg app main :", "internet -> app tcp:8080", "no", "through web, port 80 to port 8080: not open"),
        ("", "app -> main.db tcp:3306", "yes", ""),
        ("", "web -> main.db", "no", "stops at lb"),
        ("", "internet -> main.db", "no", "it has no public IPv4 address"),
        ("", "main.db -> internet", "no", "stops at db"),
        ("lb web pub1 pub2 / lb :", "internet -> web tcp:80", "no", "stops at web | make web internet-facing"),
        ("lb web public pub1 app / lb :", "internet -> web tcp:80", "part", "web in app stops at private: route 0.0.0.0/0 to nat_1 for the answer | route 0.0.0.0/0 to igw_1 in private"),
        ("sg lb main : in tcp:443 0.0.0.0/0", "internet -> web tcp:80", "no", "stops at lb | add to lb an ingress rule: tcp 80 from 0.0.0.0/0"),
        ("sg lb main : in tcp:80 203.0.113.0/24", "internet -> web tcp:80", "part", "203.0.113.0:49152 -> | no ingress rule allows tcp 80 from 1.0.0.0"),
        ("sg lb main : in tcp:80 203.0.113.0/24", "203.0.113.0/25 -> web tcp:80", "yes", ""),
        ("lb web public pub1 pub2 :", "internet -> web tcp:9999", "yes", "no security group filters here"),
        ("acl a main pub1 pub2 : in 100 allow tcp:80 0.0.0.0/0 out 100 allow tcp:1024-65535 0.0.0.0/0", "internet -> web tcp:80", "yes", "back: a: egress rule 100"),
        ("acl a main pub1 pub2 : in 100 allow tcp:80 0.0.0.0/0 out 100 allow tcp:32768-65535 0.0.0.0/0", "internet -> web tcp:80", "part", "which is the answer | allow tcp 1024-65535 to 0.0.0.0/0"),
        ("acl a main pub1 pub2 : in 100 allow tcp:80 0.0.0.0/0", "internet -> web tcp:80", "no", "which is the answer"),
        ("acl a main pub1 pub2 : in 50 deny tcp:80 198.51.100.0/24 in 100 allow tcp:80 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "internet -> web tcp:80", "yes", "except 198.51.100.0/24"),
        ("acl a main pub1 pub2 : in 50 deny tcp:80 198.51.100.0/24 in 100 allow tcp:80 0.0.0.0/0 out 100 allow all 0.0.0.0/0", "198.51.100.0/24 -> web tcp:80", "no", "ingress rule 50: deny"),
        ("acl a main app : in 100 allow tcp:8080 10.0.0.0/23 out 100 allow tcp:1024-65535 10.0.0.0/16", "web -> app tcp:8080", "yes", ""),
        ("acl a main app : in 100 allow tcp:8080 10.0.0.0/24 out 100 allow tcp:1024-65535 10.0.0.0/16", "web -> app tcp:8080", "part", "web in pub2 -> app stops at a"),
        ("sg lb main : in tcp:80 0.0.0.0/0", "web -> app tcp:8080", "no", "add to lb an egress rule: tcp 8080 to app"),
    ]);
}

#[test]
#[rustfmt::skip]
fn instances() {
    check(BASE, &[
        ("", "203.0.113.0/24 -> jump tcp:22", "yes", "ssh: ingress tcp 22 from 203.0.113.0/24"),
        ("", "203.0.113.7/32 -> jump tcp:22", "yes", "203.0.113.7"),
        ("", "198.51.100.7/32 -> jump tcp:22", "no", "add to ssh an ingress rule: tcp 22 from 198.51.100.7/32"),
        ("", "203.0.113.0/23 -> jump tcp:22", "part", ""),
        ("", "internet -> jump tcp:22", "part", "for example tcp 203.0.113.0"),
        ("sg ssh main :", "internet -> jump tcp:22", "no", "stops at ssh"),
        ("instance jump pub1 / ssh", "203.0.113.0/24 -> jump tcp:22", "no", "give jump a public IPv4 address"),
        ("instance jump public app / ssh", "203.0.113.0/24 -> jump tcp:22", "no", "stops at private: route 0.0.0.0/0 to nat_1 for the answer"),
        ("table public main pub1 pub2 :", "203.0.113.0/24 -> jump tcp:22", "no", "no route for the answer | route 203.0.113.0/24 to igw_1 in public"),
        ("table public main pub1 pub2 : 203.0.113.0/24>igw_1", "203.0.113.0/24 -> jump tcp:22", "yes", ""),
        ("igw igw_1", "203.0.113.0/24 -> jump tcp:22", "no", "no internet gateway is attached"),
        ("table public main pub1 pub2 : 0.0.0.0/0>igw_1 203.0.113.0/24>nat_1", "203.0.113.0/24 -> jump tcp:22", "no", "route 203.0.113.0/24 to nat_1 for the answer"),
        ("acl a main pub1 : in 100 allow tcp:22 203.0.113.0/24 out 100 allow tcp:1024-65535 203.0.113.0/24", "203.0.113.0/24 -> jump tcp:22", "yes", ""),
        ("acl a main pub1 : in 100 allow tcp:22 198.51.100.0/24 out 100 allow all 0.0.0.0/0", "203.0.113.0/24 -> jump tcp:22", "no", "stops at a | allow tcp 22 from 203.0.113.0/24"),
        ("", "internet -> f", "no", "a function takes no connections"),
        ("", "jump -> app", "no", "stops at ssh"),
        ("instance jump public pub1 / any", "jump -> app tcp:8080", "no", "add to app an ingress rule: tcp 8080 from any"),
        ("vpc main 10.0.0.0/16 2600:1f00::/56; subnet pub1 main a 10.0.0.0/24 2600:1f00::/64; instance jump v6 pub1 / any; table public main pub1 pub2 : 0.0.0.0/0>igw_1 ::/0>igw_1; sg any main : in tcp:22 internet", "internet -> jump tcp:22", "yes", "jump"),
    ]);
}

#[test]
#[rustfmt::skip]
fn databases() {
    check(BASE, &[
        ("db main.db public pub1 pub2 / db; sg db main : in tcp:3306 203.0.113.0/24", "203.0.113.0/24 -> main.db tcp:3306", "yes", "main.db in pub1: it has a public IPv4 address | DNS support and DNS host names are on"),
        ("db main.db public pub1 pub2 / any", "internet -> main.db tcp:3306", "yes", "any: ingress all traffic"),
        ("db main.db pub1 pub2 / any", "internet -> main.db tcp:3306", "no", "set publicly_accessible on main.db"),
        ("db main.db public pub1 db2 / any", "internet -> main.db tcp:3306", "part", "main.db in db2 stops at data: no route for the answer"),
        ("db main.db public db1 db2 / db; sg db main : in tcp:3306 0.0.0.0/0", "internet -> main.db tcp:3306", "no", "no route for the answer"),
        ("db main.db public db1 db2 / db; sg db main : in all 0.0.0.0/0", "internet -> main.db", "part", "no route for the answer"),
        ("db main.db public pub1 pub2 / db; sg db main : in tcp:3306 203.0.113.0/24", "internet -> main.db tcp:22", "no", "stops at db: no ingress rule allows tcp 22"),
        ("vpc main 10.0.0.0/16 nonames; db main.db public pub1 pub2 / any", "internet -> main.db tcp:3306", "part", "main.db has no public name | turn on DNS support"),
        ("vpc main 10.0.0.0/16 nodns; db main.db public pub1 pub2 / any", "internet -> main.db tcp:3306", "part", "main.db has no public name"),
        ("db main.db public pub1 pub2 / db", "internet -> main.db tcp:3306", "no", "stops at db"),
        ("db main.db public pub1 pub2 / any; acl a main pub1 pub2 : in 100 allow tcp:3306 0.0.0.0/0", "internet -> main.db tcp:3306", "no", "which is the answer"),
        // By its public address, for those whose public address the group allows.
        ("db main.db public pub1 pub2 / db; sg db main : in tcp:3306 203.0.113.0/24; instance jump public pub2 / any", "jump -> main.db tcp:3306", "part", "clients in the VPC know its private address"),
        ("db main.db pub1 pub2 / db; sg db main : in tcp:3306 203.0.113.0/24; instance jump public pub2 / any", "jump -> main.db tcp:3306", "no", "stops at db"),
        ("db main.db public pub1 pub2 / db; sg db main : in tcp:3306 203.0.113.0/24; instance x app / any", "x -> main.db tcp:3306", "part", "there: nat_1"),
        ("db main.db public pub1 pub2 / any; function outsider", "outsider -> main.db tcp:3306", "yes", "outsider, which is in no VPC"),
    ]);
}
