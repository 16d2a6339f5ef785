//! What must not be lost, or is held back.

use insta::assert_snapshot;
use trueup_model::{Action, Condition, Disruption, Reason};

use super::{FUNCTION, database};
use crate::world::World;

#[test]
fn a_database_goes_only_when_it_is_named_and_keeps_what_it_stands_on() {
    let stack = "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.db
          vpc: @vpc.main
        db_instance.main
          engine: postgres
          class: small
          groups: [@security_group.db]
        log_group.other
    ";
    let mut world = World::applied(stack);
    assert_snapshot!(world.destroy().show(), @"
    - log_group.other (file): destroyed
     0 delete log_group.other
    withheld db_instance.main: protected from [destroyed]: allow it with --allow-data-loss db_instance.main
    withheld security_group.db: needed by db_instance.main
    withheld vpc.main: needed by security_group.db
    warning data-loss: db_instance.main holds data and is left as it is (allow it with --allow-data-loss db_instance.main)
    ");
    assert_snapshot!(world.allow("db_instance.main").show(), @"
    - db_instance.main (file): destroyed
    - log_group.other (file): destroyed
    - security_group.db (file): destroyed
    - vpc.main (file): destroyed
     0 delete log_group.other
     1 delete db_instance.main with a snapshot
     2 delete security_group.db < 1
     3 delete vpc.main < 2
    ");
    world.apply();
}

#[test]
fn the_plan_says_that_no_final_snapshot_can_be_taken() {
    let mut world = World::applied(&database("postgres", "small"));
    world.behind("db_instance.main", |live| {
        live.condition = Condition::Failed("incompatible-restore".to_owned());
    });
    assert_snapshot!(world.allow("db_instance.main").show(), @r#"
    +- db_instance.main (drift): failed: incompatible-restore
        # no final snapshot can be taken: it is 'incompatible-restore'
        name: "demo-main" -> "demo-main-c43f0cbf"
     0 create db_instance.main
     1 delete db_instance.main < 0
    "#);
    assert_snapshot!(world.destroy().allow("db_instance.main").show(), @"
    - db_instance.main (file): destroyed
        # no final snapshot can be taken: it is 'incompatible-restore'
     0 delete db_instance.main
    ");
    world.apply();
}

#[test]
fn a_database_is_not_replaced_because_of_what_it_stands_on() {
    let stack = |cidr: &str| {
        format!(
            "
        vpc.main
          cidr_block: {cidr}
        subnet.a
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
        db_instance.main
          engine: postgres
          class: small
          subnets: [@subnet.a]
    "
        )
    };
    let mut world = World::applied(&stack("10.0.0.0/16"));
    world.edit(&stack("10.0.0.0/8"));
    assert_snapshot!(world.show(), @r#"
    = vpc.main (file): immutable cidr_block
        cidr_block: "10.0.0.0/16" -> "10.0.0.0/8" !
    withheld db_instance.main: protected from [subnet.a is replaced]: allow it with --allow-data-loss db_instance.main
    withheld subnet.a: needed by db_instance.main
    withheld vpc.main: needed by subnet.a
    warning data-loss: db_instance.main holds data and is left as it is (allow it with --allow-data-loss db_instance.main)
    "#);
    assert_snapshot!(world.allow("db_instance.main").show(), @r#"
    +- db_instance.main (dependency): subnet.a is replaced
        name: "demo-main" -> "demo-main-95730b26"
        subnets[subnet.a]: "subnet.a" -> null !
        subnets[subnet.a]: null -> <subnet.a> !
    +- subnet.a (dependency): vpc.main is replaced
        vpc: "vpc.main" -> <vpc.main> !
    +- vpc.main (file): immutable cidr_block
        cidr_block: "10.0.0.0/16" -> "10.0.0.0/8" !
     0 create vpc.main
     1 create subnet.a < 0
     2 create db_instance.main < 1
     3 delete db_instance.main with a snapshot < 2
     4 delete subnet.a < 1 3
     5 delete vpc.main < 0 4
    "#);
    world.apply();
}

#[test]
fn drift_does_not_rebuild_a_database_either() {
    let mut world = World::applied(FUNCTION);
    world.behind("db_instance.main", |live| {
        live.attributes.insert("engine".to_owned(), "mysql".into());
    });
    assert_snapshot!(world.show(), @r#"
    = db_instance.main (drift): immutable engine
        engine: "mysql" -> "postgres" !
        name: "demo-main" -> "demo-main-c43f0cbf"
    withheld db_instance.main: protected from [immutable engine]: allow it with --allow-data-loss db_instance.main
    warning data-loss: db_instance.main holds data and is left as it is (allow it with --allow-data-loss db_instance.main)
    "#);
}

#[test]
fn what_is_protected_is_neither_replaced_nor_destroyed() {
    let stack = |shape: &str| {
        format!(
            "
        fixture.a
          shape: {shape}
          protect
        twin.b
          of: @fixture.a
    "
        )
    };
    let mut world = World::applied(&stack("round"));
    world.edit(&stack("square"));
    assert_snapshot!(world.show(), @r#"
    = fixture.a (file): immutable shape; not both: there is room for one
        shape: "round" -> "square" !
    withheld fixture.a: protected from [immutable shape]: take 'protect: true' off fixture.a first
    warning protected: fixture.a is protected and is left as it is (take 'protect: true' off fixture.a first)
    "#);
    assert_snapshot!(world.destroy().show(), @"
    - twin.b (file): destroyed
     0 delete twin.b
    withheld fixture.a: protected from [destroyed]: take 'protect: true' off fixture.a first
    warning protected: fixture.a is protected and is left as it is (take 'protect: true' off fixture.a first)
    ");
}

#[test]
fn a_change_that_loses_data_in_place_is_guarded_too() {
    let thing = |word: &str| {
        format!(
            "
        thing.a
          lossy: {word}
    "
        )
    };
    let mut world = World::applied(&thing("one"));
    world.edit(&thing("two"));
    assert_snapshot!(world.show(), @r#"
    = thing.a (file)
        lossy: "one" -> "two"
    withheld thing.a: protected from [immutable lossy]: allow it with --allow-data-loss thing.a
    warning data-loss: thing.a holds data and is left as it is (allow it with --allow-data-loss thing.a)
    "#);
    assert_snapshot!(world.allow("thing.a").show(), @r#"
    ~ thing.a (file)
        lossy: "one" -> "two"
     0 update thing.a [lossy]
    "#);
}

#[test]
fn the_disruption_of_a_plan_can_be_limited() {
    let mut world = World::applied(&database("postgres", "small"));
    world.edit(&database("postgres", "large"));
    world.options.max_disruption = Some(trueup_model::Disruption::None);
    assert_snapshot!(world.show(), @r#"
    ~ db_instance.main (file)
        class: "small" -> "large"
     0 update db_instance.main [class]
    error disruption: db_instance.main would mean a brief interruption, and at most no disruption is allowed (if that is meant, allow it with --max-disruption brief)
    "#);
}

#[test]
fn what_is_ignored_is_told_and_never_sent() {
    let thing = |string: &str| {
        format!(
            "
        thing.a
          string: {string}
          map: {{a: 1, b: 2}}
          ignore.string: the console owns it
          ignore.map[a]: a script owns it
    "
        )
    };
    let mut world = World::applied(&thing("one"));
    world.behind("thing.a", |live| {
        live.attributes.insert("string".to_owned(), "theirs".into());
        live.attributes
            .insert("map".to_owned(), serde_json::from_str(r#"{"a":"9","b":"8"}"#).unwrap());
    });
    assert_snapshot!(world.show(), @r#"
    ~ thing.a (drift)
        map[b]: "8" -> 2
     0 update thing.a [map]
    withheld thing.a: ignored map[a]: a script owns it
    withheld thing.a: ignored string: the console owns it
    "#);
    world.apply();
    let live = world.find(&"thing.a".parse().unwrap()).unwrap();
    assert_snapshot!(serde_json::to_string(&live.attributes).unwrap(), @r#"{"map":{"a":"9","b":2},"string":"theirs","unmanaged":"chosen by AWS"}"#);
}

#[test]
fn one_key_is_ignored_where_another_is_not_known_yet() {
    let thing = |key: &str, more: &str| {
        format!(
            "
        thing.a
          map: {{a: 1, b: {key}}}
          ignore.map[a]: a script owns it
        {more}
    "
        )
    };
    let mut world = World::applied(&thing("2", ""));
    world.behind("thing.a", |live| {
        live.attributes
            .insert("map".to_owned(), serde_json::from_str(r#"{"a":"9","b":2}"#).unwrap());
    });
    world.edit(&thing(
        "${db_instance.main.endpoint}",
        "db_instance.main
          engine: postgres
          class: small",
    ));
    world.apply();
    let live = world.find(&"thing.a".parse().unwrap()).unwrap();
    assert_snapshot!(live.attributes["map"].to_string(), @r#"{"a":"9","b":"demo-main.00abc0002.rds"}"#);
}

#[test]
fn what_aws_has_scheduled_is_not_asked_for_again() {
    let mut world = World::applied(&database("postgres", "small"));
    world.edit(&database("postgres", "large")).behind("db_instance.main", |live| {
        live.scheduled.insert("class".to_owned(), "large".into());
    });
    assert_snapshot!(world.show(), @"
    ~ db_instance.main (file): reworded
     0 update db_instance.main []
    withheld db_instance.main: scheduled class
    ");
}

#[test]
fn what_is_scheduled_and_comes_along_with_a_change_counts_with_its_disruption() {
    let database = |class: &str, version: &str, apply: &str| {
        format!(
            "
        db_instance.main
          engine: postgres
          version: {version}
          class: {class}
          apply: {apply}
    "
        )
    };
    let mut world = World::applied(&database("small", "16.1", "window"));
    world.edit(&database("small", "17.0", "window"));
    world.behind("db_instance.main", |live| {
        live.scheduled.insert("version".to_owned(), "17.0".into());
    });
    world.edit(&database("large", "17.0", "window"));
    assert_snapshot!(world.show(), @r#"
    ~ db_instance.main (file)
        class: "small" -> "large"
     0 update db_instance.main [class]
    withheld db_instance.main: scheduled version
    "#);
    world.edit(&database("large", "17.0", "now"));
    assert_snapshot!(world.show(), @r#"
    ~ db_instance.main (file)
        class: "small" -> "large"
        version: "16.1" -> "17.0"
     0 update db_instance.main [class, version]
    "#);
    assert_eq!(world.plan().changes[0].disruption, Disruption::Outage);
    // Nothing is sent, so nothing comes along.
    world.edit(&database("small", "17.0", "now"));
    assert_snapshot!(world.show(), @"
    ~ db_instance.main (file): reworded
     0 update db_instance.main []
    withheld db_instance.main: scheduled version
    ");
}

#[test]
fn what_aws_has_scheduled_and_nobody_wants_is_called_off() {
    let mut world = World::applied(&database("postgres", "small"));
    world.behind("db_instance.main", |live| {
        live.scheduled.insert("class".to_owned(), "large".into());
        live.scheduled.insert("engine".to_owned(), "postgres".into());
    });
    assert_snapshot!(world.show(), @r#"
    ~ db_instance.main (drift)
        class: "large" -> "small"
     0 update db_instance.main [class]
    "#);
}

#[test]
fn what_aws_has_scheduled_and_nothing_calls_off_is_a_remark() {
    let mut world = World::applied(&database("postgres", "small"));
    world.behind("db_instance.main", |live| {
        live.scheduled.insert("engine".to_owned(), "mysql".into());
    });
    assert_snapshot!(world.show(), @"
    = db_instance.main (none)
        # AWS is going to make `engine` mysql, which the stack does not say: call it off in AWS
    ");
}

#[test]
fn the_limit_of_disruption_sees_what_an_interrupted_replacement_has_left_to_do() {
    let mut world = World::applied(&database("postgres", "small"));
    world.edit(&database("mysql", "small")).allow("db_instance.main").crash_after(1);
    world.options.max_disruption = Some(trueup_model::Disruption::Outage);
    assert_snapshot!(world.show(), @"
    +- db_instance.main (file): superseded demo
     0 delete db_instance.main with a snapshot
    error disruption: db_instance.main would mean loss of data, and at most an outage is allowed (if that is meant, allow it with --max-disruption data-loss)
    ");
}

#[test]
fn the_limit_of_disruption_sees_what_lets_go_for_a_while() {
    let stack = |zone: &str| {
        format!(
            "
        vpc.main
          cidr_block: 10.0.0.0/16
        subnet.a
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
          zone: {zone}
        lambda_function.api
          role: some-role
          source: code
          subnets: [@subnet.a]
    "
        )
    };
    let mut world = World::applied(&stack("a"));
    world.edit(&stack("b"));
    world.options.max_disruption = Some(trueup_model::Disruption::None);
    // A function out of its network, if only for a moment, is more than nothing.
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (dependency)
        subnets[subnet.a]: "subnet.a" -> null
        subnets[subnet.a]: null -> <subnet.a>
    -+ subnet.a (file): immutable zone; not both: two subnets cannot have the same network
        zone: "a" -> "b" !
     0 update lambda_function.api [subnets]
     1 delete subnet.a < 0
     2 create subnet.a < 1
     3 update lambda_function.api [subnets] < 0 2
    error disruption: lambda_function.api would mean an outage, and at most no disruption is allowed (if that is meant, allow it with --max-disruption outage)
    error disruption: subnet.a would mean an outage, and at most no disruption is allowed (if that is meant, allow it with --max-disruption outage)
    "#);
}

#[test]
fn what_may_not_leave_says_that_the_stack_no_longer_names_it() {
    let database =
        |key: &str| format!("\ndb_instance.main[{key}]\n  engine: postgres\n  class: small");
    let mut world = World::applied(&(database("a") + &database("b")));
    let plan = world.edit(&database("a")).plan();
    let reasons = |key: &str| {
        let address = format!("db_instance.main[{key}]").parse().unwrap();
        let change = plan.changes.iter().find(|change| change.address == address).unwrap();
        (change.action, change.reasons.clone())
    };
    assert_eq!(reasons("a"), (Action::Nothing, Vec::new()));
    assert_eq!(reasons("b"), (Action::Nothing, vec![Reason::LeftTheStack]));
}
