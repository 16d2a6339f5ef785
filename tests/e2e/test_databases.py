"""Databases in the states and at the moments in which something could be lost."""

import re

import pytest

from program import DONE, ERROR, PARTLY, destroying
from proxy import Proxy
from shop import DATABASE, NETWORK, OWN
from world import SECRET_TAG, pairs

AGAIN = f"  again: {{ instance_class: db.t3.micro, subnet_group: main, restore_from: nightly, {OWN} }}\n"


def described(world, name):
    found, = world.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return found


def snapshots(world):
    return [one["DBSnapshotIdentifier"] for one in world.rds.describe_db_snapshots()["DBSnapshots"]]


def in_state(state):
    """Databases are described as in this state, in which moto cannot bring them."""

    def fault(service, action, forward):
        status, headers, content = forward()
        if action == "DescribeDBInstances":
            content = re.sub(rb"(<DBInstanceStatus>)available<", rb"\g<1>" + state.encode() + b"<", content)
        return status, headers, content

    return fault


class LostOnce:
    """The answer to the first call of an action is lost, after it took effect."""

    def __init__(self, action):
        self.action = action
        self.calls = 0

    def __call__(self, service, action, forward):
        answer = forward()
        self.calls += action == self.action
        return None if action == self.action and self.calls == 1 else answer


@pytest.fixture
def standing(program, stack):
    path = stack(NETWORK, DATABASE)
    program.apply(path)
    return path


def test_a_restored_database_gets_its_password_after_a_crash(emulator, enter, account, program, world, stack, standing):
    """The call that restores takes no password. A run that dies after it leaves the next one to set it."""
    world.rds.create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="shop-main")
    path = stack(NETWORK, DATABASE + AGAIN)

    def strike(number, action):
        if action == "RestoreDBInstanceFromDBSnapshot":
            running.kill()
        return action == "RestoreDBInstanceFromDBSnapshot"

    with Proxy(emulator.url, strike) as proxy:
        running = enter(account, proxy.url).start("apply", path, "--yes")
        assert running.wait(timeout=120) == -9
    assert SECRET_TAG not in pairs(described(world, "shop-again")["TagList"])

    assert "password" in program.plan(path).paths("db_instance.again")
    with Proxy(emulator.url) as proxy:
        enter(account, proxy.url).apply_after_crash(path, waiting=False)
    assert "ModifyDBInstance" in proxy.changes
    assert SECRET_TAG in pairs(described(world, "shop-again")["TagList"])
    program.plan_is_empty(path)


@pytest.mark.parametrize("state", ["incompatible-parameters", "inaccessible-encryption-credentials", "stopped"])
def test_what_can_be_saved_is_not_replaced(emulator, enter, account, world, standing, state):
    """It keeps its data, the plan says what is the matter, and it does not go without a snapshot."""
    with Proxy(emulator.url, fault=in_state(state)) as proxy:
        program = enter(account, proxy.url)
        assert not program.plan(standing, "--allow-data-loss", "db_instance.main").changes
        program.run("plan", standing).expect(DONE).says(f"it is '{state}'")
        program.destroy(standing)
    assert len(snapshots(world)) == 1


@pytest.mark.parametrize("state", ["failed", "incompatible-network", "incompatible-restore"])
def test_where_rds_takes_no_snapshot_the_plan_says_so(emulator, enter, account, world, standing, state):
    """Deletion protection is no obstacle, though it never becomes available again."""
    with Proxy(emulator.url, fault=in_state(state)) as proxy:
        enter(account, proxy.url).destroy(standing).says("no final snapshot can be taken")
    assert not snapshots(world)


def test_what_waits_for_the_window_does_not_happen_on_the_way_out(emulator, enter, account, world, standing):
    """Taking the protection off says nothing of "at once", which would be said of all that waits."""
    world.rds.modify_db_instance(DBInstanceIdentifier="shop-main", DBInstanceClass="db.t3.large")

    def strike(number, action):
        if action == "ModifyDBInstance":
            running.kill()
        return action == "ModifyDBInstance"

    with Proxy(emulator.url, strike) as proxy:
        running = enter(account, proxy.url).start("destroy", standing, *destroying())
        assert running.wait(timeout=120) == -9
    database = described(world, "shop-main")
    assert not database["DeletionProtection"]
    assert database["PendingModifiedValues"]["DBInstanceClass"] == "db.t3.large"


def test_a_stopped_database_is_not_waited_for(emulator, enter, stack):
    account = emulator.new_account(states=0.2)
    program, rds = enter(account), account.client("rds")
    program.apply(stack(NETWORK, DATABASE))
    rds.stop_db_instance(DBInstanceIdentifier="shop-main")
    larger = stack(NETWORK, DATABASE.replace("db.t3.micro", "db.t3.small"))
    program.run("apply", larger, "--yes").expect(ERROR, PARTLY).says("start it first")


def test_a_delete_whose_answer_is_lost_is_not_asked_for_again_and_again(emulator, enter, stack):
    account = emulator.new_account(states=2)
    path = stack(NETWORK, DATABASE)
    enter(account).apply(path)
    lost = LostOnce("DeleteDBInstance")
    with Proxy(emulator.url, fault=lost) as proxy:
        enter(account, proxy.url).destroy(path)
    assert lost.calls == 2
    assert len(account.client("rds").describe_db_snapshots()["DBSnapshots"]) == 1
