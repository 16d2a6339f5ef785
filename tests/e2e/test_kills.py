"""kill -9 at any moment of an apply, another apply: as if nothing had happened.

`TRUEUP_KILLS` says how often; the seed is printed, and `TRUEUP_SEED` takes it.
"""

import os
import random

import pytest

from faults import SEED, Kill
from program import STACKS
from proxy import Proxy
from world import World

SNOWEX = STACKS / "snowex.yaml"

KILLS = int(os.environ.get("TRUEUP_KILLS", "4"))

# With `visibility`, what a dead run made is not listed yet when the next apply follows at once.
VISIBILITY = [3, 5]
BEHAVIOURS = [
    {}, {"states": 0.4}, {"states": 0.4, "interfaces": 1, "pages": 5}, {"visibility": VISIBILITY},
    {"visibility": VISIBILITY, "states": 0.4, "pages": 5},
]

# How many requests an apply from nothing makes at most; a kill that comes too late hits nobody.
REQUESTS = 130


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_at_random(emulator, enter, undisturbed, record_property, number):
    chance = random.Random(f"{SEED} kill {number}")
    account = emulator.new_account(**chance.choice(BEHAVIOURS))
    world, story = World(account, "snowex"), []
    before = world.census(), world.interfaces()

    for _ in range(chance.choice([1, 1, 2])):
        story.append(apply_and_kill(emulator, enter, account, chance))
    record_property("kill", f"{number}: {'; '.join(story)}")

    program = enter(account)
    program.apply_after_crash(SNOWEX, waiting=False)
    program.plan_is_empty(SNOWEX)
    assert (sorted(world.owned()), world.census(), world.interfaces()) == undisturbed, story
    program.destroy(SNOWEX)
    assert not world.leftovers(), story
    assert (world.census(), world.interfaces()) == before, story


def apply_and_kill(emulator, enter, account, chance):
    """Says where it was killed."""
    at, moment = chance.randrange(1, REQUESTS), chance.choice(Kill.MOMENTS)
    kill = Kill(at, moment, chance.uniform(0, 0.2))
    enter(account).unlock(SNOWEX)
    with Proxy(emulator.url, fault=kill) as proxy:
        kill.process = enter(account, proxy.url).start("apply", SNOWEX, "--yes")
        code = kill.process.wait(timeout=180)
    assert code in (0, -9), f"it ended by itself with {code}"
    changes = len(proxy.changes)
    return f"request {at}, {moment}, after {changes} changes" if code else f"done after {proxy.requests} requests"


@pytest.fixture(scope="module")
def undisturbed(emulator, enter):
    """What there is after an apply that nothing disturbed."""
    account = emulator.new_account()
    enter(account).apply(SNOWEX)
    world = World(account, "snowex")
    return sorted(world.owned()), world.census(), world.interfaces()
