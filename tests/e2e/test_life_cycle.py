"""snowex from nothing to nothing."""

import json

from program import CHANGES, STACKS, stack_with, summary
from world import ADDRESS_TAG, SPEC_TAG, STACK_TAG

SNOWEX = STACKS / "snowex.yaml"

ADDRESSES = {
    "vpc.main", "internet_gateway.main", "subnet.public", "subnet.private[a]", "subnet.private[b]", "elastic_ip.nat",
    "nat_gateway.main", "route_table.public", "route_table.private", "security_group.database",
    "security_group.function", "security_group.bastion", "db_subnet_group.main", "db_instance.main",
    "iam_role.bastion", "iam_role.function", "instance.bastion", "lambda_function.api", "log_group.api",
}

MOST_CALLS = 25  # of a plan that finds nothing to do


def test_from_nothing_to_nothing(program, world, emulator):
    before = world.census()

    program.run("validate", SNOWEX, expect=0)
    plan = program.plan(SNOWEX)
    assert plan.result.code == CHANGES
    assert plan.actions == {address: "create" for address in ADDRESSES}, plan
    assert world.census() == before, "a plan changes nothing"

    program.apply(SNOWEX)

    requests = emulator.requests()
    plan = program.plan_is_empty(SNOWEX)
    requests = emulator.requests() - requests
    assert plan.api_calls <= MOST_CALLS, f"{plan.api_calls} calls: {program.calls_of_plan(SNOWEX)}"
    assert plan.api_calls == requests, f"the plan says {plan.api_calls} calls, the server saw {requests}"
    drift = program.drift(SNOWEX)
    assert not drift.changes, drift
    again = program.apply(SNOWEX)
    assert again.code == 0

    check_everything_is_as_the_stack_says(world)
    check_outputs(program, world)

    refused = program.run("destroy", SNOWEX, "--yes")
    assert refused.code not in (0, 2), f"a database was deleted without being named\n{refused}"
    refused.says("db_instance.main", "--allow-data-loss")
    assert world.db_instance()["DBInstanceStatus"] == "available", "what holds data is still there"
    program.apply(SNOWEX)  # whatever the refused destroy did, this mends it
    program.plan_is_empty(SNOWEX)

    program.destroy(SNOWEX)
    assert not world.leftovers()
    assert world.census() == before
    assert program.plan(SNOWEX).actions == {address: "create" for address in ADDRESSES}
    assert program.run("destroy", SNOWEX, "--yes", expect=0), "destroying nothing is done at once"


def check_everything_is_as_the_stack_says(w):
    check_tags(w)
    check_network(w)
    check_groups(w)
    check_database(w)
    check_roles(w)
    check_bastion(w)
    check_function(w)


def check_tags(w):
    found = w.owned()
    assert set(found) == {address.replace("[", ":").removesuffix("]") for address in ADDRESSES}
    for address, things in found.items():
        kinds = sorted(kind for kind, _ in things)
        assert kinds in ([address.split(".")[0]], ["iam_role", "instance_profile"]), things
    for kind, identifier, tags in w.everything():
        if tags.get(STACK_TAG) == "snowex":
            assert tags.get(ADDRESS_TAG) and tags.get(SPEC_TAG), (kind, identifier, tags)
            assert tags.get("project") == "snowex", (kind, identifier, tags)


def check_network(w):
    assert w.vpc()["CidrBlock"] == "10.0.0.0/16"
    assert w.vpc_attribute("enableDnsHostnames") and w.vpc_attribute("enableDnsSupport")
    for address, cidr, zone in [
        ("subnet.public", "10.0.0.0/24", "a"), ("subnet.private[a]", "10.0.10.0/24", "a"),
        ("subnet.private[b]", "10.0.11.0/24", "b"),
    ]:
        subnet = w.subnet(address)
        assert (subnet["CidrBlock"], subnet["AvailabilityZone"]) == (cidr, f"us-west-2{zone}")
        assert subnet["VpcId"] == w.id("vpc.main")
    gateway = w.ec2.describe_internet_gateways(InternetGatewayIds=[w.id("internet_gateway.main")])["InternetGateways"][0]
    assert [a["VpcId"] for a in gateway["Attachments"]] == [w.id("vpc.main")]
    nat = w.ec2.describe_nat_gateways(NatGatewayIds=[w.id("nat_gateway.main")])["NatGateways"][0]
    assert nat["SubnetId"] == w.id("subnet.public")
    assert [a["AllocationId"] for a in nat["NatGatewayAddresses"]] == [w.id("elastic_ip.nat")]
    assert w.routes("route_table.public") == {"0.0.0.0/0": w.id("internet_gateway.main")}
    assert w.routes("route_table.private") == {"0.0.0.0/0": w.id("nat_gateway.main")}
    assert w.subnets_of("route_table.public") == {w.id("subnet.public")}
    assert w.subnets_of("route_table.private") == {w.id("subnet.private[a]"), w.id("subnet.private[b]")}


