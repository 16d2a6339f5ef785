//! Each built-in check, on a network where it must find something and on the mended one.

use trueup_reach::{Engine, checks};

use crate::language;

const BASE: &str = "
    vpc main 10.0.0.0/16 2600:1f00::/56
    subnet pub main a 10.0.0.0/24 2600:1f00::/64
    subnet private-a main a 10.0.1.0/24; subnet private-b main b 10.0.2.0/24
    igw igw_1 main; nat nat_a pub; subnet pub-b main b 10.0.3.0/24; nat nat_b pub-b
    table public main pub pub-b : 0.0.0.0/0>igw_1 ::/0>igw_1
    table ta main private-a : 0.0.0.0/0>nat_a
    table tb main private-b : 0.0.0.0/0>nat_b
    sg admin main : in tcp:22 203.0.113.0/24 out all 0.0.0.0/0
    sg db main : in tcp:5432 admin
    sg fn main : out tcp:443 0.0.0.0/0
    instance host public pub / admin
    db data private-a private-b / db
    function api private-a / fn";

/// The findings of a changed base, as `CODE element`.
fn found(change: &str) -> Vec<String> {
    let network = language::network(&format!("{BASE}\n{change}"));
    let engine = Engine::new(&network).expect("every name is known");
    checks::run(&engine).iter().map(|one| format!("{} {}", one.code, one.element)).collect()
}

#[track_caller]
fn check(change: &str, expected: &[&str]) {
    assert_eq!(found(change), expected, "{change}");
}

#[test]
fn a_sound_network_has_no_findings() {
    check("", &[]);
}

#[test]
fn open_to_internet() {
    check("sg admin main : in tcp:22 0.0.0.0/0", &["N001 host"]);
    check("sg admin main : in tcp:22 0.0.0.0/1", &["N001 host"]);
    check("sg admin main : in all 0.0.0.0/0", &["N001 host", "N001 host"]);
    check("sg admin main : in tcp:3389 0.0.0.0/0", &["N001 host"]);
    check("sg admin main : in tcp:443 0.0.0.0/0", &[]);
    check("instance host pub / admin; sg admin main : in tcp:22 0.0.0.0/0", &[]);
    check("instance host public v6 pub / admin; sg admin main : in tcp:22 ::/0", &["N001 host"]);
    check("sg db main : in tcp:5432 0.0.0.0/0", &[]);
    check("db data public pub pub-b / db; sg db main : in tcp:5432 0.0.0.0/0", &["N001 data"]);
    // One public subnet of the group is enough.
    check(
        "db data public private-a pub-b / db; sg db main : in tcp:5432 0.0.0.0/0",
        &["N001 data"],
    );
    check("db data public private-a private-b / db; sg db main : in tcp:5432 0.0.0.0/0", &[]);
    check(
        "sg admin main : in tcp:22 0.0.0.0/0; acl k main pub : in 100 allow tcp:443 0.0.0.0/0 out 100 allow tcp:1024-65535 0.0.0.0/0",
        &[],
    );
}

#[test]
fn private_subnet_exposed() {
    check("table ta main private-a : 0.0.0.0/0>igw_1", &["N002 private-a", "N004 api"]);
    check("table ta main private-a : 0.0.0.0/0>nat_a ::/0>igw_1", &["N002 private-a"]);
    check("table ta main private-a : 0.0.0.0/0>igw_1!", &[]);
    check("eigw eigw_1 main; table ta main private-a : 0.0.0.0/0>nat_a ::/0>eigw_1", &[]);
}

#[test]
fn nat_in_private_subnet() {
    check("nat nat_a private-a", &["N003 nat_a"]);
    check("igw igw_1", &["N003 nat_a", "N003 nat_b"]);
    check("nat nat_c private-a noaddress", &[]);
}

#[test]
fn function_in_public_subnet() {
    check("function api pub / fn", &["N004 api"]);
    check("function api pub / fn; sg fn main : out tcp:5432 10.0.0.0/16", &[]);
    check("function api private-a pub / fn", &["N004 api"]);
}

#[test]
fn nat_of_another_zone() {
    check("table tb main private-b : 0.0.0.0/0>nat_a", &["N005 private-b"]);
}

#[test]
fn answers_blocked() {
    let all = "out 100 allow all 0.0.0.0/0";
    check(&format!("acl k main private-a : in 100 allow tcp:5432 10.0.0.0/16 {all}"), &["N006 k"]);
    check(
        "acl k main private-a : in 100 allow tcp:5432 10.0.0.0/16 out 100 allow tcp:1024-65535 10.0.0.0/16",
        &[],
    );
    check(
        "acl k main private-a : in 100 allow tcp:5432 10.0.0.0/16 out 100 allow tcp:443 10.0.0.0/16",
        &["N006 k", "N006 k"],
    );
    check(
        "acl k main private-a : in 100 allow tcp:443 0.0.0.0/0 out 100 allow tcp:1024-65535 10.0.0.0/16",
        &["N006 k"],
    );
    check(
        "acl k main private-a : in 100 allow all 0.0.0.0/0 out 90 deny all 198.51.100.0/24 out 100 allow all 0.0.0.0/0",
        &[],
    );
    check(
        "acl k main private-a : in 90 deny tcp:5432 0.0.0.0/0 in 100 allow tcp:5432 0.0.0.0/0",
        &[],
    );
}

#[test]
fn unused_group() {
    check("sg lonely main : in tcp:80 0.0.0.0/0", &["N007 lonely"]);
    check("sg default main :", &[]);
    check("sg ep main : in tcp:443 fn; interface ssm main ssm private : private-a / ep", &[]);
}

#[test]
fn every_check_has_its_own_code_and_name() {
    for (index, check) in checks::ALL.iter().enumerate() {
        assert_eq!(check.code, format!("N{:03}", index + 1));
        assert!(
            check.explanation.len() > 80 && !check.explanation.contains("  "),
            "{}",
            check.name
        );
        assert!(checks::ALL[..index].iter().all(|other| other.name != check.name));
    }
}
