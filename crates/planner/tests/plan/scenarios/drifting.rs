//! What somebody changed by hand.

use insta::assert_snapshot;
use trueup_model::{Action, Condition, Disruption, Value};

use super::{CIRCLE, FUNCTION, database};
use crate::world::World;

#[test]
fn an_update_in_place_tells_whose_fault_it_is() {
    let thing = |word: &str| {
        format!(
            "
        thing.a
          string: {word}
          set: [x, y]
          tags.color: blue
    "
        )
    };
    let mut world = World::applied(&thing("one"));
    world.edit(&thing("two"));
    assert_snapshot!(world.show(), @r#"
    ~ thing.a (file)
        string: "one" -> "two"
     0 update thing.a [string]
    "#);
    world.apply().behind("thing.a", |live| {
        live.attributes.insert("string".to_owned(), "three".into());
        live.attributes.insert("set".to_owned(), Value::List(vec!["y".into(), "z".into()]));
        live.tags.insert("color".to_owned(), "red".to_owned());
        live.tags.insert("owner".to_owned(), "nobody".to_owned());
    });
    assert_snapshot!(world.show(), @r#"
    ~ thing.a (drift)
        set[x]: null -> "x"
        set[z]: "z" -> null
        string: "three" -> "two"
        tags.color: "red" -> "blue"
        tags.owner: "nobody" -> null
     0 update thing.a [set, string, tags]
    "#);
    world.apply();
}

/// A database takes minutes to be changed, and a call to be tagged.
#[test]
fn what_changes_tags_alone_takes_seconds_and_disturbs_nobody() {
    let tagged = |class: &str, tag: &str| {
        format!("{}      tags.color: {tag}\n", database("postgres", class))
    };
    let told = |world: &World| {
        let plan = world.plan();
        let change = plan.changes.iter().find(|change| change.action != Action::Nothing).unwrap();
        let seconds = plan.steps.iter().map(|step| step.seconds).sum::<u32>();
        assert_eq!((seconds, seconds), (change.seconds, plan.seconds));
        (seconds, change.disruption)
    };
    let mut world = World::applied(&tagged("small", "blue"));
    world.edit(&tagged("small", "red"));
    assert_eq!(told(&world), (1, Disruption::None));
    world.edit(&tagged("large", "red"));
    assert_eq!(told(&world), (300, Disruption::Brief));
    // A new address is a tag too.
    let moved = tagged("small", "blue").replace(".main", ".new");
    let moved = format!("{moved}      moved_from: db_instance.main\n");
    world.edit(&moved);
    assert_eq!(told(&world), (1, Disruption::None));
    // What is still going on is waited for.
    world.edit(&tagged("small", "red")).behind("db_instance.main", |live| {
        live.condition = Condition::Pending("modifying".to_owned());
    });
    assert_eq!(told(&world).0, 300);
}

#[test]
fn a_rule_that_somebody_added_is_removed_and_a_removed_one_comes_back() {
    let mut world = World::applied(CIRCLE);
    world.behind("security_group.a", |live| {
        let open = r#"[{"port":22,"from":["0.0.0.0/0"]}]"#;
        live.attributes.insert("ingress".to_owned(), serde_json::from_str(open).unwrap());
    });
    assert_snapshot!(world.show(), @r#"
    ~ security_group.a (drift)
        ingress[0.0.0.0/0 22]: {"from":["0.0.0.0/0"],"port":22} -> null
        ingress[security_group.b 1]: null -> {"from":["security_group.b"],"note":null,"port":1}
     0 update security_group.a [ingress]
    "#);
    world.apply();
}

#[test]
fn what_vanished_comes_back_with_what_hangs_off_it() {
    let mut world = World::applied(CIRCLE);
    world.lose("security_group.b").behind("security_group.a", |live| {
        live.attributes.insert("ingress".to_owned(), Value::List(vec![]));
    });
    assert_snapshot!(world.show(), @"
    ~ security_group.a (dependency)
        ingress[{from: [security_group.b], port: 1}]: null -> <{from: [security_group.b], port: 1}>
    + security_group.b (drift): vanished
     0 create security_group.b
     1 update security_group.a [ingress] < 0
     2 update security_group.b [ingress] < 0
    ");
    world.apply();
}

#[test]
fn a_drift_report_tells_drift_from_what_is_still_to_be_applied() {
    let stack = |word: &str| {
        format!(
            "
        thing.edited
          string: {word}
        {}
    ",
            CIRCLE.trim()
        )
    };
    let mut world = World::applied(&stack("one"));
    world.edit(&stack("two")).lose("security_group.b").behind("vpc.main", |live| {
        live.attributes.insert("dns".to_owned(), false.into());
    });
    let plan = world.plan();
    let report = trueup_planner::drift::report(&plan);
    let drifted: Vec<String> =
        report.drifted.iter().map(|d| format!("{} {:?}", d.change.address, d.class)).collect();
    let pending: Vec<String> = report.pending.iter().map(|c| c.address.to_string()).collect();
    assert_snapshot!(format!("{drifted:?}\n{pending:?}"), @r#"
    ["security_group.a Security", "security_group.b Security", "vpc.main Functional"]
    ["thing.edited"]
    "#);
}

#[test]
fn a_fingerprint_changes_with_what_a_plan_relies_on() {
    let mut world = World::applied(FUNCTION);
    world.behind("lambda_function.api", |live| {
        live.tags.insert("a".to_owned(), "b".to_owned());
    });
    let before = world.plan().fingerprints;
    let names: Vec<String> = before.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["db_instance.main", "iam_role.api", "lambda_function.api", "log_group.api"]);
    world.behind("iam_role.api", |live| {
        live.attributes.insert("description".to_owned(), "theirs".into());
    });
    let after = world.plan().fingerprints;
    let changed: Vec<String> = after
        .iter()
        .filter(|(a, print)| before[*a] != **print)
        .map(|(a, _)| a.to_string())
        .collect();
    assert_eq!(changed, ["iam_role.api"]);
}

#[test]
fn what_the_file_says_in_other_words_is_noted_so_that_drift_is_seen_again() {
    let group = |more: &str| {
        format!(
            "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.a
          vpc: @vpc.main
          {more}
    "
        )
    };
    let mut world = World::applied(&group("ingress: [{port: 1, from: [10.0.0.0/8]}]"));
    // Somebody opened it, and the file follows.
    let open = r#"[{"port": 1, "from": ["10.0.0.0/8"]}, {"port": 22, "from": ["0.0.0.0/0"]}]"#;
    let rules = |json: &str| serde_json::from_str::<Value>(json).unwrap();
    world.behind("security_group.a", |live| {
        live.attributes.insert("ingress".to_owned(), rules(open));
    });
    world.edit(&group("ingress: [{port: 1, from: [10.0.0.0/8]}, {port: 22, from: [0.0.0.0/0]}]"));
    assert_snapshot!(world.show(), @"
    ~ security_group.a (file): reworded
     0 update security_group.a []
    ");
    world.apply();
    // Neither an order nor a default that is written out is another wish.
    world.edit(&group(
        "ingress: [{port: 22, from: [0.0.0.0/0]}, {port: 1, from: [10.0.0.0/8]}]
          description: made by trueup",
    ));
    assert_snapshot!(world.show(), @"nothing");
    world.behind("security_group.a", |live| {
        live.attributes.insert("ingress".to_owned(), rules("[]"));
    });
    assert_snapshot!(world.show(), @r#"
    ~ security_group.a (drift)
        ingress[0.0.0.0/0 22]: null -> {"from":["0.0.0.0/0"],"port":22}
        ingress[10.0.0.0/8 1]: null -> {"from":["10.0.0.0/8"],"port":1}
     0 update security_group.a [ingress]
    "#);
}

#[test]
fn what_a_run_left_half_applied_is_no_drift() {
    let mut world = World::new(CIRCLE);
    let made = world.plan().steps.iter().filter(|step| step.operation.verb() == "create").count();
    world.crash_after(made);
    assert_snapshot!(world.show(), @r#"
    ~ security_group.a (file)
        ingress[security_group.b 1]: null -> {"from":["security_group.b"],"note":null,"port":1}
    ~ security_group.b (file)
        ingress[security_group.a 10.0.0.0/8 2]: null -> {"from":["security_group.a","10.0.0.0/8"],"note":null,"port":2}
     0 update security_group.a [ingress]
     1 update security_group.b [ingress]
    "#);
    world.apply();
}
