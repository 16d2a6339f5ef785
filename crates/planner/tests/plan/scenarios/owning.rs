//! Whose something is: adopting, moving, and what is not ours.

use insta::assert_snapshot;

use super::NETWORK;
use crate::world::World;

#[test]
fn something_that_exists_is_adopted() {
    let mut world = World::applied(
        "
        thing.old
          string: one
    ",
    );
    let id = world.id("thing.old");
    world.behind("thing.old", |live| live.ownership = trueup_model::Ownership::default());
    world.edit(&format!(
        "
        thing.new
          adopt: {id}
          string: two
    "
    ));
    assert_snapshot!(world.show().replace(&id, "ID"), @r#"
    adopt thing.new (file): adopt
        string: "one" -> "two"
     0 update thing.new [string]
    "#);
    world.apply();
    assert_eq!(world.id("thing.new"), id);
}

#[test]
fn what_should_be_adopted_must_exist_and_be_nobodys() {
    let mut world = World::applied(
        "
        thing.old
          string: one
    ",
    );
    let id = world.id("thing.old");
    world.edit(&format!(
        "
        thing.new
          adopt: {id}
        thing.gone
          adopt: thing-0123
        twin.needs_it
          tags.of: ${{thing.gone.id}}
    "
    ));
    assert_snapshot!(world.show().replace(&id, "ID"), @r#"
    withheld thing.gone: faulty: 'thing-0123', which it should adopt, does not exist
    withheld thing.new: ID is not ours but Some("the trueup stack demo")'s
    withheld twin.needs_it: depends on thing.gone
    error adopt-missing: thing.gone: 'thing-0123', which it should adopt, does not exist (write the id of something that exists; or leave 'adopt' out, and it is created)
    error adopt-owned: thing.new cannot adopt 'ID': the trueup stack demo owns it (it is thing.old of this stack: write 'moved_from: thing.old')
    "#);
}

#[test]
fn a_renamed_resource_is_only_tagged_anew() {
    let mut world = World::applied(
        "
        twin.old
          shape: square
        twin.holder
          beside: @twin.old
    ",
    );
    world.edit(
        "
        twin.new
          moved_from: twin.old
          shape: square
        twin.holder
          beside: @twin.new
    ",
    );
    assert_snapshot!(world.show(), @"
    ~ twin.holder (file): reworded
    move twin.new (file): was twin.old
     0 update twin.new []
     1 update twin.holder [] < 0
    ");
    world.apply();
    // The line may go once it is done, and later edits rebuild nothing either.
    world.edit(
        "
        twin.new
          shape: square
          tags.a: b
        twin.holder
          beside: @twin.new
    ",
    );
    assert_snapshot!(world.show(), @r#"
    ~ twin.new (file)
        tags.a: null -> "b"
     0 update twin.new [tags]
    "#);
}

#[test]
fn a_rename_without_a_word_is_recognised() {
    let mut world = World::applied(
        "
        twin.old
          shape: square
    ",
    );
    world.edit(
        "
        twin.new
          shape: square
    ",
    );
    assert_snapshot!(world.show(), @"
    + twin.new (file)
    - twin.old (file): left
     0 create twin.new
     1 delete twin.old
    warning renamed: twin.new looks like twin.old under another name (if it is, write 'moved_from: twin.old' and nothing is rebuilt)
    ");
}

#[test]
fn what_cannot_be_read_is_not_taken_for_absent() {
    let mut world = World::applied(NETWORK);
    world.account.resources.retain(|live| live.kind != "subnet");
    world.account.unreadable.push(trueup_model::snapshot::Unreadable {
        kind: "subnet".into(),
        address: None,
        action: "ec2:DescribeSubnets".to_owned(),
        message: "UnauthorizedOperation".to_owned(),
    });
    assert_snapshot!(world.show(), @"
    withheld nat_gateway.main: depends on subnet.public
    withheld subnet.public: unreadable: ec2:DescribeSubnets: UnauthorizedOperation
    ");
    assert_snapshot!(world.destroy().show(), @"
    - internet_gateway.main (file): destroyed
    - nat_gateway.main (file): destroyed
     0 delete nat_gateway.main
     1 delete internet_gateway.main < 0
    withheld subnet.public: unreadable: ec2:DescribeSubnets: UnauthorizedOperation
    withheld vpc.main: needed by subnet.public
    ");
}

#[test]
fn a_name_that_somebody_else_has_is_left_alone() {
    let mut world = World::applied(
        "
        log_group.a
    ",
    );
    world.behind("log_group.a", |live| live.ownership.stack = Some("other".to_owned()));
    assert_snapshot!(world.show(), @r#"
    withheld log_group.a: demo-a is not ours but Some("the trueup stack other")'s
    warning not-ours: log_group.a: 'demo-a' exists and was not made under this address (it belongs to the trueup stack other: choose another name)
    "#);
    world.behind("log_group.a", |live| live.ownership.stack = None);
    assert_snapshot!(world.show(), @"
    withheld log_group.a: demo-a is not ours but None's
    warning not-ours: log_group.a: 'demo-a' exists and was not made under this address (if it should be of this stack, write 'adopt: demo-a')
    ");
}

#[test]
fn what_another_tool_owns_is_not_fought_over() {
    let mut world = World::applied(
        "
        log_group.a
    ",
    );
    world.behind("log_group.a", |live| {
        live.ownership.other = Some("CloudFormation stack web".to_owned());
        live.attributes.insert("days".to_owned(), 1.into());
    });
    assert_snapshot!(world.show(), @r#"withheld log_group.a: demo-a is not ours but Some("CloudFormation stack web")'s"#);
    assert_snapshot!(world.destroy().show(), @"warning unclear-ownership: log_group 'demo-a' carries this stack's tag and is left alone: another tool owns it too (delete it by hand, or take its 'trueup:' tags off)");
}

#[test]
fn two_of_one_address_are_reported() {
    let mut world = World::applied(
        "
        thing.a
          string: one
    ",
    );
    let mut copy = world.account.resources[0].clone();
    copy.id = "thing-copy".to_owned();
    world.account.resources.push(copy);
    assert_snapshot!(world.show(), @"
    withheld thing.a: faulty: thing-00abc0001 and thing-copy carry the same address
    error claimed-twice: thing.a: thing-00abc0001 and thing-copy carry the same address (take the 'trueup:' tags off the one that is not of this stack, or delete it)
    ");
}

#[test]
fn a_cleared_tag_of_ownership_is_reported() {
    let mut world = World::applied(NETWORK);
    world.account.resources[0].ownership.address = None;
    world.edit("");
    assert_snapshot!(world.show(), @"
    - internet_gateway.main (file): left
    - nat_gateway.main (file): left
    - subnet.public (file): left
     0 delete nat_gateway.main
     1 delete subnet.public < 0
     2 delete internet_gateway.main < 0
    warning unclear-ownership: vpc 'vpc-00abc0001' carries this stack's tag and is left alone: its tag 'trueup:address' is missing or unreadable (delete it by hand, or take its 'trueup:' tags off)
    ");
}

#[test]
fn a_moved_database_keeps_its_password() {
    let database = |head: &str| {
        format!(
            "
        {head}
          engine: postgres
          class: small
          password: secret:hunter22
    "
        )
    };
    let mut world = World::applied(&database("db_instance.old"));
    world.edit(&database("db_instance.new\n          moved_from: db_instance.old"));
    assert_snapshot!(world.show(), @"
    move db_instance.new (file): was db_instance.old
     0 update db_instance.new []
    ");
    world.apply();
    let json = serde_json::to_string(&world.plan()).unwrap();
    assert!(!json.contains("hunter22"));
}

#[test]
fn what_was_adopted_is_destroyed_to_the_end() {
    let mut world = World::applied(
        "
        vpc.theirs
          cidr_block: 10.0.0.0/16
    ",
    );
    let id = world.id("vpc.theirs");
    world.behind("vpc.theirs", |live| live.ownership = trueup_model::Ownership::default());
    let stack = format!(
        "
        vpc.main
          adopt: {id}
          cidr_block: 10.0.0.0/16
        subnet.a
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
        subnet.b
          vpc: @vpc.main
          cidr_block: 10.0.1.0/24
    "
    );
    // What is not adopted yet stays: it is not ours.
    world.edit(&stack);
    assert_snapshot!(world.destroy().show(), @"nothing");
    for steps in 0..=3 {
        world.options.mode = trueup_planner::Mode::Apply;
        world.edit(&stack).apply();
        let mut dying = World::applied("");
        dying.account = world.account.clone();
        dying.edit(&stack).destroy().crash_after(steps);
        let plan = dying.plan();
        assert!(plan.findings.is_empty(), "after {steps} steps: {:#?}", plan.findings);
        dying.apply();
        assert!(dying.account.resources.is_empty(), "after {steps} steps");
    }
}

#[test]
fn one_thing_is_not_two_resources() {
    let mut world = World::applied(
        "
        thing.old
          string: one
        thing.theirs
          string: two
    ",
    );
    let id = world.id("thing.theirs");
    world.behind("thing.theirs", |live| live.ownership = trueup_model::Ownership::default());
    world.edit(&format!(
        "
        thing.a
          moved_from: thing.old
        thing.b
          moved_from: thing.old
        thing.c
          adopt: {id}
        thing.d
          adopt: {id}
        twin.needs_it
          tags.of: ${{thing.a.id}}
    "
    ));
    assert_snapshot!(world.show().replace(&id, "ID"), @"
    withheld thing.a: faulty: thing.a and thing.b claim the same: thing.old
    withheld thing.b: faulty: thing.a and thing.b claim the same: thing.old
    withheld thing.c: faulty: thing.c and thing.d claim the same: thing 'ID'
    withheld thing.d: faulty: thing.c and thing.d claim the same: thing 'ID'
    withheld twin.needs_it: depends on thing.a
    error claimed-by-several: thing.a and thing.b claim the same: thing.old (leave 'moved_from' with one of them, and take it out of the rest)
    error claimed-by-several: thing.a and thing.b claim the same: thing.old (leave 'moved_from' with one of them, and take it out of the rest)
    error claimed-by-several: thing.c and thing.d claim the same: thing 'ID' (leave 'adopt' with one of them, and take it out of the rest)
    error claimed-by-several: thing.c and thing.d claim the same: thing 'ID' (leave 'adopt' with one of them, and take it out of the rest)
    ");
    world.destroy().apply();
    assert_eq!(world.account.resources.len(), 1, "what nobody owns stays");
}

#[test]
fn what_is_adopted_keeps_its_tags() {
    let mut world = World::applied(
        "
        thing.theirs
          tags.owner: them
          tags.project: other
          string: one
    ",
    );
    let id = world.id("thing.theirs");
    world.behind("thing.theirs", |live| live.ownership = trueup_model::Ownership::default());
    let adopting = format!("adopt: {id}");
    let ours = |line: &str| {
        format!(
            "
        thing.ours
          {line}
          tags.project: demo
          string: one
    "
        )
    };
    world.edit(&ours(&adopting));
    assert_snapshot!(world.show().replace(&id, "ID"), @r#"
    adopt thing.ours (file): adopt
        tags.project: "other" -> "demo"
     0 update thing.ours [tags]
    withheld thing.ours: ignored tags.owner: it was adopted with this tag, or somebody added it: name it under 'tags' to keep it when 'adopt' is taken out
    "#);
    world.apply();
    // Nor are they drift afterwards, and another change does not take them off.
    world.behind("thing.ours", |live| drop(live.attributes.remove("string")));
    assert_snapshot!(world.show().replace(&id, "ID"), @r#"
    ~ thing.ours (drift)
        string: null -> "one"
     0 update thing.ours [string]
    withheld thing.ours: ignored tags.owner: it was adopted with this tag, or somebody added it: name it under 'tags' to keep it when 'adopt' is taken out
    "#);
    world.apply();
    assert_eq!(world.find(&"thing.ours".parse().unwrap()).unwrap().tags["owner"], "them");
    world.edit(&ours(""));
    assert_snapshot!(world.show(), @r#"
    ~ thing.ours (drift)
        tags.owner: "them" -> null
     0 update thing.ours [tags]
    "#);
}

#[test]
fn a_former_address_with_nothing_at_it_is_told() {
    let stack = "
        thing.new
          moved_from: thing.odl
          string: one
        thing.other
    ";
    let world = World::new(stack);
    assert_snapshot!(world.show(), @"
    + thing.new (file)
    + thing.other (file)
     0 create thing.new
     1 create thing.other
    ");
    let mut world = World::applied(
        "
        thing.old
          string: two
    ",
    );
    world.edit(stack);
    assert_snapshot!(world.show(), @"
    + thing.new (file)
    - thing.old (file): left
    + thing.other (file)
     0 create thing.new
     1 create thing.other
     2 delete thing.old
    warning moved-from-nothing: thing.new is created: nothing of this stack is at thing.odl ('trueup show' lists the addresses there are; leave 'moved_from' out of what is new)
    ");
}

#[test]
fn what_is_renamed_while_its_old_one_is_still_to_go_can_be_planned() {
    let mut world = World::applied(
        "
        twin.old
          shape: round
    ",
    );
    world.edit(
        "
        twin.old
          shape: square
    ",
    );
    world.crash_after(1);
    world.edit(
        "
        twin.new
          moved_from: twin.old
          shape: square
    ",
    );
    assert_snapshot!(world.show(), @"
    +- twin.new (file): was twin.old; superseded twin
     0 update twin.new []
     1 delete twin.new
    ");
    world.apply();
}
