//! The doctor's list: for each trouble, the point that is crossed.

use trueup_reach::{End, Engine, Mark, Query};

use crate::language;

const BASE: &str = "
    vpc main 10.0.0.0/16
    subnet pub main a 10.0.0.0/24; subnet priv main a 10.0.1.0/24
    igw igw_1 main; nat nat_1 pub
    table public main pub : 0.0.0.0/0>igw_1; table private main priv : 0.0.0.0/0>nat_1
    sg host main : out all 0.0.0.0/0; sg db main : in tcp:5432 host
    instance bastion managed priv / host
    function api priv / host
    db data priv / db";

/// The points that are crossed.
fn crossed(change: &str, name: &str, expected: &[Query]) -> Vec<String> {
    let network = language::network(&format!("{BASE}\n{change}"));
    let engine = Engine::new(&network).expect("every name is known");
    let list = engine.doctor(&name.to_owned(), expected).expect("the resource is known");
    list.items.into_iter().filter(|item| item.mark == Mark::Bad).map(|item| item.what).collect()
}

#[track_caller]
fn check(change: &str, name: &str, expected: &[&str]) {
    let found = crossed(change, name, &[]);
    for part in expected {
        assert!(
            found.iter().any(|what| what.contains(part)),
            "[{change}] no {part:?} in {found:?}"
        );
    }
    assert_eq!(found.is_empty(), expected.is_empty(), "[{change}] {found:?}");
}

#[test]
fn a_healthy_resource_has_no_crosses() {
    for name in ["bastion", "api", "data"] {
        check("", name, &[]);
    }
}

/// A database that nobody outside is to reach needs no way there.
#[test]
fn a_private_database_needs_no_way_to_the_internet() {
    check("table private main priv :", "data", &[]);
    check(
        "drop igw_1; drop nat_1; table public main pub :; table private main priv :",
        "data",
        &[],
    );
    check("table private main priv : 0.0.0.0/0>igw_1", "data", &[]);
    check(
        "acl k main priv : in 100 allow all 10.0.0.0/16 out 100 allow all 10.0.0.0/16",
        "data",
        &[],
    );
    check("db data public priv / db; table private main priv :", "data", &["route from priv"]);
}

#[test]
fn each_trouble_is_crossed() {
    check(
        "igw igw_1",
        "bastion",
        &["internet gateway of main", "reaches the internet", "reaches ssm"],
    );
    check("table private main priv :", "bastion", &["route from priv to the internet"]);
    check("nat nat_1 pub failed", "bastion", &["route from priv to the internet"]);
    check("drop nat_1", "api", &["route from priv to the internet", "reaches the internet"]);
    check("sg host main :", "bastion", &["egress of host", "reaches the internet on tcp 443"]);
    check(
        "acl k main priv : in 100 allow all 0.0.0.0/0",
        "bastion",
        &["k of priv lets connections to tcp 443 out"],
    );
    check(
        "acl k main priv : out 100 allow all 0.0.0.0/0",
        "bastion",
        &["k of priv lets their answers in"],
    );
    check("vpc main 10.0.0.0/16 nodns", "bastion", &["DNS of main"]);
    check("table private main priv : 0.0.0.0/0>igw_1", "bastion", &["public IPv4 address in priv"]);
    check("table private main priv : 0.0.0.0/0>igw_1", "api", &["public IPv4 address in priv"]);
    check("sg db main :", "data", &[]);
    check("sg db main : in tcp:5432 host; acl k main priv :", "bastion", &["k of priv lets"]);
    check(
        "sg host main : out tcp:443 0.0.0.0/0",
        "data",
        &["bastion reaches it", "api reaches it"],
    );
    check(
        "sg ep main :; interface ssm main ssm private : priv / ep",
        "bastion",
        &["Session Manager: reaches ssm"],
    );
    check(
        "sg ep main :; interface s main secretsmanager private : priv / ep",
        "api",
        &["reaches secretsmanager, which has an endpoint"],
    );
}

/// A rule that is gone tells nothing of whom it let in: that is known from what is expected.
#[test]
fn who_is_expected_and_kept_out_is_crossed() {
    let end = |name: &str| End::Resource(name.to_owned());
    let expected = [
        Query::tcp(end("bastion"), end("data"), 5432),
        Query::tcp(end("bastion"), end("api"), 5432),
        Query::tcp(End::Internet, end("bastion"), 22),
    ];
    assert!(crossed("", "data", &expected).is_empty());
    let shut = crossed("sg db main :", "data", &expected);
    assert_eq!(shut, ["bastion reaches it on tcp 5432"]);
    assert_eq!(crossed("", "bastion", &expected), ["the internet reaches it on tcp 22"]);
    assert_eq!(
        crossed("", "data", &[Query::any(End::Internet, end("data"))]),
        ["the internet reaches it"]
    );
}

#[test]
fn a_role_that_nobody_looked_at_is_unknown() {
    let network = language::network(&format!("{BASE}; instance bastion priv / host"));
    let engine = Engine::new(&network).expect("every name is known");
    let list = engine.doctor(&"bastion".to_owned(), &[]).expect("the resource is known");
    let role = list.items.iter().find(|item| item.what == "Session Manager: role");
    assert_eq!(role.map(|item| item.mark), Some(Mark::Unknown));
    assert!(list.to_string().contains("? Session Manager: role"), "{list}");
}

/// Who gives no role wants no Session Manager, unless it is expected to reach what that needs.
#[test]
fn session_manager_is_missed_only_where_it_is_wanted() {
    let role = ["Session Manager: role"];
    let end = End::Resource("bastion".to_owned());
    let wanted = [Query::tcp(end, End::Service("ssm".to_owned()), 443)];
    assert!(crossed("instance bastion roleless priv / host", "bastion", &[]).is_empty());
    assert_eq!(crossed("instance bastion roleless priv / host", "bastion", &wanted), role);
    assert_eq!(crossed("instance bastion unmanaged priv / host", "bastion", &[]), role);
    check("instance bastion roleless priv / host; sg host main :", "bastion", &["reaches ssm"]);
}
