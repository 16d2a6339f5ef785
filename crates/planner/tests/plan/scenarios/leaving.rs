//! What left the stack.

use insta::assert_snapshot;

use super::{CIRCLE, NETWORK};
use crate::world::World;

#[test]
fn what_left_the_stack_is_deleted_after_what_used_it() {
    let mut world = World::applied(NETWORK);
    world.edit(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
    ",
    );
    assert_snapshot!(world.show(), @"
    - internet_gateway.main (file): left
    - nat_gateway.main (file): left
    - subnet.public (file): left
     0 delete nat_gateway.main
     1 delete subnet.public < 0
     2 delete internet_gateway.main < 0
    ");
    world.apply();
}

#[test]
fn whoever_holds_what_leaves_lets_go_of_it_first() {
    let mut world = World::applied(CIRCLE);
    world.edit(
        "
        vpc.main
          cidr_block: 10.0.0.0/16
        security_group.b
          vpc: @vpc.main
    ",
    );
    assert_snapshot!(world.show(), @r#"
    - security_group.a (file): left
    ~ security_group.b (file)
        ingress[security_group.a 10.0.0.0/8 2]: {"from":["security_group.a","10.0.0.0/8"],"note":null,"port":2} -> null
     0 update security_group.b [ingress]
     1 delete security_group.a < 0
    "#);
    world.apply();
}

#[test]
fn what_is_retained_stays_without_our_tags() {
    let stack = "
        vpc.main
          cidr_block: 10.0.0.0/16
        subnet.a
          vpc: @vpc.main
          cidr_block: 10.0.0.0/24
          on_destroy: retain
    ";
    let mut world = World::applied(stack);
    assert_snapshot!(world.destroy().show(), @"
    forget subnet.a (file): retained
     0 forget subnet.a
    withheld vpc.main: needed by subnet.a
    ");
}

#[test]
fn many_deletes_at_once_need_a_word() {
    let things = |count: usize| {
        let things: Vec<String> =
            (0..count).map(|n| format!("    thing.t{n}\n      int: {n}\n")).collect();
        things.concat()
    };
    let mut world = World::applied(&things(10));
    world.edit(&things(6));
    let last = |text: String| text.lines().last().unwrap().to_owned();
    assert_snapshot!(last(world.show()), @"error mass-delete: the plan deletes 4 of 10 resources (4 for good, 0 replaced) (if that is meant, allow it with --allow-mass-delete)");
    world.options.allow_mass_delete = true;
    assert_snapshot!(last(world.show()), @" 3 delete thing.t6");
    world.options.allow_mass_delete = false;
    world.edit(&things(7));
    assert_snapshot!(last(world.show()), @" 2 delete thing.t7");
}
