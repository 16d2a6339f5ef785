use std::collections::BTreeMap;

use trueup_model::expression::Expressions;
use trueup_model::kind::Settlement;
use trueup_model::snapshot::{Condition, Facts, Ownership};
use trueup_model::{Address, Live, Value};

use super::rules::{is_prefix_of_version, settle};
use super::standing::unsavable;

/// What a wish becomes beside what is there, of the attributes of the wish, and the remarks.
fn settled(wanted: &str, there: &str) -> (String, Vec<String>) {
    settled_beside(wanted, there, BTreeMap::new())
}

/// The same, beside what is there and what AWS will change by itself.
fn settled_beside(
    wanted: &str,
    there: &str,
    scheduled: BTreeMap<String, Value>,
) -> (String, Vec<String>) {
    settled_with(wanted, there, scheduled, "in-sync")
}

/// The same, with what AWS says of the parameter group.
fn settled_with(
    wanted: &str,
    there: &str,
    scheduled: BTreeMap<String, Value>,
    parameters: &str,
) -> (String, Vec<String>) {
    let outputs = [("parameter_apply_status".to_owned(), parameters.into())].into();
    settled_as(wanted, &Live { scheduled, outputs, ..live(there, Condition::Ready) })
}

fn live(attributes: &str, condition: Condition) -> Live {
    Live {
        kind: "db_instance".into(),
        id: "shop".to_owned(),
        ownership: Ownership::default(),
        attributes: serde_json::from_str(attributes).unwrap(),
        outputs: BTreeMap::new(),
        tags: BTreeMap::new(),
        condition,
        scheduled: BTreeMap::new(),
    }
}

fn settled_as(wanted: &str, live: &Live) -> (String, Vec<String>) {
    let values: BTreeMap<String, Value> = serde_json::from_str(wanted).unwrap();
    let mut wanted: Expressions =
        values.into_iter().map(|(name, value)| (name, value.into())).collect();
    let mut remarks = Vec::new();
    settle(&mut Settlement {
        address: &Address::new("db_instance", "main"),
        region: "us-west-2",
        wanted: &mut wanted,
        live: Some(live),
        facts: &Facts::default(),
        remarks: &mut remarks,
    });
    let values = wanted.into_iter().map(|(name, wish)| (name, wish.to_value().unwrap()));
    (Value::Map(values.collect()).to_string(), remarks)
}

