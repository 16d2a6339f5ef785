//! One scenario for each thing that a plan can do.

use insta::assert_snapshot;

use crate::world::World;

const NETWORK: &str = "
    vpc.main
      cidr_block: 10.0.0.0/16
    internet_gateway.main
      vpc: @vpc.main
    subnet.public
      vpc: @vpc.main
      cidr_block: 10.0.0.0/24
    nat_gateway.main
      subnet: @subnet.public
";

#[test]
fn everything_is_created_and_then_nothing_is_left() {
    let mut world = World::new(NETWORK);
    assert_snapshot!(world.show(), @"");
    world.apply();
    assert_snapshot!(world.show(), @"");
}