def check_groups(w):
    database, function, bastion = (w.id(f"security_group.{name}") for name in ("database", "function", "bastion"))
    assert w.rules("security_group.database") == {("tcp", 5432, 5432, function), ("tcp", 5432, 5432, bastion)}
    out = {("tcp", 5432, 5432, database), ("tcp", 443, 443, "0.0.0.0/0")}
    for name in ("function", "bastion"):
        assert w.rules(f"security_group.{name}") == set()
        assert w.rules(f"security_group.{name}", egress=True) == out


def check_database(w):
    group = w.rds.describe_db_subnet_groups(DBSubnetGroupName=w.id("db_subnet_group.main"))["DBSubnetGroups"][0]
    assert {s["SubnetIdentifier"] for s in group["Subnets"]} == {w.id("subnet.private[a]"), w.id("subnet.private[b]")}
    db = w.db_instance()
    for attribute, value in {
        "Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, "MaxAllocatedStorage": 100,
        "StorageEncrypted": True, "DBName": "snowex", "MasterUsername": "snowex_admin", "PubliclyAccessible": False,
        "BackupRetentionPeriod": 7, "DeletionProtection": True, "MultiAZ": False,
    }.items():
        assert db[attribute] == value, attribute
    assert db["EngineVersion"].split(".")[0] == "16"
    assert db["DBSubnetGroup"]["DBSubnetGroupName"] == w.id("db_subnet_group.main")
    assert [g["VpcSecurityGroupId"] for g in db["VpcSecurityGroups"]] == [w.id("security_group.database")]
    assert db["MasterUserSecret"]["SecretArn"]


def check_roles(w):
    for address, service, managed in [
        ("iam_role.bastion", "ec2", "AmazonSSMManagedInstanceCore"),
        ("iam_role.function", "lambda", "service-role/AWSLambdaVPCAccessExecutionRole"),
    ]:
        role = w.iam.get_role(RoleName=w.id(address, "iam_role"))["Role"]
        assert role["Path"] == "/trueup/snowex/"
        statement = role["AssumeRolePolicyDocument"]["Statement"][0]
        assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
        assert statement["Action"] == "sts:AssumeRole"
        assert w.attached_policies(address) == {f"arn:aws:iam::aws:policy/{managed}"}
    (name, policy), = w.inline_policies("iam_role.function").items()
    statement, = as_list(policy["Statement"])
    assert name == "read-db-secret" and statement["Effect"] == "Allow"
    assert as_list(statement["Action"]) == ["secretsmanager:GetSecretValue"]
    assert as_list(statement["Resource"]) == [w.db_instance()["MasterUserSecret"]["SecretArn"]]
    assert w.inline_policies("iam_role.bastion") == {}


