"""snowex from nothing to nothing where AWS is at its most like itself, and where the way there is bad."""

import pytest

import faults
from faults import SEED, Sometimes
from program import DONE, ERROR, PARTLY, STACKS, destroying
from proxy import Proxy
from world import World

SNOWEX = STACKS / "snowex.yaml"

# What `tests/emulator` can do besides what it always does. Seconds are short, so that the tests are.
BEHAVIOURS = {
    "states that take time": {"states": 0.5},
    "interfaces that outlive their function": {"interfaces": 2},
    "pages of five": {"pages": 5},
    "what is new is not known yet": {"visibility": 1},
    "all at once": {"states": 0.5, "interfaces": 2, "pages": 5, "visibility": 1},
}


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_snowex_lives_and_dies(emulator, enter, name):
    account = emulator.new_account(**BEHAVIOURS[name])
    program, world = enter(account), World(account, "snowex")
    before = world.census(), world.interfaces()

    program.apply(SNOWEX)
    assert world.interfaces(), "no interfaces: the emulator does not do what this is about"
    program.plan_is_empty(SNOWEX)
    program.run("drift", SNOWEX, expect=0)
    program.destroy(SNOWEX)

    assert not world.leftovers()
    assert (world.census(), world.interfaces()) == before


# What goes wrong, how often, and how many runs it may take until all is done. Being slowed down is no
# reason to fail; where answers are lost, not every call may be repeated, and the next run goes on.
FAULTS = {
    "slow": (faults.slow, 0.1, 1),
    "throttled": (faults.throttled, 0.15, 1),
    "500 before it took effect": (faults.failed_before, 0.06, 4),
    "500 after it took effect": (faults.failed_after, 0.06, 4),
    "503": (faults.unavailable, 0.06, 4),
    "cut off before it took effect": (faults.cut_before, 0.06, 4),
    "cut off after it took effect": (faults.cut_after, 0.06, 4),
}


@pytest.mark.parametrize("name", FAULTS)
def test_snowex_in_spite_of_faults(emulator, enter, name):
    fault, share, most_runs = FAULTS[name]
    account = emulator.new_account()
    undisturbed, world = enter(account), World(account, "snowex")
    before = world.census(), world.interfaces()
    fault = Sometimes(fault, share, f"{SEED} {name}")

    with Proxy(emulator.url, fault=fault) as proxy:
        program = enter(account, proxy.url)
        until_done(program, most_runs, "apply", SNOWEX, "--yes")
        undisturbed.plan_is_empty(SNOWEX)
        assert all(len(things) == 1 for address, things in world.owned().items() if address != "iam_role.bastion")
        undisturbed.run("drift", SNOWEX, expect=0)
        until_done(program, most_runs, "destroy", SNOWEX, *destroying())

    assert fault.happened >= 3, "hardly anything went wrong"
    assert not world.leftovers()
    assert (world.census(), world.interfaces()) == before


def until_done(program, most_runs, *command):
    """Runs a command again and again, as its own errors advise."""
    for run in range(most_runs):
        result = program.run(*command).expect(DONE, *([ERROR, PARTLY] if run < most_runs - 1 else []))
        if result.code == DONE:
            return
        program.unlock(SNOWEX)
