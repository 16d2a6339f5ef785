"""Changes behind the stack's back: each is reported, alone, and mended."""

import pytest

from mutations import MUTATIONS
from program import CHANGES, STACKS, summary
from world import World

SNOWEX = STACKS / "snowex.yaml"


CHANGED = [mutation for mutation in MUTATIONS if mutation.action == "update"]
GONE = [mutation for mutation in MUTATIONS if mutation.action == "create"]


@pytest.mark.parametrize("mutation", CHANGED, ids=str)
def test_one_change(applied, mutation):
    program, world, stack = applied
    as_it_was = mutation.observe(world)
    mutation.change(world)
    assert mutation.observe(world) != as_it_was, "the change itself had no effect: a fault of the test or the emulator"

    drift = program.drift(stack)
    assert drift.actions == {mutation.address: mutation.action}, f"\n{summary(drift)}\n{drift}"
    assert drift.causes == {"drift"}, summary(drift)
    plan = program.plan(stack)
    assert plan.actions == drift.actions, summary(plan)

    program.apply(stack)
    world.let_the_window_come()
    assert mutation.observe(world) == as_it_was
    program.plan_is_empty(stack)


@pytest.mark.parametrize("mutation", GONE, ids=str)
def test_what_is_gone_is_made_anew(applied, mutation):
    program, world, stack = applied
    as_it_was = mutation.observe(world)
    mutation.change(world)
    assert mutation.observe(world) != as_it_was

    program.run("drift", stack, expect=CHANGES).says(mutation.address)
    plan = program.plan(stack)
    assert plan.actions == {mutation.address: "create"}, summary(plan)

    program.apply(stack)
    assert mutation.observe(world) == as_it_was
    program.plan_is_empty(stack)


def test_tokens_of_what_was_deleted_are_spent(applied):
    """AWS answers a token with what it made at first, also when that is gone: another token is taken."""
    program, world, stack = applied
    table, gateway = world.id("route_table.private"), world.id("nat_gateway.main")
    for association in world.route_table("route_table.private")["Associations"]:
        world.ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
    world.ec2.delete_route_table(RouteTableId=table)
    world.ec2.delete_nat_gateway(NatGatewayId=gateway)

    program.apply(stack)
    assert world.id("route_table.private") != table and world.id("nat_gateway.main") != gateway
    assert world.routes("route_table.private") == {"0.0.0.0/0": world.id("nat_gateway.main")}
    program.plan_is_empty(stack)


def test_what_is_being_deleted_is_waited_for(emulator, enter):
    """One run, and no more, after another that died just when it had asked for a deletion."""
    account = emulator.new_account(states=2)
    program, world = enter(account), World(account, "snowex")
    program.apply(SNOWEX)
    world.ec2.delete_nat_gateway(NatGatewayId=world.id("nat_gateway.main"))
    world.ec2.terminate_instances(InstanceIds=[world.id("instance.bastion")])
    program.apply(SNOWEX)
    program.plan_is_empty(SNOWEX)


def test_all_at_once(applied):
    program, world, stack = applied
    mutations = [mutation for mutation in MUTATIONS if mutation.together]
    as_it_was = {mutation.name: mutation.observe(world) for mutation in mutations}
    for mutation in mutations:
        mutation.change(world)

    drift = program.drift(stack)
    assert drift.actions == {mutation.address: mutation.action for mutation in mutations}, f"\n{summary(drift)}\n{drift}"
    program.run("drift", stack, expect=CHANGES).says(*{mutation.address for mutation in mutations})

    program.apply(stack)
    world.let_the_window_come()
    assert {mutation.name: mutation.observe(world) for mutation in mutations} == as_it_was
    program.plan_is_empty(stack)


def test_no_change_is_no_drift(applied):
    program, _, stack = applied
    program.run("drift", stack, expect=0)
    assert not program.drift(stack).changes
