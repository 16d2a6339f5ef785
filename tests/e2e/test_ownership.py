"""What is not ours stays as it is, and what is ours is found although the stack no longer names it."""

import json

import pytest

from program import PARTLY, REPLACEMENTS, STACKS, destroying, stack_with, summary
from world import World

SNOWEX = STACKS / "snowex.yaml"


def test_what_is_not_ours_is_never_touched(program, world):
    make_foreign_resources(world)
    before = world.foreign()
    rules = foreign_rules(world)

    program.apply(SNOWEX)
    inside = world.ec2.create_security_group(
        GroupName="snowex-made-by-hand", Description="in our VPC", VpcId=world.id("vpc.main")
    )["GroupId"]
    program.plan_is_empty(SNOWEX)
    world.ec2.delete_security_group(GroupId=inside)
    program.destroy(SNOWEX)

    assert world.foreign() == before
    assert foreign_rules(world) == rules


def make_foreign_resources(w):
    vpc = w.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    w.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone="us-west-2a")
    group = w.ec2.create_security_group(GroupName="snowex-database", Description="not ours", VpcId=vpc)["GroupId"]
    w.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )
    w.ec2.create_internet_gateway(
        TagSpecifications=[{"ResourceType": "internet-gateway", "Tags": [{"Key": "trueup:stack", "Value": "other"}]}]
    )
    w.iam.create_role(
        RoleName="somebody", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []})
    )
    w.logs.create_log_group(logGroupName="/aws/lambda/snowex-api-2")


def foreign_rules(w):
    return sorted(
        (r["GroupId"], r["IsEgress"], r["IpProtocol"], r.get("FromPort"), r.get("CidrIpv4"))
        for r in w.ec2.describe_security_group_rules()["SecurityGroupRules"]
        if r["GroupId"] in {identifier for kind, identifier in w.foreign() if kind == "security_group"}
    )


def test_two_stacks_in_one_account(program, world, account, tmp_path):
    twin = stack_with(tmp_path, ("stack: snowex\n", "stack: twin\n"))
    twins = World(account, "twin")
    program.apply(SNOWEX)
    program.apply(twin)
    ours, theirs = world.owned(), twins.owned()
    assert set(ours) == set(theirs)
    assert not {i for things in ours.values() for i in things} & {i for things in theirs.values() for i in things}

    program.plan_is_empty(SNOWEX)
    program.plan_is_empty(twin)
    program.destroy(twin)
    assert not twins.leftovers()
    assert world.owned() == ours
    program.plan_is_empty(SNOWEX)


def test_what_left_the_file_is_deleted(program, world, tmp_path):
    program.apply(SNOWEX)
    log_group, bastion = world.id("log_group.api"), world.id("instance.bastion")
    without = stack_with(
        tmp_path,
        ('log_group:\n  api: { name: "/aws/lambda/${lambda_function.api.name}", retention_days: 14 }\n', ""),
        (
            "instance:\n  bastion:\n    ami: { ssm_parameter: /aws/service/ami-amazon-linux-latest/"
            "al2023-ami-kernel-default-x86_64 }\n    instance_type: t3.micro\n    subnet: private[a]\n"
            "    security_groups: [bastion]\n    iam_role: bastion\n", "",
        ),
        ("  - instance.bastion reaches db_instance.main on 5432\n", ""),
        ("  - instance.bastion reaches internet on 443\n", ""),
        ("  - internet does not reach instance.bastion\n", ""),
        ("  bastion_id: ${instance.bastion.id}\n", ""),
    )
    plan = program.plan(without)
    assert plan.actions == {"log_group.api": "delete", "instance.bastion": "delete"}, summary(plan)
    program.apply(without)
    assert not {log_group, bastion} & {identifier for _, identifier, _ in world.everything()}
    program.plan_is_empty(without)


def test_a_replacement_leaves_one(program, world, tmp_path):
    program.apply(SNOWEX)
    before = world.id("instance.bastion")
    moved = stack_with(tmp_path, ("    subnet: private[a]\n", "    subnet: private[b]\n"))
    plan = program.plan(moved)
    assert plan.addresses == {"instance.bastion"} and set(plan.actions.values()) <= REPLACEMENTS, summary(plan)
    program.apply(moved)
    assert world.id("instance.bastion") != before
    assert world.instance()["SubnetId"] == world.id("subnet.private[b]")
    program.plan_is_empty(moved)


