//! What the code calls, against what the declarations say: permissions and rates.
#![expect(clippy::disallowed_methods, reason = "the sources are what is looked at")]
#![expect(clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeSet;
use std::path::Path;

use trueup_tests::repository;

/// Words in a kind's code that stand for calls made elsewhere, with the actions.
const ELSEWHERE: [(&str, &[&str]); 10] = [
    (".retag_rds(", &["rds:AddTagsToResource", "rds:RemoveTagsFromResource"]),
    (".rds_tags(", &["rds:ListTagsForResource"]),
    (".tagged(", &["tag:GetResources"]),
    (".tagged_as(", &["tag:GetResources"]),
    (".tagged_arns(", &["tag:GetResources"]),
    ("describe::instances(", &["ec2:DescribeInstances"]),
    ("Held::", &["ec2:DescribeNetworkInterfaces", "elasticloadbalancing:DescribeLoadBalancers"]),
    (
        "Held::SecurityGroup",
        &["ec2:DescribeSecurityGroups", "lambda:ListFunctions", "rds:DescribeDBInstances"],
    ),
    ("Held::Subnet", &["lambda:ListFunctions", "rds:DescribeDBInstances"]),
    (
        "Held::Vpc",
        &[
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcPeeringConnections",
        ],
    ),
];

fn aws() -> std::path::PathBuf {
    repository().join("crates/aws/src")
}

/// The text of all sources in a folder.
fn sources(folder: &Path) -> String {
    let Ok(entries) = std::fs::read_dir(folder) else { return String::new() };
    let read = |path: std::path::PathBuf| {
        if path.is_dir() { sources(&path) } else { std::fs::read_to_string(&path).unwrap() }
    };
    entries.map(|entry| read(entry.unwrap().path())).collect()
}

/// The actions that are called in a source.
fn called(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for safety in ["read", "repeatable", "once"] {
        for rest in source.split(&format!("Call::{safety}(")).skip(1) {
            let quoted = rest.trim_start().strip_prefix('"');
            let action = quoted.and_then(|rest| Some(rest.split_once('"')?.0));
            found.extend(action.map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_call_of_a_kind_is_among_its_permissions() {
    let of_blockers = called(&sources(&aws().join("live/blockers")));
    let mut faults = Vec::new();
    for kind in trueup_aws::catalog().kinds() {
        let folder = aws().join("services").join(kind.service);
        let file = folder.join(format!("{}.rs", kind.name));
        let source = std::fs::read_to_string(&file).unwrap() + &sources(&folder.join(kind.name));
        let mut actions = called(&source);
        assert!(!actions.is_empty(), "{}: nothing is called", kind.name);
        for (word, elsewhere) in ELSEWHERE {
            if source.contains(word) {
                actions.extend(elsewhere.iter().map(|action| (*action).to_owned()));
            }
        }
        if kind.service == "ec2" {
            actions.extend(["ec2:CreateTags", "ec2:DeleteTags"].map(str::to_owned));
        }
        if source.contains("Held::Vpc") {
            actions.extend(of_blockers.clone());
        }
        let declared = &kind.permissions;
        let declared: BTreeSet<&str> =
            [declared.read, declared.create, declared.update, declared.delete]
                .concat()
                .into_iter()
                .collect();
        let allows = |action: &str| {
            let fits = |declared: &&str| match declared.strip_suffix('*') {
                Some(beginning) => action.starts_with(beginning),
                None => *declared == action,
            };
            declared.iter().any(fits)
        };
        let missing = actions.iter().filter(|action| !allows(action));
        faults.extend(missing.map(|action| format!("{}: {action} is not declared", kind.name)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_rate_is_of_something_that_is_called() {
    let rates = std::fs::read_to_string(aws().join("live/provider/limits.rs")).unwrap();
    let actions = called(&sources(&aws()));
    let rates = rates.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split_once('"'));
    let exact: Vec<&str> =
        rates.map(|(action, _)| action).filter(|action| !action.ends_with(['*', '!'])).collect();
    assert!(exact.len() > 5, "{exact:?}");
    let idle: Vec<&&str> = exact.iter().filter(|action| !actions.contains(**action)).collect();
    assert!(idle.is_empty(), "nobody calls {idle:?}");
}
