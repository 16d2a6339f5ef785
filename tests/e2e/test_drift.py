"""Changes behind the stack's back: each is reported, alone, and mended."""

import pytest

from mutations import MUTATIONS
from program import CHANGES, summary


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
