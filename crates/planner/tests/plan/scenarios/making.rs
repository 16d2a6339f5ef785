//! What is made, changed and waited for, in which order.

use insta::assert_snapshot;
use trueup_model::Condition;

use super::{CIRCLE, FUNCTION, NETWORK};
use crate::world::World;

#[test]
fn everything_is_created_and_then_nothing_is_left() {
    let mut world = World::new(NETWORK);
    assert_snapshot!(world.show(), @"
    + internet_gateway.main (file)
    + nat_gateway.main (file)
    + subnet.public (file)
    + vpc.main (file)
     0 create vpc.main
     1 create internet_gateway.main < 0
     2 create subnet.public < 0
     3 create nat_gateway.main < 1 2
    ");
    world.apply();
    assert_snapshot!(world.show(), @"nothing");
}

#[test]
fn a_nat_gateway_waits_for_the_gateway_of_its_vpc_and_goes_before_it() {
    let mut world = World::applied(NETWORK);
    assert_snapshot!(world.destroy().show(), @"
    - internet_gateway.main (file): destroyed
    - nat_gateway.main (file): destroyed
    - subnet.public (file): destroyed
    - vpc.main (file): destroyed
     0 delete nat_gateway.main
     1 delete subnet.public < 0
     2 delete internet_gateway.main < 0
     3 delete vpc.main < 1 2
    ");
}

#[test]
fn a_log_group_is_made_before_the_function_that_its_name_reads() {
    let mut world = World::new(FUNCTION);
    assert_snapshot!(world.show(), @"
    + db_instance.main (file)
    + iam_role.api (file)
    + lambda_function.api (file)
    + log_group.api (file)
     0 create db_instance.main
     1 create iam_role.api
     2 create log_group.api
     3 create lambda_function.api < 0 1 2
    ");
    world.apply();
    assert_snapshot!(world.destroy().allow("db_instance.main").show(), @"
    - db_instance.main (file): destroyed
    - iam_role.api (file): destroyed
    - lambda_function.api (file): destroyed
    - log_group.api (file): destroyed
     0 delete lambda_function.api
     1 delete log_group.api < 0
     2 delete iam_role.api < 0
     3 delete db_instance.main with a snapshot
    ");
    world.apply();
}

#[test]
fn groups_refer_to_each_other_in_a_circle() {
    let mut world = World::new(CIRCLE);
    assert_snapshot!(world.show(), @"
    + security_group.a (file)
    + security_group.b (file)
    + vpc.main (file)
     0 create vpc.main
     1 create security_group.a < 0
     2 create security_group.b < 0
     3 update security_group.a [ingress] < 1 2
     4 update security_group.b [ingress] < 1 2
    ");
    world.apply();
    assert_snapshot!(world.destroy().show(), @"
    - security_group.a (file): destroyed
    - security_group.b (file): destroyed
    - vpc.main (file): destroyed
     0 update security_group.b [ingress]
     1 update security_group.a [ingress]
     2 delete security_group.b < 0 1
     3 delete security_group.a < 0 1
     4 delete vpc.main < 2 3
    ");
    world.apply();
    assert!(world.account.resources.is_empty());
}

#[test]
fn what_is_being_deleted_is_waited_for() {
    let mut world = World::applied(NETWORK);
    world.behind("subnet.public", |live| live.condition = Condition::Deleting("deleting".into()));
    assert_snapshot!(world.show(), @r#"
    -+ nat_gateway.main (dependency): subnet.public is replaced; not both: it holds subnet.public, which must go first
        subnet: "subnet.public" -> <subnet.public> !
    -+ subnet.public (drift): deleting already
     0 delete nat_gateway.main
     1 delete subnet.public < 0
     2 create subnet.public < 1
     3 create nat_gateway.main < 0 2
    "#);
}

#[test]
fn what_is_half_made_is_waited_for_before_it_is_used() {
    let mut world = World::new(NETWORK);
    world.crash_after(3);
    world.behind("subnet.public", |live| live.condition = Condition::Pending("pending".into()));
    assert_snapshot!(world.show(), @"
    + nat_gateway.main (file)
    ~ subnet.public (none)
     0 update subnet.public []
     1 create nat_gateway.main < 0
    ");
    world.apply();
}

#[test]
fn what_aws_does_not_tell_yet_is_no_reason_to_replace() {
    let group = |description: &str| {
        format!(
            "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.a
          vpc: @vpc.main
          description: {description}
    "
        )
    };
    let mut world = World::applied(&group("old"));
    world.behind("security_group.a", |live| {
        live.attributes.insert("description".to_owned(), trueup_model::Value::Null);
    });
    assert!(world.show().starts_with("+- security_group.a (drift): immutable description"));
    world.behind("security_group.a", |live| live.condition = Condition::Pending("pending".into()));
    assert_eq!(world.show(), "nothing\n");
    assert!(!world.edit(&group("new")).show().contains("+-"));
}

#[test]
fn a_circle_is_reported_and_the_rest_is_planned() {
    let world = World::new(
        "
        twin.a
          beside: @twin.b
        twin.b
          beside: @twin.a
        twin.c
          beside: @twin.b
        thing.free
          int: 1
    ",
    );
    assert_snapshot!(world.show(), @"
    + thing.free (file)
     0 create thing.free
    withheld twin.a: faulty: it is part of a circle of dependencies
    withheld twin.b: faulty: it is part of a circle of dependencies
    withheld twin.c: depends on twin.b
    error dependency-cycle: twin.a, twin.b need each other in a circle (take one of the references or 'depends_on' out of the circle)
    ");
}

#[test]
fn one_address_in_the_place_of_another_waits_for_it() {
    let mut world = World::applied(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
        subnet.old
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
        log_group.old
          name: fixed
    ",
    );
    world.edit(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
        subnet.new
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
        log_group.new
          name: fixed
          days: 7
    ",
    );
    assert_snapshot!(world.show(), @"
    + log_group.new (file)
    - log_group.old (file): left
    + subnet.new (file)
    - subnet.old (file): left
     0 delete subnet.old
     1 create subnet.new < 0
     2 delete log_group.old
     3 create log_group.new < 2
    ");
    world.apply();
}

#[test]
fn a_name_that_is_still_held_gets_a_suffix() {
    let twins = |address: &str| {
        format!(
            "
        {address}
          name: fixed
        twin.holder
          beside: @{address}
    "
        )
    };
    let mut world = World::applied(&twins("twin.old"));
    world.edit(&twins("twin.new"));
    assert_snapshot!(world.show(), @r#"
    ~ twin.holder (file)
        beside: "twin.old" -> <twin.new>
    + twin.new (file)
    - twin.old (file): left
     0 create twin.new
     1 update twin.holder [beside] < 0
     2 delete twin.old < 1
    warning renamed: twin.new looks like twin.old under another name (if it is, write 'moved_from: twin.old' and nothing is rebuilt)
    "#);
    world.apply();
}

#[test]
fn depends_on_orders_both_ways() {
    let mut world = World::new(
        "
        thing.first
          int: 1
        thing.after
          int: 2
          depends_on: [@thing.first]
    ",
    );
    assert_snapshot!(world.show(), @"
    + thing.after (file)
    + thing.first (file)
     0 create thing.first
     1 create thing.after < 0
    ");
    world.apply();
    assert_snapshot!(world.destroy().show(), @"
    - thing.after (file): destroyed
    - thing.first (file): destroyed
     0 delete thing.after
     1 delete thing.first < 0
    ");
}

#[test]
fn a_group_that_refers_to_itself_settles() {
    let mut world = World::applied(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.a
          vpc: @vpc.main
          ingress: [{port: 2, from: [@security_group.a]}]
    ",
    );
    assert_snapshot!(world.show(), @"nothing");
    assert_snapshot!(world.destroy().show(), @"
    - security_group.a (file): destroyed
    - vpc.main (file): destroyed
     0 delete security_group.a
     1 delete vpc.main < 0
    ");
    world.apply();
}