def check_bastion(w):
    instance = w.instance()
    newest = w.ssm.get_parameter(Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")
    assert instance["ImageId"] == newest["Parameter"]["Value"]
    assert instance["State"]["Name"] == "running"
    assert instance["InstanceType"] == "t3.micro"
    assert instance["SubnetId"] == w.id("subnet.private[a]")
    assert w.groups_of_instance() == {w.id("security_group.bastion")}
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert not instance.get("PublicIpAddress")
    profile = w.iam.get_instance_profile(InstanceProfileName=w.id("iam_role.bastion", "instance_profile"))["InstanceProfile"]
    assert instance["IamInstanceProfile"]["Arn"] == profile["Arn"]
    assert profile["Path"] == "/trueup/snowex/"
    assert [role["RoleName"] for role in profile["Roles"]] == [w.id("iam_role.bastion", "iam_role")]


def check_function(w):
    function = w.function()
    configuration = function["Configuration"]
    for attribute, value in {
        "Runtime": "python3.12", "Handler": "app.handler", "MemorySize": 256, "Timeout": 30, "State": "Active",
        "Role": w.iam.get_role(RoleName=w.id("iam_role.function"))["Role"]["Arn"],
    }.items():
        assert configuration[attribute] == value, attribute
    assert function["Concurrency"]["ReservedConcurrentExecutions"] == 10
    db = w.db_instance()
    assert configuration["Environment"]["Variables"] == {
        "DB_HOST": db["Endpoint"]["Address"], "DB_NAME": "snowex", "DB_SECRET_ARN": db["MasterUserSecret"]["SecretArn"],
    }
    assert set(configuration["VpcConfig"]["SubnetIds"]) == {w.id("subnet.private[a]"), w.id("subnet.private[b]")}
    assert configuration["VpcConfig"]["SecurityGroupIds"] == [w.id("security_group.function")]
    assert 100_000 < configuration["CodeSize"] < 1_000_000, "the folder of the function, zipped"
    url = w.function_url()
    assert url["AuthType"] == "NONE" and url["Cors"]["AllowOrigins"] == ["*"]
    policy = json.loads(w.lambda_.get_policy(FunctionName=configuration["FunctionName"])["Policy"])
    actions = {statement["Action"] for statement in policy["Statement"]}
    assert actions == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}, "a public URL needs both since October 2025"
    assert w.id("log_group.api") == f"/aws/lambda/{configuration['FunctionName']}"
    assert w.log_group()["retentionInDays"] == 14


def check_outputs(program, w):
    wanted = {
        "api_url": w.function_url()["FunctionUrl"],
        "db_endpoint": w.db_instance()["Endpoint"]["Address"],
        "bastion_id": w.id("instance.bastion"),
    }
    assert program.output(SNOWEX) == wanted
    dotenv = program.run("output", SNOWEX, "--format", "dotenv", expect=0).stdout
    lines = dict(line.split("=", 1) for line in dotenv.splitlines() if line and not line.startswith("#"))
    assert {name: value.strip("\"'") for name, value in lines.items()} == wanted


def as_list(value):
    return value if isinstance(value, list) else [value]


def test_a_variable_changes_the_database_in_place(applied, tmp_path):
    program, world, stack = applied
    bigger = ("--var", "db_instance_class=db.t3.small")
    before = world.db_instance()["DbiResourceId"]

    plan = program.plan(stack, *bigger)
    assert plan.actions == {"db_instance.main": "update"}, summary(plan)
    assert plan.paths("db_instance.main") == {"instance_class"}
    assert plan.causes == {"file"}, "the wish changed, not the world"
    assert not program.drift(stack, *bigger).changes, "a wish that is not applied yet is no drift"

    program.apply(stack, *bigger)
    assert world.db_instance()["DBInstanceClass"] == "db.t3.micro", "it waits for the maintenance window"
    assert world.coming_class() == "db.t3.small"
    plan = program.plan(stack, *bigger)
    assert not plan.changes, "nothing is left to do"
    assert plan.withheld == {"db_instance.main": {"scheduled": {"attribute": "instance_class"}}}
    assert not program.drift(stack, *bigger).changes

    program.apply(stack)
    assert world.coming_class() == "db.t3.micro", "what was pending is taken back"
    program.plan_is_empty(stack)

    now = stack_with(tmp_path, ("    instance_class: ${var.db_instance_class}\n",
                                "    instance_class: ${var.db_instance_class}\n    apply: now\n"))
    program.apply(now, *bigger)
    assert (world.db_instance()["DBInstanceClass"], world.db_instance()["DbiResourceId"]) == ("db.t3.small", before)
    program.plan_is_empty(now, *bigger)
    program.apply(now)
    program.apply(stack)
    assert world.db_instance()["DBInstanceClass"] == "db.t3.micro"
    program.plan_is_empty(stack)
