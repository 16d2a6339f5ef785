"""Killed or cut off at any point, run again: the same end, nothing twice, nothing lost."""

import os
import signal
import threading

import pytest

from program import DONE, ERROR, INTERRUPTED, LEASE_HELD, PARTLY, STACKS, destroying
from proxy import Proxy
from world import World

SNOWEX = STACKS / "snowex.yaml"

THOROUGH = bool(os.environ.get("TRUEUP_E2E_THOROUGH"))

# At which of the changes that apply makes.
POINTS = range(1, 61) if THOROUGH else [1, 2, 9, 17, 28, 38]

# More than a destroy has.
MOST_ACTIONS = 60

# Where the second apply waits until the first one's lease has run out.
WAITED_OUT = 9

# Those that nothing but our own tags keeps from being made twice come first.
ACTIONS = [
    "CreateVpc", "AllocateAddress", "CreateInternetGateway", "RunInstances", "CreateNatGateway", "CreateRouteTable",
    "CreateSecurityGroup", "CreateDBInstance", "CreateRole", "CreateLogGroup", "Post",
]
MORE_ACTIONS = [
    "CreateSubnet", "AttachInternetGateway", "AssociateRouteTable", "CreateRoute", "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupEgress", "CreateDBSubnetGroup", "AttachRolePolicy",
    "PutRolePolicy", "CreateInstanceProfile", "AddRoleToInstanceProfile", "ModifyVpcAttribute", "PutRetentionPolicy",
    "Put",
]


@pytest.fixture(scope="module")
def undisturbed(emulator, enter):
    """What there is after an apply that nothing disturbed, and how many changes that took."""
    account = emulator.new_account()
    with Proxy(emulator.url) as proxy:
        enter(account, proxy.url).apply(SNOWEX)
    world = World(account, "snowex")
    return sorted(world.owned()), world.census(), len(proxy.changes)


@pytest.mark.parametrize("point", POINTS)
def test_killed_in_mid_apply(emulator, enter, account, world, undisturbed, point):
    """kill -9 when the n-th change has taken effect and its answer is not there yet."""
    addresses, census, changes = undisturbed
    if point > changes:
        pytest.skip(f"an apply makes {changes} changes")

    def strike(number, action):
        if number == point:
            running.kill()
        return number >= point

    with Proxy(emulator.url, strike) as proxy:
        running = enter(account, proxy.url).start("apply", SNOWEX, "--yes")
        running.wait(timeout=120)
    assert len(proxy.changes) >= point and running.returncode == -9, "it was not killed in mid-apply"

    program = enter(account)
    # Once, the dead run's lease is waited out; every time would be a minute and a half each.
    program.apply_after_crash(SNOWEX, waiting=point == WAITED_OUT)
    program.plan_is_empty(SNOWEX)
    assert sorted(world.owned()) == addresses
    assert all(len(things) == 1 or address == "iam_role.bastion" for address, things in world.owned().items())
    assert world.census() == census, "something twice, or an orphan without tags"
    program.destroy(SNOWEX)
    assert not world.leftovers()


@pytest.mark.parametrize("lost", ACTIONS + (MORE_ACTIONS if THOROUGH else []))
def test_an_answer_is_lost(emulator, enter, account, world, undisturbed, lost):
    """The first call of an action takes effect, but the connection breaks before its answer."""
    addresses, census, _ = undisturbed
    strikes = []

    def strike(number, action):
        if action == lost and not strikes:
            strikes.append(number)
            return True
        return False

    with Proxy(emulator.url, strike) as proxy:
        result = enter(account, proxy.url).run("apply", SNOWEX, "--yes").expect(DONE, ERROR, PARTLY)
    if not strikes:
        pytest.skip(f"an apply does not call {lost}, but {sorted(set(proxy.changes))}")
    program = enter(account)
    program.apply_after_crash(SNOWEX)
    program.plan_is_empty(SNOWEX)
    assert sorted(world.owned()) == addresses, result
    assert world.census() == census, f"something twice, or an orphan without tags\n{result}"


