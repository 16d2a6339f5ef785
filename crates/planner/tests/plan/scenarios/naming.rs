//! What reads a name learns what the thing is called: also where that is not what the file leads to.

use insta::assert_snapshot;
use trueup_model::snapshot::Unreadable;
use trueup_model::{Condition, Live};

use crate::world::World;

/// A function, and what reads its name: what is made before it, itself, and what comes after it.
fn function(name: &str, more: &str) -> String {
    format!(
        "
        log_group.logs
          name: /aws/lambda/${{lambda_function.{name}.name}}
        iam_role.api
          trust: {{Resource: function:${{lambda_function.{name}.name}}}}
        lambda_function.{name}
          {more}
          role: @iam_role.api
          source: source:abc
          environment: {{ME: ${{lambda_function.{name}.name}}}}
        thing.alarm
          string: ${{lambda_function.{name}.name}} of ${{iam_role.api.arn}}
          tags.of: ${{lambda_function.{name}.name}}
    "
    )
}

#[test]
fn what_reads_the_name_of_a_moved_function_stays_as_it_is() {
    let mut world = World::applied(&function("api", ""));
    world.edit(&function("web", "moved_from: lambda_function.api"));
    assert_snapshot!(world.show(), @"
    ~ iam_role.api (file): reworded
    move lambda_function.web (file): was lambda_function.api
    ~ log_group.logs (file): reworded
    ~ thing.alarm (file): reworded
     0 update iam_role.api []
     1 update log_group.logs []
     2 update lambda_function.web [] < 0 1
     3 update thing.alarm [] < 0 2
    ");
    world.apply();
    // It keeps its name for good.
    world.edit(&function("web", ""));
    assert_snapshot!(world.show(), @"nothing");
}

#[test]
fn what_reads_the_name_of_a_replaced_function_follows_it() {
    let failed = || {
        let mut world = World::applied(&function("api", ""));
        world.behind("lambda_function.api", fail);
        world
    };
    let mut world = failed();
    assert_snapshot!(world.show(), @r#"
    ~ iam_role.api (dependency)
        trust: {"Resource":"function:demo-api"} -> {"Resource":"function:demo-api-e77cf1ec"}
    +- lambda_function.api (drift): failed: Failed
        environment[ME]: "demo-api" -> "demo-api-e77cf1ec"
        name: "demo-api" -> "demo-api-e77cf1ec"
    +- log_group.logs (dependency): lambda_function.api is replaced
        name: "/aws/lambda/demo-api" -> "/aws/lambda/demo-api-e77cf1ec" !
    ~ thing.alarm (dependency)
        string: "demo-api of arn:aws:iam::{account}:role/demo-api" -> "demo-api-e77cf1ec of arn:aws:iam::{account}:role/demo-api"
        tags.of: "demo-api" -> "demo-api-e77cf1ec"
     0 update iam_role.api [trust]
     1 create log_group.logs
     2 create lambda_function.api < 0 1
     3 update thing.alarm [string, tags] < 0 2
     4 delete lambda_function.api < 2
     5 delete log_group.logs < 1 4
    "#);
    world.apply();
    // Once more: the name of the file is free again.
    world.behind("lambda_function.api", fail);
    assert_snapshot!(world.show(), @r#"
    ~ iam_role.api (dependency)
        trust: {"Resource":"function:demo-api-e77cf1ec"} -> {"Resource":"function:demo-api"}
    +- lambda_function.api (drift): failed: Failed
        environment[ME]: "demo-api-e77cf1ec" -> "demo-api"
    +- log_group.logs (dependency): lambda_function.api is replaced
        name: "/aws/lambda/demo-api-e77cf1ec" -> "/aws/lambda/demo-api" !
    ~ thing.alarm (dependency)
        string: "demo-api-e77cf1ec of arn:aws:iam::{account}:role/demo-api" -> "demo-api of arn:aws:iam::{account}:role/demo-api"
        tags.of: "demo-api-e77cf1ec" -> "demo-api"
     0 update iam_role.api [trust]
     1 create log_group.logs
     2 create lambda_function.api < 0 1
     3 update thing.alarm [string, tags] < 0 2
     4 delete lambda_function.api < 2
     5 delete log_group.logs < 1 4
    "#);
    world.apply();
    // Killed anywhere, the next run goes on with the same names.
    for steps in 1..failed().plan().steps.len() {
        let mut killed = failed();
        killed.crash_after(steps).apply();
        assert_eq!(killed.account.resources.len(), 4, "after {steps} steps");
    }
}

fn fail(live: &mut Live) {
    live.condition = Condition::Failed("Failed".to_owned());
}

#[test]
fn what_reads_a_name_that_nobody_can_tell_is_left_alone() {
    let mut world = World::applied(&function("api", ""));
    world.edit(&function("web", "moved_from: lambda_function.api"));
    world.account.resources.retain(|live| live.kind != "lambda_function");
    world.account.unreadable.push(Unreadable {
        kind: "lambda_function".into(),
        address: None,
        action: "lambda:ListFunctions".to_owned(),
        message: "AccessDenied".to_owned(),
    });
    assert_snapshot!(world.show(), @"
    withheld iam_role.api: depends on lambda_function.web
    withheld lambda_function.web: unreadable: lambda:ListFunctions: AccessDenied
    withheld log_group.logs: depends on lambda_function.web
    withheld thing.alarm: depends on iam_role.api
    ");
}

#[test]
fn a_name_may_hang_on_a_name() {
    let chain = |name: &str, shape: &str| {
        format!(
            "
        twin.{name}
          shape: {shape}
        log_group.of
          name: /of/${{twin.{name}.name}}
        db_instance.of
          engine: postgres
          class: small
          password: secret:hunter22-${{log_group.of.name}}
        thing.of
          list: [a, b ${{log_group.of.name}}]
          map: {{long: ${{log_group.of.name}} at ${{db_instance.of.endpoint}}}}
    "
        )
    };
    let mut world = World::applied(&chain("old", "round"));
    world.edit(&chain("new", "round").replace("shape", "moved_from: twin.old\n          shape"));
    assert_snapshot!(world.show(), @"
    ~ log_group.of (file): reworded
    ~ thing.of (file): reworded
    move twin.new (file): was twin.old
     0 update twin.new []
     1 update log_group.of [] < 0
     2 update thing.of [] < 1
    ");
    world.apply();
    world.edit(&chain("new", "square"));
    assert_snapshot!(world.show(), @r#"
    ~ db_instance.of (file)
        password: null -> (sensitive)
    +- log_group.of (dependency): twin.new is replaced
        name: "/of/demo-old" -> "/of/demo-new" !
    ~ thing.of (dependency)
        list: ["a","b /of/demo-old"] -> ["a","b /of/demo-new"]
        map[long]: "/of/demo-old at demo-of.00abc0003.rds" -> "/of/demo-new at demo-of.00abc0003.rds"
    +- twin.new (file): immutable shape
        shape: "round" -> "square" !
     0 create twin.new
     1 create log_group.of < 0
     2 update db_instance.of [password] < 1
     3 update thing.of [list, map] < 1 2
     4 delete twin.new < 0
     5 delete log_group.of < 1
    "#);
    world.apply();
}

#[test]
fn a_known_name_beside_something_unknown_makes_no_order() {
    let mut world = World::new(
        "
        db_instance.main
          engine: postgres
          class: small
        iam_role.api
          trust: {Version: 2012-10-17}
          description: ${lambda_function.api.name} uses ${db_instance.main.endpoint}
        lambda_function.api
          role: @iam_role.api
          source: source:abc
    ",
    );
    assert_snapshot!(world.show(), @"
    + db_instance.main (file)
    + iam_role.api (file)
    + lambda_function.api (file)
     0 create db_instance.main
     1 create iam_role.api < 0
     2 create lambda_function.api < 1
    ");
    world.apply();
}