def test_groups_in_use_are_replaced_under_their_holders(program, world, tmp_path):
    """A group's description is for good: a new one is made beside it, everything moves, the old one goes."""
    program.apply(SNOWEX)
    before = {name: world.id(f"security_group.{name}") for name in ("database", "function", "bastion")}
    reworded = stack_with(
        tmp_path,
        ("description: PostgreSQL from the function and the bastion only\n", "description: PostgreSQL\n"),
        ("description: The API function\n", "description: The function\n"),
        ("description: The bastion; Session Manager needs no way in\n", "description: The bastion\n"),
    )
    plan = program.plan(reworded)
    holders = {"db_instance.main", "lambda_function.api", "instance.bastion"}
    assert plan.actions == {
        **{f"security_group.{name}": "create_then_delete" for name in before}, **dict.fromkeys(holders, "update"),
    }, summary(plan)
    program.apply(reworded)

    after = {name: world.id(f"security_group.{name}") for name in before}
    assert not set(before.values()) & {identifier for _, identifier, _ in world.everything()}
    assert [group["VpcSecurityGroupId"] for group in world.db_instance()["VpcSecurityGroups"]] == [after["database"]]
    assert world.function()["Configuration"]["VpcConfig"]["SecurityGroupIds"] == [after["function"]]
    assert world.groups_of_instance() == {after["bastion"]}
    assert world.rules("security_group.database") == {("tcp", 5432, 5432, after[n]) for n in ("function", "bastion")}
    program.plan_is_empty(reworded)
    program.destroy(reworded)
    assert not world.leftovers()


@pytest.mark.parametrize("kind", ["lambda_function", "log_group", "iam_role"])
def test_a_name_that_is_taken_is_said_and_left_alone(program, world, kind):
    address, name = {
        "lambda_function": ("lambda_function.api", "snowex-api"),
        "log_group": ("log_group.api", "/aws/lambda/snowex-api"),
        "iam_role": ("iam_role.function", "snowex-function"),
    }[kind]
    take_name(world, kind, name)
    before = {key: value for key, value in world.foreign().items() if key[0] == kind}
    result = program.run("apply", SNOWEX, "--yes")
    assert result.code not in (0, 2), f"it took over what is not its own\n{result}"
    result.says(address, name)
    assert {key: value for key, value in world.foreign().items() if key[0] == kind} == before


def take_name(w, kind, name):
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    if kind == "log_group":
        w.logs.create_log_group(logGroupName=name)
    elif kind == "iam_role":
        w.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    else:
        role = w.iam.create_role(RoleName="somebody", AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
            }],
        }))["Role"]["Arn"]
        w.lambda_.create_function(
            FunctionName=name, Runtime="python3.12", Handler="a.b", Role=role, Code={"ZipFile": b"not a zip"}
        )


def test_something_foreign_in_our_vpc_is_named_when_it_blocks(program, world):
    program.apply(SNOWEX)
    foreign = world.ec2.create_subnet(VpcId=world.id("vpc.main"), CidrBlock="10.0.99.0/24")["Subnet"]["SubnetId"]
    result = program.run("destroy", SNOWEX, *destroying())
    result.expect(PARTLY).says("vpc.main", foreign)
    assert result.seconds < 60, f"it retried what cannot succeed\n{result}"
    assert foreign in {identifier for _, identifier, _ in world.everything()}
    assert set(world.owned()) == {"vpc.main"}, "all else is gone"
    world.ec2.delete_subnet(SubnetId=foreign)
    program.destroy(SNOWEX)
    assert not world.leftovers()


def test_calls_do_not_grow_with_the_stack(program, tmp_path):
    keys = ", ".join(f"k{n}" for n in range(30))
    bigger = stack_with(
        tmp_path,
        (
            "elastic_ip:\n",
            f"  many:\n    for_each: [{keys}]\n    vpc: main\n    availability_zone: a\n"
            '    cidr_block: ${cidr_subnet(vpc.main.cidr_block, 24, 100 + each.index)}\n\nelastic_ip:\n',
        ),
        (
            "db_subnet_group:\n",
            f"  many:\n    for_each: [{keys}]\n    vpc: main\n    description: One of many\n"
            "    ingress: [{ port: 443, from: [bastion] }]\n\ndb_subnet_group:\n",
        ),
    )
    program.apply(SNOWEX)
    few = program.calls_of_plan(SNOWEX)
    program.apply(bigger)
    program.plan_is_empty(bigger)
    many = program.calls_of_plan(bigger)
    # What is left is read in one call however many there are; this one has pages of 25 here.
    del few["tag:GetResources"], many["tag:GetResources"]
    assert many == few
