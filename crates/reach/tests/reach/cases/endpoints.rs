//! To AWS services: by gateway endpoints, by interface endpoints, by the internet.

use super::check;

/// A closed VPC with endpoints for S3 and Secrets Manager.
const BASE: &str = "
    vpc main 10.0.0.0/16
    subnet p1 main a 10.0.1.0/24; subnet p2 main b 10.0.2.0/24; subnet pub main a 10.0.0.0/24
    list pl-s3 s3 : 52.218.0.0/17 3.5.76.0/22
    sg fn main : out tcp:443 endpoint out tcp:443 pl-s3
    sg endpoint main : in tcp:443 fn
    sg all main : out all 0.0.0.0/0
    table private main p1 p2 :
    gateway s3gw main s3 pl-s3 : private
    interface secrets main secretsmanager private : p1 p2 / endpoint
    function api p1 p2 / fn
    instance host p1 / fn
    instance free p1 / all";

/// What makes the VPC's private subnets reach the internet.
const NAT: &str = "igw igw_1 main; nat nat_1 pub; table public main pub : 0.0.0.0/0>igw_1; table private main p1 p2 : 0.0.0.0/0>nat_1";

#[test]
#[rustfmt::skip]
fn gateway_endpoints() {
    check(BASE, &[
        ("", "host -> s3", "yes", "private: route pl-s3 to s3gw | s3gw: it is available | fn: egress tcp 443 to pl-s3"),
        ("", "api -> s3", "yes", ""),
        ("", "free -> s3", "yes", "egress all traffic to 0.0.0.0/0"),
        ("", "host -> s3 tcp:80", "no", "stops at fn: no egress rule | tcp 80 to pl-s3"),
        ("", "host -> internet tcp:443", "part", "no route to internet"),
        ("", "free -> internet tcp:443", "part", "no route to internet"),
        ("sg fn main :", "host -> s3", "no", "add to fn an egress rule: tcp 443 to pl-s3"),
        ("sg fn main : out tcp:443 10.0.0.0/16", "host -> s3", "no", "stops at fn"),
        ("sg fn main : out tcp:443 3.5.76.0/22", "host -> s3", "part", "stops at fn"),
        ("gateway s3gw main s3 pl-s3 failed : private", "host -> s3", "no", "stops at s3gw: it is failed"),
        ("gateway s3gw main s3 pl-s3 policy : private", "host -> s3", "yes", "what its policy policy.json refuses is not looked at"),
        ("gateway s3gw main s3 pl-s3 :", "host -> s3", "no", "stops at private: no route to s3"),
        ("drop s3gw", "host -> s3", "no", "no route to s3 | create a NAT gateway"),
        ("table private main p1 :; table second main p2 :", "api -> s3", "part", "api in p2 -> s3 stops at second: no route to s3"),
        ("acl a main p1 p2 : in 100 allow tcp:1024-65535 0.0.0.0/0 out 100 allow tcp:443 0.0.0.0/0", "host -> s3", "yes", ""),
        ("acl a main p1 p2 : in 100 allow tcp:1024-65535 10.0.0.0/16 out 100 allow tcp:443 10.0.0.0/16", "host -> s3", "no", "stops at a: no egress rule allows tcp 443 to 3.5.76.0"),
        ("acl a main p1 p2 : out 100 allow tcp:443 0.0.0.0/0", "host -> s3", "no", "which is the answer"),
        ("list pl-s3 s3 : ?", "host -> s3", "yes", "private: route pl-s3 to s3gw"),
        ("list pl-s3 s3 : ?; sg fn main :", "host -> s3", "no", "tcp 443 to pl-s3"),
        ("list pl-s3 s3 : ?; gateway s3gw main s3 pl-s3 :", "host -> s3", "no", "no route to s3"),
        ("", "host -> dynamodb", "no", "stops at fn"),
    ]);
}

#[test]
#[rustfmt::skip]
fn interface_endpoints() {
    check(BASE, &[
        ("", "host -> secretsmanager", "yes", "fn: egress tcp 443 to endpoint | endpoint: ingress tcp 443 from fn | secrets: it is available"),
        ("", "api -> secretsmanager", "yes", ""),
        ("", "free -> secretsmanager", "no", "stops at endpoint: no ingress rule | add to endpoint an ingress rule: tcp 443 from all"),
        ("sg endpoint main :", "host -> secretsmanager", "no", "stops at endpoint"),
        ("sg endpoint main : in tcp:443 10.0.1.0/24", "api -> secretsmanager", "part", "api in p2"),
        ("sg endpoint main : in tcp:443 10.0.0.0/16", "api -> secretsmanager", "yes", ""),
        ("sg fn main :", "host -> secretsmanager", "no", "add to fn an egress rule: tcp 443 to endpoint"),
        ("interface secrets main secretsmanager private failed : p1 p2 / endpoint", "host -> secretsmanager", "no", "stops at secrets: it is failed"),
        ("interface secrets main secretsmanager private policy : p1 p2 / endpoint", "host -> secretsmanager", "yes", "policy.json"),
        ("interface secrets main secretsmanager : p1 p2 / endpoint", "host -> secretsmanager", "part", "private DNS is off | turn on private DNS of secrets"),
        ("vpc main 10.0.0.0/16 nonames", "host -> secretsmanager", "part", "private DNS is off | turn on DNS support and DNS host names of main"),
        ("vpc main 10.0.0.0/16 nodns", "host -> secretsmanager", "part", "private DNS is off"),
        ("drop secrets", "host -> secretsmanager", "no", "stops at fn"),
        ("drop secrets", "free -> secretsmanager", "no", "no route to secretsmanager"),
        ("drop secrets; drop s3gw", "free -> secretsmanager", "no", "no route to secretsmanager"),
        ("", "host -> ssm", "no", ""),
        ("interface ssm main ssm private : p1 / endpoint", "host -> ssm", "yes", ""),
        ("interface ssm main ssm private : p1 / endpoint", "api -> ssm tcp:443", "yes", ""),
        ("acl a main p2 :", "host -> secretsmanager", "part", "host -> secretsmanager stops at a: no ingress rule"),
        ("acl a main p2 : in 100 allow tcp:443 10.0.0.0/16 out 100 allow tcp:1024-65535 10.0.0.0/16", "host -> secretsmanager", "yes", ""),
        (NAT, "free -> ssm", "yes", "private: route 0.0.0.0/0 to nat_1"),
        (NAT, "free -> secretsmanager", "part", "stops at endpoint | there: nat_1"),
        (NAT, "host -> ssm", "no", "stops at fn"),
        ("igw igw_1 main; table private main p1 p2 : 0.0.0.0/0>igw_1", "api -> ssm", "no", "stops at fn | then at api in p1"),
        ("igw igw_1 main; table private main p1 p2 : 0.0.0.0/0>igw_1; function f p1 / all", "f -> ssm", "no", "a function in a VPC gets no public address"),
        ("function out", "out -> secretsmanager", "yes", "it is on the internet"),
    ]);
}
