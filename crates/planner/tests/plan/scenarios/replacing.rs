//! What cannot be changed in place.

use insta::assert_snapshot;
use trueup_model::Condition;

use super::NETWORK;
use crate::world::World;

#[test]
fn a_replacement_that_can_is_made_first_under_a_free_name() {
    let group = |description: &str| {
        format!(
            "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.a
          vpc: @vpc.main
          description: {description}
        security_group.b
          vpc: @vpc.main
          ingress: [{{port: 2, from: [@security_group.a]}}]
        lambda_function.holder
          role: some-role
          source: source:abc
          groups: [@security_group.a]
    "
        )
    };
    let name = |world: &World| {
        let live = world.find(&"security_group.a".parse().unwrap()).unwrap();
        live.attributes["name"].to_string()
    };
    let mut world = World::applied(&group("old"));
    world.edit(&group("new"));
    assert_snapshot!(world.show(), @r#"
    ~ lambda_function.holder (dependency)
        groups[security_group.a]: "security_group.a" -> null
        groups[security_group.a]: null -> <security_group.a>
    +- security_group.a (file): immutable description
        description: "old" -> "new" !
        name: "demo-a" -> "demo-a-21563160"
    ~ security_group.b (dependency)
        ingress[security_group.a 2]: {"from":["security_group.a"],"note":null,"port":2} -> null
        ingress[{from: [security_group.a], port: 2}]: null -> <{from: [security_group.a], port: 2}>
     0 create security_group.a
     1 update lambda_function.holder [groups] < 0
     2 update security_group.a [ingress] < 0
     3 update security_group.b [ingress] < 0
     4 delete security_group.a < 0 1 2 3
    "#);
    world.apply();
    // The suffix is no difference; the next one takes the name that is free again.
    assert_eq!(name(&world), "demo-a-21563160");
    world.edit(&group("newer")).apply();
    assert_eq!(name(&world), "demo-a");
}

#[test]
fn a_replacement_that_cannot_coexist_is_deleted_first() {
    let fixture = |shape: &str| {
        format!(
            "
        fixture.a
          shape: {shape}
        twin.holds
          of: @fixture.a
    "
        )
    };
    let mut world = World::applied(&fixture("round"));
    world.edit(&fixture("square"));
    assert_snapshot!(world.show(), @r#"
    -+ fixture.a (file): immutable shape; not both: there is room for one
        shape: "round" -> "square" !
    -+ twin.holds (dependency): fixture.a is replaced; not both: it holds fixture.a, which must go first
        of: "fixture.a" -> <fixture.a> !
     0 delete twin.holds
     1 delete fixture.a < 0
     2 create fixture.a < 1
     3 create twin.holds < 0 2
    "#);
    world.apply();
}

#[test]
fn a_replaced_vpc_takes_everything_with_it() {
    let network = |cidr: &str| NETWORK.replace("10.0.0.0/16", cidr);
    let mut world = World::applied(&network("10.0.0.0/16"));
    world.edit(&network("10.0.0.0/8"));
    assert_snapshot!(world.show(), @r#"
    +- internet_gateway.main (dependency): vpc.main is replaced
        vpc: "vpc.main" -> <vpc.main> !
    +- nat_gateway.main (dependency): subnet.public is replaced
        subnet: "subnet.public" -> <subnet.public> !
    +- subnet.public (dependency): vpc.main is replaced
        vpc: "vpc.main" -> <vpc.main> !
    +- vpc.main (file): immutable cidr_block
        cidr_block: "10.0.0.0/16" -> "10.0.0.0/8" !
     0 create vpc.main
     1 create internet_gateway.main < 0
     2 create subnet.public < 0
     3 create nat_gateway.main < 1 2
     4 delete nat_gateway.main < 3
     5 delete subnet.public < 2 4
     6 delete internet_gateway.main < 1 4
     7 delete vpc.main < 0 5 6
    "#);
    world.apply();
}

#[test]
fn a_set_of_which_nothing_stays_is_replaced() {
    let stack = |shape: &str, members: &str| {
        format!(
            "
        twin.a
          shape: {shape}
        twin.b
          shape: {shape}
        pool.main
          members: [{members}]
    "
        )
    };
    let mut world = World::applied(&stack("round", "@twin.a"));
    world.edit(&stack("round", "@twin.a, @twin.b"));
    assert_snapshot!(world.show(), @r#"
    ~ pool.main (file)
        members[twin.b]: null -> "twin.b"
     0 update pool.main [members]
    "#);
    world.apply();
    world.edit(&stack("round", "@twin.b"));
    assert_snapshot!(world.show(), @r#"
    ~ pool.main (file)
        members[twin.a]: "twin.a" -> null
     0 update pool.main [members]
    "#);
    world.apply();
    world.edit(&stack("round", "@twin.a"));
    assert_snapshot!(world.show(), @r#"
    +- pool.main (file): immutable members[twin.a] members[twin.b]
        members[twin.a]: null -> "twin.a" !
        members[twin.b]: "twin.b" -> null !
        name: "demo-main" -> "demo-main-189470a6"
     0 create pool.main
     1 delete pool.main < 0
    "#);
    world.apply();
    world.edit(&stack("square", "@twin.a"));
    assert_snapshot!(world.show(), @r#"
    +- pool.main (dependency): twin.a is replaced
        members[twin.a]: "twin.a" -> null !
        members[twin.a]: null -> <twin.a> !
    +- twin.a (file): immutable shape
        name: "demo-a" -> "demo-a-fad03525"
        shape: "round" -> "square" !
    +- twin.b (file): immutable shape
        name: "demo-b" -> "demo-b-c69821b5"
        shape: "round" -> "square" !
     0 create twin.a
     1 create pool.main < 0
     2 create twin.b
     3 delete twin.b < 2
     4 delete pool.main < 1
     5 delete twin.a < 0 4
    "#);
    world.apply();
}

#[test]
fn what_failed_is_replaced() {
    let mut world = World::applied(NETWORK);
    world.behind("nat_gateway.main", |live| {
        live.condition = Condition::Failed("failed: no address left".to_owned());
    });
    assert_snapshot!(world.show(), @"
    +- nat_gateway.main (drift): failed: failed: no address left
     0 create nat_gateway.main
     1 delete nat_gateway.main < 0
    ");
    world.apply();
}

#[test]
fn what_somebody_can_help_stays() {
    let mut world = World::applied(NETWORK);
    world.behind("nat_gateway.main", |live| {
        live.condition = Condition::Impaired("stopped".to_owned());
    });
    assert_snapshot!(world.show(), @"nothing");
}

#[test]
fn who_can_be_without_for_a_while_lets_go_of_what_must_be_deleted_first() {
    let stack = |zone: &str| {
        format!(
            "
        vpc.main
          cidr_block: 10.0.0.0/16
        subnet.a
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
          zone: {zone}
        subnet.b
          vpc: @vpc.main
          cidr_block: 10.0.1.0/24
        lambda_function.api
          role: some-role
          source: code
          subnets: [@subnet.a, @subnet.b]
    "
        )
    };
    let mut world = World::applied(&stack("a"));
    world.edit(&stack("b"));
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
    "#);
    world.apply();
}

#[test]
fn what_an_interrupted_replacement_left_behind_is_deleted() {
    let twin = |shape: &str| {
        format!(
            "
        twin.a
          shape: {shape}
        twin.b
          beside: @twin.a
    "
        )
    };
    let mut world = World::applied(&twin("round"));
    world.edit(&twin("square")).crash_after(1);
    assert_snapshot!(world.show(), @r#"
    +- twin.a (file): superseded twin
    ~ twin.b (dependency)
        beside: "twin-00abc0001" -> "twin-00abc0003"
     0 update twin.b [beside]
     1 delete twin.a < 0
    "#);
    world.apply();
}

#[test]
fn what_others_use_is_told() {
    let mut world = World::applied(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.a
          vpc: @vpc.main
    ",
    );
    let mut theirs = world.find(&"security_group.a".parse().unwrap()).unwrap().clone();
    let ours = serde_json::to_string(&theirs.id).unwrap();
    let rule = format!(r#"[{{"port":1,"from":[{ours}]}}]"#);
    theirs.attributes.insert("ingress".to_owned(), serde_json::from_str(&rule).unwrap());
    theirs.attributes.insert("name".to_owned(), "theirs".into());
    (theirs.id, theirs.ownership) = ("sg-theirs".to_owned(), trueup_model::Ownership::default());
    world.account.resources.push(theirs);
    assert_snapshot!(world.destroy().show(), @"
    - security_group.a (file): destroyed
    - vpc.main (file): destroyed
     0 delete security_group.a
     1 delete vpc.main < 0
    warning used-by-others: security_group.a is deleted while security_group sg-theirs, which is not of this stack, uses it (point them elsewhere first, or AWS will refuse)
    warning used-by-others: vpc.main is deleted while security_group sg-theirs, which is not of this stack, uses it (point them elsewhere first, or AWS will refuse)
    ");
}
