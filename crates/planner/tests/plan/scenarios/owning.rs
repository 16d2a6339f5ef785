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
    move twin.new (file): was twin.old
     0 update twin.new []
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
    withheld vpc.main: depends on subnet.public
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
