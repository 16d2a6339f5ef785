"""What a database puts off, to its maintenance window or to a reboot: shown, left alone, taken back."""

from program import ERROR, stack_with, summary

BIGGER = ("--var", "db_instance_class=db.t3.small")
TWO_ZONES = ("    publicly_accessible: false\n", "    publicly_accessible: false\n    multi_az: true\n")


def pending(world):
    return world.db_instance().get("PendingModifiedValues", {})


def test_one_of_two_scheduled_changes_is_taken_back(applied, tmp_path):
    """RDS takes back only at once, and then does all else that waits: that is asked for again."""
    program, world, stack = applied
    both = stack_with(tmp_path, TWO_ZONES)
    program.apply(both, *BIGGER)
    assert pending(world) == {"DBInstanceClass": "db.t3.small", "MultiAZ": True}

    plan = program.plan(both)
    assert plan.paths("db_instance.main") == {"instance_class"}, summary(plan)
    program.apply(both)
    assert pending(world) == {"MultiAZ": True}
    database = world.db_instance()
    assert (database["DBInstanceClass"], database["MultiAZ"]) == ("db.t3.micro", False), "nothing was done at once"
    assert not program.plan(both).changes

    program.apply(stack)
    assert pending(world) == {}
    program.plan_is_empty(stack)


def test_what_cannot_be_taken_back_alone_is_left_and_said(applied):
    program, world, stack = applied
    program.apply(stack, *BIGGER)
    world.rds.modify_db_instance(DBInstanceIdentifier=world.id("db_instance.main"), LicenseModel="bring-your-own-license")
    scheduled = pending(world)
    assert len(scheduled) == 2
    result = program.run("apply", stack, "--yes").expect(ERROR)
    result.says("db_instance.main", "license model", "maintenance window")
    assert pending(world) == scheduled, "nothing was flushed"

    world.let_the_window_come()
    program.apply(stack)
    world.let_the_window_come()
    program.plan_is_empty(stack)


def test_parameters_that_wait_for_a_reboot_are_said(applied, tmp_path):
    program, world, stack = applied
    world.rds.create_db_parameter_group(
        DBParameterGroupName="ours", DBParameterGroupFamily="postgres16", Description="ours"
    )
    waits = "its parameter group ours waits for a reboot"
    line = "    publicly_accessible: false\n"
    other = stack_with(tmp_path, (line, f"{line}    parameter_group: ours\n"))

    plan = program.run("plan", other, expect=0)
    plan.says("Note:", "the parameters of ours count from the next reboot")
    program.apply(other)
    program.plan_is_empty(other)
    program.run("plan", other, expect=0).says("db_instance.main", waits, "--db-instance-identifier")
    program.run("drift", other, expect=0).says("No drift", "Note: db_instance.main: its parameter group ours waits")
    remarks = program.drift(other).document["remarks"]
    assert [one["address"] for one in remarks] == ["db_instance.main"] and waits in remarks[0]["remarks"][0]

    world.rds.reboot_db_instance(DBInstanceIdentifier=world.id("db_instance.main"))
    assert waits not in program.run("plan", other, expect=0).text
    assert program.drift(other).document["remarks"] == []
    default = world.rds.describe_db_parameter_groups()["DBParameterGroups"]
    default = next(one["DBParameterGroupName"] for one in default if one["DBParameterGroupName"] != "ours")
    world.rds.modify_db_instance(DBInstanceIdentifier=world.id("db_instance.main"), DBParameterGroupName=default)
    world.rds.reboot_db_instance(DBInstanceIdentifier=world.id("db_instance.main"))
    # It is as this file says by somebody else's hand, which is noted.
    program.apply(stack)
    program.plan_is_empty(stack)
