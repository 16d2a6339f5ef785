//! What the hooks of instances make of wishes.

use std::collections::BTreeMap;

use trueup_model::expression::Expressions;
use trueup_model::snapshot::{Condition, Facts, Ownership};
use trueup_model::{Address, Live};

use super::*;

fn expressions(json: &str) -> Expressions {
    let values: BTreeMap<String, Value> = serde_json::from_str(json).unwrap();
    values.into_iter().map(|(name, value)| (name, value.into())).collect()
}

fn live(attributes: &str) -> Live {
    Live {
        kind: "instance".into(),
        id: "i-1".to_owned(),
        ownership: Ownership::default(),
        attributes: serde_json::from_str(attributes).unwrap(),
        outputs: BTreeMap::new(),
        tags: BTreeMap::new(),
        condition: Condition::Ready,
        scheduled: BTreeMap::new(),
    }
}

/// What becomes of a wish beside what is there, and the remarks.
fn settled(wanted: &str, there: &str) -> (String, usize) {
    let live = live(there);
    let (mut wanted, mut remarks) = (expressions(wanted), Vec::new());
    settle(&mut Settlement {
        address: &Address::new("instance", "web"),
        region: "us-west-2",
        wanted: &mut wanted,
        live: Some(&live),
        facts: &Facts::default(),
        remarks: &mut remarks,
    });
    let disk = wanted["root_volume"].to_value().unwrap();
    (disk.get("encrypted").to_string(), remarks.len())
}

#[test]
fn a_disk_that_the_account_encrypted_is_a_remark() {
    let plain = r#"{"root_volume": {"encrypted": false}}"#;
    let encrypted = r#"{"root_volume": {"encrypted": true}}"#;
    assert_eq!(settled(plain, encrypted), ("true".to_owned(), 1));
    assert_eq!(settled(plain, plain), ("false".to_owned(), 0));
    assert_eq!(settled(encrypted, plain), ("true".to_owned(), 0));
}

/// The paths of what is wrong with a root volume.
fn wrong(disk: &str) -> Vec<String> {
    let attributes = expressions(&format!(r#"{{"root_volume": {disk}}}"#));
    let mut inspection = Inspection {
        address: &Address::new("instance", "web"),
        attributes: &attributes,
        written: &attributes,
        faults: Vec::new(),
    };
    check(&mut inspection);
    inspection.faults.into_iter().map(|fault| fault.path).collect()
}

#[test]
fn a_disk_takes_what_its_type_takes() {
    assert_eq!(wrong(r#"{"type": "io2"}"#), ["root_volume.type"]);
    assert_eq!(wrong(r#"{"type": "io2", "iops": 4000}"#), [""; 0]);
    assert_eq!(wrong(r#"{"type": "gp3", "iops": 4000, "throughput": 250}"#), [""; 0]);
    assert_eq!(
        wrong(r#"{"type": "gp2", "iops": 4000, "throughput": 250}"#),
        ["root_volume.iops", "root_volume.throughput"]
    );
    assert_eq!(wrong(r#"{"type": "st1"}"#), ["root_volume.type"]);
    assert_eq!(
        wrong(r#"{"type": "gp3", "encrypted": false, "kms_key": "arn:x"}"#),
        ["root_volume.kms_key"]
    );
}

#[test]
fn a_disk_that_aws_was_not_told_to_keep_is_not_kept_yet() {
    let disk = |goes: bool| format!(r#"{{"root_volume": {{"delete_on_termination": {goes}}}}}"#);
    let told =
        |wanted: bool, there: bool| not_kept_yet(&live(&disk(there)), &expressions(&disk(wanted)));
    assert_eq!(told(false, true).as_deref(), Some("the disk of i-1, which is there,"));
    assert_eq!([told(false, false), told(true, true), told(true, false)], [None, None, None]);
    // One that starts from what is in the machine itself has no such disk.
    assert_eq!(not_kept_yet(&live(r#"{"root_volume": null}"#), &expressions(&disk(false))), None);
}
