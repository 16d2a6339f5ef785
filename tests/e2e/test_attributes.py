"""Attributes that snowex does not use: set, changed behind the stack's back, changed in it, taken out."""

from program import destroying
from shop import DATABASE, NETWORK, OWN


def applied(program, path):
    program.apply(path)
    program.plan_is_empty(path)
    return path


def test_a_function_from_an_image(program, world, stack):
    function = """
    iam_role: {{ api: {{ service: lambda.amazonaws.com }} }}
    lambda_function:
      api:
        role: api
        image: 111111111111.dkr.ecr.us-west-2.amazonaws.com/api:{tag}
        image_config: {{ command: [app.handler], working_directory: /srv }}
    """
    applied(program, stack(NETWORK, function.format(tag=1)))
    described = world.lambda_.get_function(FunctionName="shop-api")
    assert described["Code"]["ImageUri"].endswith("/api:1")
    assert described["Configuration"]["PackageType"] == "Image"
    config = described["Configuration"]["ImageConfigResponse"]["ImageConfig"]
    assert (config["Command"], config["WorkingDirectory"]) == (["app.handler"], "/srv")

    path = stack(NETWORK, function.format(tag=2))
    assert program.plan(path).paths("lambda_function.api") == {"image"}
    applied(program, path)
    other = "111111111111.dkr.ecr.us-west-2.amazonaws.com/other:1"
    world.lambda_.update_function_code(FunctionName="shop-api", ImageUri=other)
    assert program.drift(path).paths("lambda_function.api") == {"image"}
    applied(program, path)
    assert world.lambda_.get_function(FunctionName="shop-api")["Code"]["ImageUri"].endswith("/api:2")
    program.destroy(path)


def test_a_disk_and_what_metadata_tell(program, world, stack):
    instance = """
    instance:
      web:
        ami: { ssm_parameter: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
        instance_type: t3.micro
        subnet: private[a]
        metadata_options: { instance_metadata_tags: enabled }
        root_volume: { type: gp3, size_gb: 20%s }
    """
    path = applied(program, stack(NETWORK, instance % ""))
    found, = world.ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running"]}])["Reservations"]
    options = found["Instances"][0]["MetadataOptions"]
    assert (options["InstanceMetadataTags"], options["HttpTokens"]) == ("enabled", "required")
    volume, = world.ec2.describe_volumes()["Volumes"]
    assert (volume["Size"], volume["VolumeType"]) == (20, "gp3")
    # What outlives the machine is nobody's: it would be a thing of the stack that no stack knows.
    stays = stack(NETWORK, instance % ", delete_on_termination: false")
    assert program.plan(stays).actions == {"instance.web": "update"}
    path = applied(program, stays)
    program.destroy(path)
    kept, = world.ec2.describe_volumes()["Volumes"]
    assert kept["VolumeId"] == volume["VolumeId"]
    assert not [tag for tag in kept.get("Tags", []) if tag["Key"].startswith("trueup:")], kept
    world.ec2.delete_volume(VolumeId=kept["VolumeId"])


def test_a_replica_is_promoted_not_replaced_when_the_line_goes(program, world, stack):
    replica = "  reader: { replica_of: main, instance_class: db.t3.micro }\n"
    path = stack(NETWORK, DATABASE + replica)
    program.apply(path)
    reader, = world.rds.describe_db_instances(DBInstanceIdentifier="shop-reader")["DBInstances"]
    assert reader["ReadReplicaSourceDBInstanceIdentifier"] == "shop-main"
    program.plan_is_empty(path)

    # moto describes a promoted replica with its source for ever: what follows is not tried on it.
    alone = "  reader: { instance_class: db.t3.micro, " + OWN + " }\n"
    plan = program.plan(stack(NETWORK, DATABASE + alone))
    assert plan.actions == {"db_instance.reader": "update"}, plan
    assert "replica_of" in plan.paths("db_instance.reader")
    path = stack(NETWORK, DATABASE + replica)
    program.run("destroy", path, *destroying(("db_instance.main", "db_instance.reader")), expect=0)
    assert not world.rds.describe_db_instances()["DBInstances"]


def test_a_database_is_restored_once(program, world, stack):
    path = applied(program, stack(NETWORK, DATABASE))
    world.rds.create_db_snapshot(DBSnapshotIdentifier="nightly", DBInstanceIdentifier="shop-main")
    again = "  again: { instance_class: db.t3.small, subnet_group: main, backup_retention_days: 3, %s }\n"
    path = applied(program, stack(NETWORK, DATABASE + again % "restore_from: nightly"))
    found, = world.rds.describe_db_instances(DBInstanceIdentifier="shop-again")["DBInstances"]
    assert (found["Engine"], found["MasterUsername"], found["DBName"]) == ("postgres", "shop", "shop")
    assert (found["DBInstanceClass"], found["BackupRetentionPeriod"]) == ("db.t3.small", 3)
    assert found["DeletionProtection"], "what the call that restores does not take comes after it"

    # From here on it is a database like any other: the line may go, and nothing happens to it.
    path = stack(NETWORK, DATABASE + again % OWN)
    actions = program.plan(path).actions
    assert set(actions) <= {"db_instance.again"} and set(actions.values()) <= {"update"}
    applied(program, path)
    program.run("destroy", path, *destroying(("db_instance.main", "db_instance.again")), expect=0)


def test_a_flow_log(program, world, stack):
    log = """
    log_group: { flow: { name: /shop/flow, retention_days: 14 } }
    iam_role:
      flow:
        service: vpc-flow-logs.amazonaws.com
        policies:
          write: [{ allow: ["logs:CreateLogStream", "logs:PutLogEvents"], on: ["${log_group.flow.arn}:*"] }]
    flow_log: { main: { vpc: main, log_group: flow, iam_role: flow, traffic_type: %s, fields: [srcaddr, dstaddr, action] } }
    """
    path = applied(program, stack(NETWORK, log % "ALL"))
    found, = world.ec2.describe_flow_logs()["FlowLogs"]
    assert (found["LogGroupName"], found["TrafficType"], found["FlowLogStatus"]) == ("/shop/flow", "ALL", "ACTIVE")
    assert found["LogFormat"] == "${srcaddr} ${dstaddr} ${action}"

    path = stack(NETWORK, log % "REJECT")
    assert set(program.plan(path).actions) == {"flow_log.main"}
    applied(program, path)
    again, = world.ec2.describe_flow_logs()["FlowLogs"]
    assert again["TrafficType"] == "REJECT" and again["FlowLogId"] != found["FlowLogId"]

    world.ec2.delete_flow_logs(FlowLogIds=[again["FlowLogId"]])
    assert program.drift(path).actions == {"flow_log.main": "create"}
    applied(program, path)
    program.destroy(path)
    assert not world.ec2.describe_flow_logs()["FlowLogs"]