def test_what_is_half_made_is_waited_for(emulator, enter):
    """Killed while AWS still makes a database: the next apply tells a function of it when it has a host."""
    account = emulator.new_account(states={"looks": 5})
    program, world = enter(account), World(account, "snowex")

    def strike(number, action):
        if action == "CreateDBInstance":
            running.kill()
        return action == "CreateDBInstance"

    with Proxy(emulator.url, strike) as proxy:
        running = enter(account, proxy.url).start("apply", SNOWEX, "--yes")
        assert running.wait(timeout=120) == -9

    program.apply_after_crash(SNOWEX, waiting=False)
    variables = world.function()["Configuration"]["Environment"]["Variables"]
    assert variables["DB_HOST"] == world.db_instance()["Endpoint"]["Address"]
    program.plan_is_empty(SNOWEX)


def test_every_change_of_a_destroy_is_the_last(emulator, enter, account, world):
    """kill -9 at the first change of each action, in one life after the other, until a destroy ends."""
    program, struck = enter(account), []
    before = world.census(), world.interfaces()
    for _ in range(MOST_ACTIONS):
        program.apply(SNOWEX)
        killed = kill_at_a_new_action(emulator, enter, account, struck)
        program.unlock(SNOWEX)
        program.destroy(SNOWEX)
        assert not world.leftovers(), struck
        assert (world.census(), world.interfaces()) == before, struck
        if not killed:
            break
    assert not killed and len(struck) > 15, struck


def kill_at_a_new_action(emulator, enter, account, struck):
    """Whether a destroy was killed at an action that is not in `struck`, which then has it."""

    def strike(number, action):
        if action not in struck and not killed:
            killed.append(action)
            running.kill()
        return bool(killed)

    killed = []
    with Proxy(emulator.url, strike) as proxy:
        running = enter(account, proxy.url).start("destroy", SNOWEX, *destroying())
        code = running.wait(timeout=120)
    assert code == (-9 if killed else DONE)
    struck += killed
    return bool(killed)


# How often, and for how many seconds, what was just made is not listed.
VISIBILITY = [20, 5]


@pytest.mark.parametrize("made", ["CreateVpc", "AllocateAddress"])
def test_killed_before_what_it_made_is_listed(emulator, enter, undisturbed, made):
    """Neither a token nor a name keeps these from being made twice: the next apply has to see them."""
    addresses, census, _ = undisturbed
    account = emulator.new_account(visibility=VISIBILITY)
    world = World(account, "snowex")

    def strike(number, action):
        if action == made:
            running.kill()
        return action == made

    with Proxy(emulator.url, strike) as proxy:
        running = enter(account, proxy.url).start("apply", SNOWEX, "--yes")
        assert running.wait(timeout=120) == -9

    program = enter(account)
    program.unlock(SNOWEX)
    program.apply(SNOWEX).says("what the interrupted run made may not be listed yet")
    assert (sorted(world.owned()), world.census()) == (addresses, census)
    assert "waiting" not in program.apply(SNOWEX).text


def test_interrupted_politely(emulator, enter, account, world, undisturbed):
    """Ctrl-C: what is under way is finished, nothing new is begun, and the lease is given back."""

    def strike(number, action):
        if number == 12:
            running.send_signal(signal.SIGINT)
        return False

    with Proxy(emulator.url, strike) as proxy:
        running = enter(account, proxy.url).start("apply", SNOWEX, "--yes")
        assert running.wait(timeout=120) == INTERRUPTED
    addresses, census, changes = undisturbed
    assert len(proxy.changes) < changes, "it finished all the same"

    program = enter(account)
    program.apply(SNOWEX)  # at once: nobody holds a lease
    program.plan_is_empty(SNOWEX)
    assert (sorted(world.owned()), world.census()) == (addresses, census)


def test_two_applies_at_once(emulator, enter, account, undisturbed):
    """The second is refused for as long as the first runs, and changes nothing."""
    begun, go_on = threading.Event(), threading.Event()

    def strike(number, action):
        if number == 5:
            begun.set()
            go_on.wait(timeout=120)
        return False

    with Proxy(emulator.url, strike) as proxy:
        first = enter(account, proxy.url).start("apply", SNOWEX, "--yes")
        assert begun.wait(timeout=120)
        try:
            enter(account).run("apply", SNOWEX, "--yes", expect=LEASE_HELD)
        finally:
            go_on.set()
        assert first.wait(timeout=120) == DONE
    assert World(account, "snowex").census() == undisturbed[1]
    enter(account).plan_is_empty(SNOWEX)
