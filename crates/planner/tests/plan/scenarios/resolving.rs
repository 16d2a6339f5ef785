//! What references, templates, families and secrets come to.

use insta::assert_snapshot;

use trueup_model::Condition;

use super::{FUNCTION, NETWORK};
use crate::world::World;

#[test]
fn a_new_password_is_noticed_and_not_shown() {
    let database = |password: &str| {
        format!(
            "
        db_instance.main
          engine: postgres
          class: small
          password: {password}
    "
        )
    };
    let mut world = World::applied(&database("secret:hunter22"));
    world.edit(&database("secret:hunter33"));
    assert_snapshot!(world.show(), @"
    ~ db_instance.main (file)
        password: null -> (sensitive)
     0 update db_instance.main [password]
    ");
    world.apply();
}

#[test]
fn what_a_file_alone_does_not_know_is_named() {
    let world = World::new(FUNCTION);
    let plan = world.plan();
    let function = plan.changes.iter().find(|c| c.address.kind == "lambda_function").unwrap();
    let shown: Vec<String> =
        function.attributes.iter().map(|c| format!("{}: {:?}", c.path, c.after)).collect();
    assert_snapshot!(shown.join("\n"), @r#"
    environment: Unknown("{HOST: ${db_instance.main.endpoint}, MODE: fast}")
    groups: Value(List([]))
    name: Value(String("demo-api"))
    role: Unknown("iam_role.api")
    source: Value(Map({"path": String("code"), "sha256": String("abc")}))
    subnets: Value(List([]))
    "#);
    assert_eq!((plan.seconds, plan.longest_chain.len()), (420, 2));
}

#[test]
fn what_is_looked_up_is_read_and_never_touched() {
    let mut world = World::applied(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
    ",
    );
    let mut theirs = world.account.resources[0].clone();
    theirs.ownership = trueup_model::Ownership::default();
    world.account.existing.insert("vpc.shared".parse().unwrap(), theirs);
    world.account.resources.clear();
    world.edit(
        "
        subnet.a
          vpc: @existing.vpc.shared
          cidr_block: 10.0.0.0/24
    ",
    );
    assert_snapshot!(world.show(), @"
    + subnet.a (file)
     0 create subnet.a
    ");
    world.apply();
    world.behind("subnet.a", |live| {
        live.attributes.insert("vpc".to_owned(), "vpc-elsewhere".into());
    });
    assert_snapshot!(world.show(), @r#"
    +- subnet.a (drift): immutable vpc
        vpc: "vpc-elsewhere" -> "existing.vpc.shared" !
     0 create subnet.a
     1 delete subnet.a < 0
    "#);
    world.account.existing.clear();
    assert_snapshot!(world.show(), @"
    withheld subnet.a: faulty: vpc: cannot evaluate 'existing.vpc.shared.id': there is no existing.vpc.shared.id
    error evaluation: subnet.a: vpc: cannot evaluate 'existing.vpc.shared.id': there is no existing.vpc.shared.id (make what it reads exist, or read something else)
    ");
}

#[test]
fn a_family_in_a_list_is_all_of_its_instances() {
    let stack = |keys: &[&str]| {
        let subnet = |key: &&str| {
            format!(
                "
        subnet.private[{key}]
          vpc: @vpc.main
          cidr_block: 10.0.{}.0/24",
                key.len()
            )
        };
        let subnets: Vec<String> = keys.iter().map(subnet).collect();
        format!(
            "
        vpc.main
          cidr_block: 10.0.0.0/16
        lambda_function.api
          role: elsewhere
          source: source:abc
          subnets: [@subnet.private]{}",
            subnets.concat()
        )
    };
    let mut world = World::new(&stack(&["a", "bb"]));
    assert_snapshot!(world.show(), @"
    + lambda_function.api (file)
    + subnet.private[a] (file)
    + subnet.private[bb] (file)
    + vpc.main (file)
     0 create vpc.main
     1 create subnet.private[a] < 0
     2 create subnet.private[bb] < 0
     3 create lambda_function.api < 1 2
    ");
    world.apply();
    world.edit(&stack(&["bb", "ccc"]));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        subnets[subnet.private[a]]: "subnet.private[a]" -> null
        subnets[subnet.private[ccc]]: null -> <subnet.private[ccc]>
    - subnet.private[a] (file): left
    + subnet.private[ccc] (file)
     0 create subnet.private[ccc]
     1 update lambda_function.api [subnets] < 0
     2 delete subnet.private[a] < 1
    "#);
    world.apply();
}

#[test]
fn an_output_that_may_change_is_unknown_while_its_resource_changes() {
    let stack = |code: &str| {
        format!(
            "
        lambda_function.api
          role: elsewhere
          source: source:{code}
        thing.reader
          string: ${{lambda_function.api.url}}
    "
        )
    };
    let mut world = World::applied(&stack("abc"));
    world.edit(&stack("def"));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        source: {"sha256":"abc"} -> {"path":"code","sha256":"def"}
    ~ thing.reader (dependency)
        string: "https://00abc0001" -> <${lambda_function.api.url}>
     0 update lambda_function.api [source]
     1 update thing.reader [string] < 0
    "#);
    world.apply();
}

#[test]
fn a_token_outlives_a_crash() {
    let tokens = |world: &World| -> Vec<String> {
        let steps = world.plan().steps.into_iter();
        let token = |step: trueup_model::Step| match step.operation {
            trueup_model::Operation::Create { token, .. } => Some(token),
            _ => None,
        };
        steps.filter_map(token).collect()
    };
    let mut world = World::new(NETWORK);
    let all = tokens(&world);
    assert_eq!(all, tokens(&World::new(NETWORK)));
    assert!(all.iter().all(|token| token.len() == 32));
    // What it stands on was made by then; the applier tells another VPC's subnet apart.
    world.crash_after(1);
    assert_eq!(all[1..], tokens(&world));
    let different: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(different.len(), all.len());
}

#[test]
fn outputs_are_folded_as_far_as_they_are_known() {
    let mut world = World::new(NETWORK);
    let reference = trueup_model::Reference {
        to: "vpc.main".parse().unwrap(),
        attribute: "id".to_owned(),
        existing: false,
    };
    let wanted = trueup_model::Expression::Reference(reference);
    world.stack.outputs.insert("vpc".to_owned(), wanted.clone());
    assert_eq!(world.plan().outputs["vpc"], wanted);
    world.apply();
    assert_eq!(world.plan().outputs["vpc"].to_value(), Some(world.id("vpc.main").into()));
}

/// That it could not be read does not make it another: nobody is replaced because of it.
#[test]
fn what_could_not_be_looked_up_withholds_who_reads_it() {
    let stack = "
        vpc.main
          cidr_block: 10.0.0.0/16
        subnet.a
          vpc: @existing.vpc.shared
          cidr_block: 10.0.1.0/24
    ";
    let mut world = World::new(stack);
    let mut theirs =
        World::applied("vpc.main\n  cidr_block: 10.9.0.0/16").account.resources.remove(0);
    theirs.ownership = trueup_model::Ownership::default();
    theirs.id = "vpc-shared".to_owned();
    theirs.outputs.insert("id".to_owned(), "vpc-shared".into());
    let shared: trueup_model::Address = "vpc.shared".parse().unwrap();
    world.account.existing.insert(shared.clone(), theirs);
    world.apply();
    world.account.existing.clear();
    world.account.unreadable.push(trueup_model::snapshot::Unreadable {
        kind: "vpc".into(),
        address: Some(shared),
        action: "ec2:DescribeVpcs".to_owned(),
        message: "UnauthorizedOperation".to_owned(),
    });
    assert_snapshot!(world.show(), @"withheld subnet.a: reads existing.vpc.shared, which could not be read: ec2:DescribeVpcs: UnauthorizedOperation");
}

#[test]
fn what_is_looked_up_and_still_being_made_is_not_taken_for_nothing() {
    let mut world = World::new(
        "
        lambda_function.api
          role: @existing.iam_role.shared
          source: source:abc
    ",
    );
    let role = World::applied("iam_role.api\n  trust: {Version: 2012-10-17}");
    let mut theirs = role.account.resources[0].clone();
    theirs.ownership = trueup_model::Ownership::default();
    theirs.condition = trueup_model::Condition::Pending("being made known".to_owned());
    theirs.outputs.insert("arn".to_owned(), trueup_model::Value::Null);
    world.account.existing.insert("iam_role.shared".parse().unwrap(), theirs);
    assert_snapshot!(world.show(), @"withheld lambda_function.api: reads existing.iam_role.shared, which is still being made and has no 'arn' yet");
}

/// A function, whose URL a change may change, and what cannot change in place and reads it.
fn reads_url(source: &str, twin: &str) -> String {
    format!(
        "
        iam_role.api
          trust: {{Version: 2012-10-17}}
        lambda_function.api
          role: @iam_role.api
          source: source:{source}
        twin.reader
          {twin}
    "
    )
}

#[test]
fn what_is_made_waits_for_what_a_change_may_change() {
    let (old, new) = ("shape: round", "shape: 'at ${lambda_function.api.url}'");
    let mut world = World::applied(&reads_url("abc", old).replace("twin.reader", "twin.other"));
    world.edit(&reads_url("def", new));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        source: {"sha256":"abc"} -> {"path":"code","sha256":"def"}
    - twin.other (file): left
    + twin.reader (file)
     0 update lambda_function.api [source]
     1 create twin.reader < 0
     2 delete twin.other
    "#);
    world.apply();
    // What is there is not rebuilt because its address may become another.
    let mut world = World::applied(&reads_url("abc", new));
    let url = world.find(&"lambda_function.api".parse().unwrap()).unwrap().outputs["url"].clone();
    world.edit(&reads_url("def", new));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        source: {"sha256":"abc"} -> {"path":"code","sha256":"def"}
     0 update lambda_function.api [source]
    "#);
    world.behind("twin.reader", |live| live.condition = Condition::Failed("broken".to_owned()));
    // The one that takes its place is made with what the address has become.
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.api (file)
        source: {"sha256":"abc"} -> {"path":"code","sha256":"def"}
    +- twin.reader (drift): failed: broken
        name: "demo-reader" -> "demo-reader-4f177fa4"
        shape: "'at https://00abc0002'" -> <'at ${lambda_function.api.url}'>
     0 update lambda_function.api [source]
     1 create twin.reader < 0
     2 delete twin.reader < 1
    "#);
    world.apply();
    let twin = world.find(&"twin.reader".parse().unwrap()).unwrap();
    assert_ne!(twin.attributes["shape"], format!("'at {url}'").as_str().into());
}
