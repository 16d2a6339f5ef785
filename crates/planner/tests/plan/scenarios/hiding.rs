//! What is secret stays so although AWS tells it back; every plan here is searched for every secret.

use insta::assert_snapshot;
use trueup_model::{Expression, Operation, Reference, Value};

use crate::world::World;

fn function(name: &str, environment: &str) -> String {
    format!(
        "
    iam_role.api
      trust: {{Version: 2012-10-17}}
    lambda_function.{name}
      role: @iam_role.api
      source: source:abc
      environment: {{{environment}}}
"
    )
}

/// Every live text, as AWS has it.
fn account(world: &World) -> String {
    serde_json::to_string(&world.account).unwrap()
}

#[test]
fn a_secret_that_aws_tells_back_is_hidden_when_something_else_changes() {
    let mut world = World::applied(&function("api", "KEY: secret:hunter22, MODE: fast"));
    assert!(account(&world).contains("hunter22"), "AWS does not know that it is one");
    assert_snapshot!(world.show(), @"nothing");
    world.edit(&function("api", "KEY: secret:hunter22, MODE: slow"));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        environment[MODE]: "(sensitive)" -> "slow"
     0 update lambda_function.api [environment]
    "#);
    world.apply();
}

#[test]
fn neither_the_old_nor_the_new_one_is_shown_when_it_is_rotated() {
    let mut world = World::applied(&function("api", "KEY: secret:hunter22, MODE: fast"));
    world.edit(&function("api", "KEY: secret:hunter33, MODE: fast"));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        environment[KEY]: "(sensitive)" -> (sensitive)
     0 update lambda_function.api [environment]
    "#);
    world.apply();
    world.edit(&function("api", "OTHER: secret:hunter33, MODE: fast"));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        environment[KEY]: "(sensitive)" -> null
        environment[OTHER]: null -> (sensitive)
     0 update lambda_function.api [environment]
    "#);
    world.apply();
    world.edit(&function("api", "OTHER: plain, MODE: secret:hunter44"));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        environment[MODE]: "(sensitive)" -> (sensitive)
        environment[OTHER]: "(sensitive)" -> "plain"
     0 update lambda_function.api [environment]
    "#);
}

#[test]
fn it_stays_hidden_when_the_stack_says_nothing_of_it_any_more() {
    let mut world = World::applied(&function("api", "KEY: secret:hunter22, MODE: fast"));
    world.edit(&function("api", "MODE: fast"));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        environment[KEY]: "(sensitive)" -> null
     0 update lambda_function.api [environment]
    "#);
    world.edit(&function("another", "MODE: fast"));
    assert_snapshot!(world.show(), @"
    + lambda_function.another (file)
    - lambda_function.api (file): left
     0 create lambda_function.another
     1 delete lambda_function.api
    ");
    world.edit("iam_role.api\n  trust: {Version: 2012-10-17}\n");
    assert_snapshot!(world.show(), @"
    - lambda_function.api (file): left
     0 delete lambda_function.api
    ");
    world.destroy();
    assert_snapshot!(world.show(), @"
    - iam_role.api (file): destroyed
    - lambda_function.api (file): destroyed
     0 delete lambda_function.api
     1 delete iam_role.api < 0
    ");
}

#[test]
fn it_stays_hidden_in_an_attribute_that_nobody_takes_for_a_secret() {
    let role = |text: &str| format!("iam_role.a\n  trust: {{Version: {text}, Id: api}}\n");
    let mut world = World::applied(&role("secret:hunter22"));
    world.edit(&role("plain"));
    assert_snapshot!(world.show(), @r#"
    ~ iam_role.a (file)
        trust: "(sensitive)" -> {"Id":"api","Version":"plain"}
     0 update iam_role.a [trust]
    "#);
    world.edit("vpc.main\n  cidr_block: 10.0.0.0/16\n");
    assert_snapshot!(world.show(), @"
    - iam_role.a (file): left
    + vpc.main (file)
     0 create vpc.main
     1 delete iam_role.a
    ");
}

#[test]
fn what_reads_a_secret_is_one() {
    let reader = "
    lambda_function.reader
      role: @iam_role.api
      source: source:abc
      environment: {COPY: 'x-${lambda_function.api.environment}'}
";
    let stack = format!("{}{reader}", function("api", "KEY: secret:hunter22"));
    let output = Reference {
        to: "lambda_function.reader".parse().unwrap(),
        attribute: "environment".to_owned(),
        existing: false,
    };
    let mut world = World::new(&stack);
    world.stack.outputs.insert("told".to_owned(), Expression::Reference(output.clone()));
    world.apply();
    let told = world.plan().outputs["told"].clone();
    assert!(told.holds_secret(), "{told:?}");
    world.edit(&stack.replace("hunter22", "hunter33"));
    world.stack.outputs.insert("told".to_owned(), Expression::Reference(output));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        environment[KEY]: "(sensitive)" -> (sensitive)
    ~ lambda_function.reader (file)
        environment[COPY]: "(sensitive)" -> (sensitive)
     0 update lambda_function.api [environment]
     1 update lambda_function.reader [environment] < 0
    "#);
}

#[test]
fn a_secret_that_is_also_a_common_word_is_no_fault() {
    let database = |password: &str| {
        format!("db_instance.main\n  engine: postgres\n  class: small\n  password: {password}\n")
    };
    let mut world = World::new(&database("secret:postgres"));
    // It stands in the plan where it is no secret.
    world.secrets.clear();
    world.apply();
    let mut world = World::new(&function("api", "KEY: secret:123456, ENGINE: '123456'"));
    world.secrets.clear();
    world.apply();
    world.edit(&function("api", "KEY: secret:another, ENGINE: '123456'"));
    world.secrets.clear();
    world.apply();
}

#[test]
fn a_text_that_the_stack_says_in_plain_is_shown_and_every_other_is_not() {
    let mut world = World::applied(&function("api", "KEY: secret:hunter22, MODE: fast, A: old"));
    world.edit(&function("api", "KEY: secret:hunter22, MODE: slow, A: old"));
    let plan = world.plan();
    let Operation::Update { before: Some(before), .. } = &plan.steps[0].operation else { panic!() };
    let shown: Value = before.attributes["environment"].clone();
    assert_eq!(shown.to_string(), r#"{"A":"old","KEY":"(sensitive)","MODE":"(sensitive)"}"#);
}

#[test]
fn a_new_secret_is_a_change_of_the_file_and_an_old_one_is_drift() {
    let mut world = World::applied(&function("api", "KEY: secret:hunter22"));
    world.edit(&function("api", "KEY: secret:hunter33"));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        environment[KEY]: "(sensitive)" -> (sensitive)
     0 update lambda_function.api [environment]
    "#);
    world.apply();
    world.behind("lambda_function.api", |live| {
        live.attributes.insert("environment".to_owned(), Value::Map([].into()));
    });
    assert_snapshot!(world.show(), @"
    ~ lambda_function.api (drift)
        environment[KEY]: null -> (sensitive)
     0 update lambda_function.api [environment]
    ");
}

#[test]
fn without_secrets_the_tag_is_the_bare_hash() {
    let world = World::applied(&function("api", "MODE: fast"));
    let spec = |world: &World| {
        world.find(&"lambda_function.api".parse().unwrap()).unwrap().ownership.spec.clone().unwrap()
    };
    assert_eq!(spec(&world), "32f7fffba264dd56");
    let with = World::applied(&function("api", "MODE: fast, KEY: secret:hunter22"));
    assert!(spec(&with).ends_with(":environment"), "{}", spec(&with));
}