#[test]
fn a_replica_keeps_its_source_until_it_is_promoted() {
    let of = |wanted: &str, there: &str| {
        let json = |source: &str| format!(r#"{{"replica_of":{source}}}"#);
        let (wanted, remarks) = settled(&json(wanted), &json(there));
        (wanted == json(there), remarks.len())
    };
    assert_eq!(of(r#""one""#, r#""one""#), (true, 0));
    assert_eq!(of(r#""two""#, r#""one""#), (true, 1), "no other source");
    assert_eq!(of(r#""one""#, "null"), (true, 1), "what is none becomes none");
    assert_eq!(of("null", r#""one""#), (false, 0), "it is promoted");
}

#[test]
fn what_a_copy_has_from_its_source_is_as_wanted() {
    let there = r#"{"allocated_storage":100,"db_name":"shop","port":3306,"storage_encrypted":false,"username":"admin"}"#;
    let wanted = r#"{"allocated_storage":20,"db_name":null,"port":null,"restore_from":"s","storage_encrypted":true,"username":"root"}"#;
    let (accepted, remarks) = settled(wanted, there);
    assert_eq!(accepted, there.replace(r#""storage"#, r#""restore_from":"s","storage"#));
    assert!(remarks.len() == 1 && remarks[0].contains("not encrypted"), "{remarks:?}");
    let (own, remarks) = settled(&wanted.replace(r#""s""#, "null"), there);
    assert!(own.contains(r#""username":"root""#), "{own}");
    assert!(remarks.len() == 1 && remarks[0].contains("shrinks none"), "{remarks:?}");
}

#[test]
fn a_wish_covers_versions_that_begin_with_it() {
    assert!(is_prefix_of_version("16", "16.8"));
    assert!(is_prefix_of_version("8.0", "8.0.40"));
    assert!(is_prefix_of_version("16.8", "16.8"));
    assert!(!is_prefix_of_version("1", "16.8"));
    assert!(!is_prefix_of_version("16.8", "16.10"));
}

#[test]
fn what_waits_for_the_window_goes_with_a_change_that_does_not() {
    let remarks = |apply: &str, waits: bool| {
        let class = ("instance_class".to_owned(), Value::from("db.t3.large"));
        let scheduled = waits.then_some(class).into_iter().collect();
        settled_beside(&format!(r#"{{"apply":"{apply}"}}"#), "{}", scheduled).1
    };
    assert_eq!(
        remarks("now", true),
        [
            "`apply: now` takes with the first change what waits for the maintenance window: instance_class"
        ]
    );
    assert!(remarks("window", true).is_empty() && remarks("now", false).is_empty());
}

#[test]
fn what_counts_from_the_next_reboot_is_said() {
    let remarks = |wanted: &str, status: &str| {
        let wanted = format!(r#"{{"parameter_group":{wanted}}}"#);
        settled_with(&wanted, r#"{"parameter_group":"ours"}"#, BTreeMap::new(), status).1
    };
    let reboot = "`aws rds reboot-db-instance --db-instance-identifier shop`";
    let waits =
        format!("its parameter group ours waits for a reboot, which is left to you: {reboot}");
    assert_eq!(remarks(r#""ours""#, "pending-reboot"), [waits.as_str()]);
    assert_eq!(remarks("null", "pending-reboot"), [waits]);
    assert_eq!(
        remarks(r#""other""#, "pending-reboot"),
        [format!(
            "the parameters of other count from the next reboot, which is left to you: {reboot}"
        )]
    );
    assert!(remarks(r#""ours""#, "failed-to-apply")[0].contains("could not apply"));
    assert!(remarks(r#""ours""#, "pending-database-upgrade")[0].contains("waits for the upgrade"));
    assert!(remarks(r#""ours""#, "in-sync").is_empty() && remarks("null", "applying").is_empty());
}

#[test]
fn rds_shrinks_no_disk() {
    let of = |wish: i64, most: &str, there: i64| {
        let size = |size: i64| format!(r#"{{"allocated_storage":{size}"#);
        let (wanted, remarks) = settled(
            &format!("{},\"max_allocated_storage\":{most}}}", size(wish)),
            &format!("{}}}", size(there)),
        );
        (wanted.starts_with(&format!("{},", size(there))), remarks.len())
    };
    assert_eq!(of(20, "100", 50), (true, 0), "it grew as it was let");
    assert_eq!(of(20, "null", 50), (true, 1), "the line was taken out after it grew");
    assert_eq!(of(20, "30", 50), (true, 1));
    assert_eq!(of(60, "100", 50), (false, 0), "growth is still growth");
}

#[test]
fn rds_goes_to_no_older_version() {
    let of = |wish: &str, there: &str| {
        let version = |version: &str| format!(r#"{{"engine_version":"{version}"}}"#);
        let (wanted, remarks) = settled(&version(wish), &version(there));
        (wanted == version(there), remarks.len())
    };
    assert_eq!(of("16", "16.8"), (true, 0));
    assert_eq!(of("16.4", "16.8"), (true, 1), "AWS upgraded it by itself");
    assert_eq!(of("8.0.35", "8.0.40"), (true, 1));
    assert_eq!(of("16.10", "16.8"), (false, 0), "an upgrade is still one");
    assert_eq!(of("17", "16.8"), (false, 0));
    assert_eq!(of("15", "16.8"), (true, 1));
    assert_eq!(of("5.7.44-rds.1", "5.7.44"), (false, 0), "what is no number is not guessed at");
}

#[test]
fn names_are_compared_as_rds_stores_them() {
    let of = |name: &str| {
        let (wanted, _) =
            settled(&format!(r#"{{"{name}":"MyGroup"}}"#), &format!(r#"{{"{name}":"mygroup"}}"#));
        wanted.contains("mygroup")
    };
    assert!(of("subnet_group") && of("parameter_group") && of("option_group"));
}

#[test]
fn a_state_that_it_does_not_leave_is_a_remark() {
    let of = |condition| settled_as("{}", &live("{}", condition)).1;
    let stopped = of(Condition::Impaired("stopped".to_owned()));
    assert_eq!(stopped, ["it is 'stopped': RDS changes nothing about it until it is started"]);
    assert_eq!(of(Condition::Ready), [""; 0]);
}

#[test]
fn only_where_rds_refuses_there_is_no_final_snapshot() {
    let impaired = |state: &str| Condition::Impaired(state.to_owned());
    let of = |condition| unsavable(&live(r#"{"replica_of":null}"#, condition)).is_some();
    assert!(of(Condition::Failed("failed".to_owned())) && of(impaired("incompatible-network")));
    assert!(!of(Condition::Ready) && !of(impaired("incompatible-parameters")));
    assert!(!of(impaired("inaccessible-encryption-credentials")) && !of(impaired("stopped")));
    let replica = live(r#"{"replica_of":"main"}"#, Condition::Ready);
    assert_eq!(
        unsavable(&replica).unwrap(),
        "RDS takes none of a replica, whose source has the data"
    );
}

#[test]
fn what_only_waits_for_the_window_may_go_back() {
    // The planner shows what will be as if it were there, and what is there as it is.
    let taken_back = |name: &str, wish: &str, later: &str, more: &str| {
        let json = |value: &str| format!(r#"{{"{name}":{value}{more}}}"#);
        let scheduled = serde_json::from_str(&format!(r#"{{"{name}":{later}}}"#)).unwrap();
        let stays = settled(&json(wish), &json(later)).0 == json(later);
        assert!(stays, "what is there stays");
        settled_beside(&json(wish), &json(later), scheduled).0 == json(wish)
    };
    assert!(taken_back("engine_version", r#""16.8""#, r#""16.9""#, ""));
    assert!(!taken_back("engine_version", r#""16""#, r#""16.9""#, ""));
    assert!(taken_back("allocated_storage", "20", "50", ""));
    let limit = r#","max_allocated_storage":100"#;
    assert!(!taken_back("allocated_storage", "20", "50", limit), "RDS may grow it so far");
}
