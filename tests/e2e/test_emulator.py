"""The emulator itself: what AWS does and moto does not, each behaviour seen through boto3."""

import io
import json
import time
import zipfile

import pytest
from botocore.exceptions import ClientError

LAMBDA_TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})


class Site:
    """A VPC with two subnets and a group, and what can stand in them."""

    def __init__(self, emulator, **behaviours):
        self.account = emulator.new_account(**behaviours)
        self.ec2, self.rds = self.account.client("ec2"), self.account.client("rds")
        self.iam, self.lambda_ = self.account.client("iam"), self.account.client("lambda")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-west-2{zone}")
            ["Subnet"]["SubnetId"] for n, zone in enumerate("ab")
        ]
        self.group = self.new_group("one")

    def new_group(self, name):
        return self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]

    def new_gateway(self, **options):
        return self.ec2.create_nat_gateway(SubnetId=self.subnets[0], **options)["NatGateway"]

    def attach_internet(self):
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc)
        return gateway

    def new_instance(self, **options):
        image = self.ec2.describe_images(Owners=["amazon"], MaxResults=5)["Images"][0]["ImageId"]
        asked = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        asked |= {"SubnetId": self.subnets[0], "SecurityGroupIds": [self.group], **options}
        return self.ec2.run_instances(**asked)["Instances"][0]["InstanceId"]

    def state_of(self, instance):
        found = self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        return found["State"]["Name"]

    def new_database(self):
        self.rds.create_db_subnet_group(
            DBSubnetGroupName="d", DBSubnetGroupDescription="d", SubnetIds=self.subnets
        )
        return self.rds.create_db_instance(
            DBInstanceIdentifier="d", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20,
            MasterUsername="somebody", MasterUserPassword="not-a-secret", DBSubnetGroupName="d",
            VpcSecurityGroupIds=[self.group],
        )["DBInstance"]

    def database(self):
        return self.rds.describe_db_instances(DBInstanceIdentifier="d")["DBInstances"][0]

    def new_role(self):
        return self.iam.create_role(RoleName="r", AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]

    def new_function(self, role, name="f"):
        network = {"SubnetIds": self.subnets, "SecurityGroupIds": [self.group]}
        return self.lambda_.create_function(
            FunctionName=name, Runtime="python3.13", Handler="a.b", Role=role, Code={"ZipFile": a_zip()},
            VpcConfig=network,
        )

    def interfaces(self, **filters):
        asked = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
        return self.ec2.describe_network_interfaces(Filters=asked)["NetworkInterfaces"]


def a_zip():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr("a.py", "def b(event, context):\n    return None\n")
    return archive.getvalue()


def refused(code, call, **arguments):
    """Makes a call that is refused with a code, and gives the whole answer."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response


# So long that nothing happens by itself while a test runs, on whatever machine: the clock is set instead.
LONG = 100_000


def until(wanted, site, look):
    """All that was seen until it was what is wanted, each once."""
    seen = []
    for _ in range(50):
        now = look()
        seen += [now] if now not in seen[-1:] else []
        if now == wanted:
            return seen
        site.account.let_pass(LONG / 10)
    raise AssertionError(f"never {wanted!r}, but {seen}")


# States that take time.


def test_a_nat_gateway_takes_its_time(emulator):
    site = Site(emulator, states=LONG)
    gateway = site.new_gateway(ConnectivityType="private")
    assert gateway["State"] == "pending"
    table = site.ec2.create_route_table(VpcId=site.vpc)["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": gateway["NatGatewayId"]}
    refused("InvalidNatGatewayID.NotFound", site.ec2.create_route, **route)

    def state():
        return site.ec2.describe_nat_gateways(NatGatewayIds=[gateway["NatGatewayId"]])["NatGateways"][0]["State"]

    until("available", site, state)
    site.ec2.create_route(**route)
    site.ec2.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
    assert until("deleted", site, state) == ["deleting", "deleted"]
    assert not site.interfaces(vpc_id=site.vpc)


def test_a_nat_gateway_without_a_way_out_fails(emulator):
    site = Site(emulator, states=LONG)
    address = site.ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = site.new_gateway(AllocationId=address)["NatGatewayId"]
    look = lambda: site.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"]  # noqa: E731
    assert until("failed", site, look) == ["pending", "failed"]


def test_an_instance_takes_its_time(emulator):
    site = Site(emulator, states=LONG)
    instance = site.new_instance()
    assert until("running", site, lambda: site.state_of(instance)) == ["pending", "running"]
    site.ec2.stop_instances(InstanceIds=[instance])
    assert until("stopped", site, lambda: site.state_of(instance)) == ["stopping", "stopped"]
    site.ec2.terminate_instances(InstanceIds=[instance])
    refused("DependencyViolation", site.ec2.delete_security_group, GroupId=site.group)
    assert until("terminated", site, lambda: site.state_of(instance)) == ["shutting-down", "terminated"]
    site.ec2.delete_security_group(GroupId=site.group)


def test_a_database_takes_its_time(emulator):
    site = Site(emulator, states=LONG)
    made = site.new_database()
    assert made["DBInstanceStatus"] == "creating" and "Endpoint" not in made
    seen = until("available", site, lambda: site.database()["DBInstanceStatus"])
    assert seen == ["creating", "backing-up", "available"] and site.database()["Endpoint"]["Address"]

    site.rds.modify_db_instance(DBInstanceIdentifier="d", DBInstanceClass="db.t3.small", ApplyImmediately=True)
    assert site.database()["DBInstanceStatus"] == "available", "for a moment it says nothing of it"
    until("modifying", site, lambda: site.database()["DBInstanceStatus"])
    refused("InvalidDBInstanceState", site.rds.modify_db_instance, DBInstanceIdentifier="d", BackupRetentionPeriod=3)
    until("available", site, lambda: site.database()["DBInstanceStatus"])
    assert site.database()["DBInstanceClass"] == "db.t3.small"

    site.rds.delete_db_instance(DBInstanceIdentifier="d", SkipFinalSnapshot=True)
    assert site.database()["DBInstanceStatus"] == "deleting"
    site.account.let_pass(2 * LONG)
    refused("DBInstanceNotFound", site.rds.describe_db_instances, DBInstanceIdentifier="d")


def test_a_function_takes_its_time(emulator):
    site = Site(emulator, states=LONG)
    made = site.new_function(site.new_role())
    assert made["State"] == "Pending"
    refused("ResourceConflictException", site.lambda_.update_function_configuration, FunctionName="f", Timeout=9)

    def configuration():
        return site.lambda_.get_function(FunctionName="f")["Configuration"]

    until("Active", site, lambda: configuration()["State"])
    changed = site.lambda_.update_function_configuration(FunctionName="f", Timeout=9)
    assert changed["LastUpdateStatus"] == "InProgress"
    refused("ResourceConflictException", site.lambda_.update_function_code, FunctionName="f", ZipFile=a_zip())
    assert until("Successful", site, lambda: configuration()["LastUpdateStatus"])[0] == "InProgress"


# Interfaces, and what they hold.


def test_a_database_holds_its_group_and_its_subnets(emulator):
    site = Site(emulator)
    site.new_database()
    interface, = site.interfaces(group_id=site.group)
    assert (interface["Description"], interface["RequesterManaged"]) == ("RDSNetworkInterface", True)
    refused("DependencyViolation", site.ec2.delete_security_group, GroupId=site.group)
    refused("DependencyViolation", site.ec2.delete_subnet, SubnetId=interface["SubnetId"])
    refused("InvalidDBSubnetGroupStateFault", site.rds.delete_db_subnet_group, DBSubnetGroupName="d")

    other = site.new_group("two")
    site.rds.modify_db_instance(DBInstanceIdentifier="d", VpcSecurityGroupIds=[other])
    site.ec2.delete_security_group(GroupId=site.group)
    refused("InvalidParameterCombination", site.rds.delete_db_instance, DBInstanceIdentifier="d")
    site.rds.delete_db_instance(DBInstanceIdentifier="d", SkipFinalSnapshot=True)
    site.rds.delete_db_subnet_group(DBSubnetGroupName="d")
    site.ec2.delete_security_group(GroupId=other)


def test_interfaces_outlive_their_function(emulator):
    site = Site(emulator, interfaces=LONG)
    role = site.new_role()
    site.new_function(role)
    site.new_function(role, "g")
    assert len(site.interfaces(group_id=site.group)) == 2, "one a subnet, shared by both"
    assert site.lambda_.get_function(FunctionName="f")["Configuration"]["VpcConfig"]["VpcId"] == site.vpc
    site.lambda_.delete_function(FunctionName="f")
    site.account.let_pass(2 * LONG)
    assert len(site.interfaces(group_id=site.group)) == 2, "the other still needs them"
    site.lambda_.delete_function(FunctionName="g")
    refused("DependencyViolation", site.ec2.delete_security_group, GroupId=site.group)
    site.account.let_pass(2 * LONG)
    site.ec2.delete_security_group(GroupId=site.group)


def test_without_its_role_lambda_leaves_its_interfaces_behind(emulator):
    site = Site(emulator, interfaces=LONG)
    site.new_function(site.new_role())
    site.lambda_.delete_function(FunctionName="f")
    site.iam.delete_role(RoleName="r")
    site.account.let_pass(2 * LONG)
    assert len(site.interfaces(group_id=site.group)) == 2


@pytest.mark.parametrize("family", ["application", "network"])
def test_a_load_balancer_holds_its_group_and_its_subnets(emulator, family):
    site = Site(emulator, interfaces=LONG)
    internet, arn, elb = site.attach_internet(), *new_load_balancer(site, family)
    of_aws = ("amazon-elb", True, "in-use")
    interfaces = site.interfaces(group_id=site.group)
    short, kind = {"application": ("app", "interface"), "network": ("net", "network_load_balancer")}[family]
    assert {one["SubnetId"] for one in interfaces} == set(site.subnets)
    for one in interfaces:
        assert (one["RequesterId"], one["RequesterManaged"], one["Status"]) == of_aws
        assert (one["Description"], one["InterfaceType"]) == (f"ELB {short}/front/{arn.split('/')[-1]}", kind)
        assert one["Association"]["PublicIp"]
    for _ in range(2):  # and when it is gone, for a while
        refused("DependencyViolation", site.ec2.delete_security_group, GroupId=site.group)
        refused("DependencyViolation", site.ec2.delete_subnet, SubnetId=site.subnets[0])
        refused("DependencyViolation", site.ec2.detach_internet_gateway, InternetGatewayId=internet, VpcId=site.vpc)
        elb.delete_load_balancer(LoadBalancerArn=arn)


def test_the_interfaces_of_a_load_balancer_go_by_themselves(emulator):
    site = Site(emulator, interfaces=LONG)
    arn, elb = new_load_balancer(site, "application")
    elb.delete_load_balancer(LoadBalancerArn=arn)
    until([], site, lambda: site.interfaces(group_id=site.group))
    site.ec2.delete_security_group(GroupId=site.group)


def new_load_balancer(site, family):
    elb = site.account.client("elbv2")
    asked = {"Name": "front", "Type": family, "Scheme": "internet-facing", "Subnets": site.subnets}
    made = elb.create_load_balancer(**asked, SecurityGroups=[site.group])["LoadBalancers"][0]
    return made["LoadBalancerArn"], elb


def test_what_is_at_a_vpc_keeps_it(emulator):
    site = Site(emulator)
    ec2 = site.ec2
    for subnet in site.subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_security_group(GroupId=site.group)
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]

    def kept(made, *path, delete, by):
        for name in path:
            made = made[name]
        refused("DependencyViolation", ec2.delete_vpc, VpcId=site.vpc)
        delete(**{by: [made] if by.endswith("s") else made})

    kept(ec2.create_network_acl(VpcId=site.vpc), "NetworkAcl", "NetworkAclId",
         delete=ec2.delete_network_acl, by="NetworkAclId")
    kept(ec2.create_vpc_endpoint(VpcId=site.vpc, ServiceName="com.amazonaws.us-west-2.s3", VpcEndpointType="Gateway"),
         "VpcEndpoint", "VpcEndpointId", delete=ec2.delete_vpc_endpoints, by="VpcEndpointIds")
    kept(ec2.create_egress_only_internet_gateway(VpcId=site.vpc), "EgressOnlyInternetGateway",
         "EgressOnlyInternetGatewayId", delete=ec2.delete_egress_only_internet_gateway,
         by="EgressOnlyInternetGatewayId")
    kept(ec2.create_carrier_gateway(VpcId=site.vpc), "CarrierGateway", "CarrierGatewayId",
         delete=ec2.delete_carrier_gateway, by="CarrierGatewayId")
    kept(ec2.create_vpc_peering_connection(VpcId=site.vpc, PeerVpcId=other), "VpcPeeringConnection",
         "VpcPeeringConnectionId", delete=ec2.delete_vpc_peering_connection, by="VpcPeeringConnectionId")
    ec2.delete_vpc(VpcId=site.vpc)


def test_a_subnet_leaves_its_route_table(emulator):
    site = Site(emulator)
    table = site.ec2.create_route_table(VpcId=site.vpc)["RouteTable"]["RouteTableId"]
    site.ec2.associate_route_table(RouteTableId=table, SubnetId=site.subnets[0])
    site.ec2.delete_subnet(SubnetId=site.subnets[0])
    site.ec2.delete_route_table(RouteTableId=table)


def test_what_is_in_use_is_not_deleted(emulator):
    site = Site(emulator)
    other = site.new_group("two")
    site.ec2.authorize_security_group_ingress(GroupId=site.group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": other}]}
    ])
    refused("DependencyViolation", site.ec2.delete_security_group, GroupId=other)
    internet = site.attach_internet()
    second = site.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    refused(
        "Resource.AlreadyAssociated", site.ec2.attach_internet_gateway, InternetGatewayId=second, VpcId=site.vpc
    )
    address = site.ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = site.new_gateway(AllocationId=address)["NatGatewayId"]
    refused("InvalidIPAddress.InUse", site.ec2.release_address, AllocationId=address)
    answer = refused(
        "DependencyViolation", site.ec2.detach_internet_gateway, InternetGatewayId=internet, VpcId=site.vpc
    )
    assert "mapped public address(es)" in answer["Error"]["Message"]
    refused("DependencyViolation", site.ec2.delete_subnet, SubnetId=site.subnets[0])
    site.ec2.delete_nat_gateway(NatGatewayId=gateway)
    site.ec2.release_address(AllocationId=address)
    refused("DependencyViolation", site.ec2.delete_vpc, VpcId=site.vpc)
    site.ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=site.vpc)
    for subnet in site.subnets:
        site.ec2.delete_subnet(SubnetId=subnet)
    refused("DependencyViolation", site.ec2.delete_vpc, VpcId=site.vpc)
    for group in (site.group, other):
        site.ec2.delete_security_group(GroupId=group)
    site.ec2.delete_vpc(VpcId=site.vpc)


def test_what_aws_does_not_accept(emulator):
    site = Site(emulator)
    default, = site.ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [site.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    refused("CannotDelete", site.ec2.delete_security_group, GroupId=default["GroupId"])
    refused("NatGatewayNotFound", site.ec2.describe_nat_gateways, NatGatewayIds=["nat-0123456789abcdef0"])
    refused(
        "DBSubnetGroupDoesNotCoverEnoughAZs", site.rds.create_db_subnet_group, DBSubnetGroupName="one",
        DBSubnetGroupDescription="one", SubnetIds=site.subnets[:1],
    )
    instance = site.new_instance()
    refused(
        "IncorrectInstanceState", site.ec2.modify_instance_attribute, InstanceId=instance,
        InstanceType={"Value": "t3.small"},
    )
    site.new_function(site.new_role())
    permission = {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"}
    site.lambda_.add_permission(**permission)
    refused("ResourceConflictException", site.lambda_.add_permission, **permission)


def test_a_subnet_group_survives_a_change(emulator):
    site = Site(emulator)
    site.rds.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="g", SubnetIds=site.subnets)
    site.rds.modify_db_subnet_group(DBSubnetGroupName="g", SubnetIds=site.subnets, DBSubnetGroupDescription="other")
    group, = site.rds.describe_db_subnet_groups(DBSubnetGroupName="g")["DBSubnetGroups"]
    assert group["DBSubnetGroupDescription"] == "other"


def test_an_instance_leaves_the_groups_that_it_had(emulator):
    site = Site(emulator)
    other = site.new_group("two")
    site.ec2.modify_instance_attribute(InstanceId=site.new_instance(), Groups=[other])
    interface, = site.interfaces(vpc_id=site.vpc)
    assert [group["GroupId"] for group in interface["Groups"]] == [other]
    site.ec2.delete_security_group(GroupId=site.group)


def test_gateways_are_found_by_their_tags(emulator):
    site = Site(emulator)
    tagged = [{"ResourceType": "natgateway", "Tags": [{"Key": "k", "Value": "v"}]}]
    mine = site.new_gateway(ConnectivityType="private", TagSpecifications=tagged)["NatGatewayId"]
    site.new_gateway(ConnectivityType="private")
    found = site.ec2.describe_nat_gateways(Filters=[{"Name": "tag:k", "Values": ["v"]}])["NatGateways"]
    assert [one["NatGatewayId"] for one in found] == [mine]


# Tokens, pages, DryRun, pending values.


def test_the_same_token_gives_the_same_thing(emulator):
    site = Site(emulator)
    once, again = (site.new_instance(ClientToken="t") for _ in range(2))
    assert once == again
    assert site.new_instance(ClientToken="u") != once
    refused("IdempotentParameterMismatch", site.new_instance, ClientToken="t", InstanceType="t3.large")
    site.ec2.terminate_instances(InstanceIds=[once])
    refused("IdempotentInstanceTerminated", site.new_instance, ClientToken="t")
    gateways = {site.new_gateway(ConnectivityType="private", ClientToken="t")["NatGatewayId"] for _ in range(2)}
    assert len(gateways) == 1


def test_answers_come_in_pages(emulator):
    site = Site(emulator, pages=3)
    groups = {site.new_group(f"g{n}") for n in range(7)} | {site.group}
    first = site.ec2.describe_security_groups(MaxResults=1000)
    assert len(first["SecurityGroups"]) == 3 and first["NextToken"]
    pages = site.ec2.get_paginator("describe_security_groups").paginate(
        Filters=[{"Name": "vpc-id", "Values": [site.vpc]}]
    )
    listed = [group["GroupId"] for page in pages for group in page["SecurityGroups"]]
    assert len(listed) == len(set(listed)) == 9 and groups < set(listed)
    refused("InvalidNextToken", site.ec2.describe_subnets, NextToken=first["NextToken"])
    for name in "abcd":
        site.rds.create_db_subnet_group(DBSubnetGroupName=name, DBSubnetGroupDescription="g", SubnetIds=site.subnets)
    pages = list(site.rds.get_paginator("describe_db_subnet_groups").paginate())
    assert [len(page["DBSubnetGroups"]) for page in pages] == [3, 1]


def test_a_dry_run_does_nothing(emulator):
    site = Site(emulator)
    answer = refused("DryRunOperation", site.ec2.create_vpc, CidrBlock="10.9.0.0/16", DryRun=True)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert "10.9.0.0/16" not in {vpc["CidrBlock"] for vpc in site.ec2.describe_vpcs()["Vpcs"]}


def test_rds_puts_off_what_disturbs(emulator):
    site = Site(emulator)
    site.new_database()
    change = {"DBInstanceIdentifier": "d", "DBInstanceClass": "db.t3.small", "BackupRetentionPeriod": 5}
    made = site.rds.modify_db_instance(**change)["DBInstance"]
    assert (made["DBInstanceClass"], made["BackupRetentionPeriod"]) == ("db.t3.micro", 5)
    assert made["PendingModifiedValues"] == {"DBInstanceClass": "db.t3.small"}
    made = site.rds.modify_db_instance(DBInstanceIdentifier="d", AllocatedStorage=30, ApplyImmediately=True)["DBInstance"]
    assert (made["DBInstanceClass"], made["AllocatedStorage"]) == ("db.t3.small", 30), "all that was pending"
    assert not made.get("PendingModifiedValues")


def test_rds_takes_back_what_it_put_off_when_told_at_once(emulator):
    site = Site(emulator)
    site.new_database()
    back = {"DBInstanceIdentifier": "d", "DBInstanceClass": "db.t3.micro"}
    site.rds.modify_db_instance(DBInstanceIdentifier="d", DBInstanceClass="db.t3.small")
    made = site.rds.modify_db_instance(**back)["DBInstance"]
    assert made["PendingModifiedValues"] == {"DBInstanceClass": "db.t3.small"}, "this is no change"
    made = site.rds.modify_db_instance(**back, ApplyImmediately=True)["DBInstance"]
    assert (made["DBInstanceClass"], made.get("PendingModifiedValues")) == ("db.t3.micro", {})


def test_parameters_count_from_the_next_reboot(emulator):
    site = Site(emulator)
    site.new_database()
    site.rds.create_db_parameter_group(DBParameterGroupName="p", DBParameterGroupFamily="postgres16", Description="p")

    def status():
        group, = site.database()["DBParameterGroups"]
        return group["DBParameterGroupName"], group["ParameterApplyStatus"]

    assert status()[1] == "in-sync"
    site.rds.modify_db_instance(DBInstanceIdentifier="d", DBParameterGroupName="p")
    assert status() == ("p", "pending-reboot")
    site.rds.reboot_db_instance(DBInstanceIdentifier="d")
    assert status() == ("p", "in-sync")
    for method, then in (("immediate", "in-sync"), ("pending-reboot", "pending-reboot")):
        parameter = {"ParameterName": "max_connections", "ParameterValue": "99", "ApplyMethod": method}
        site.rds.modify_db_parameter_group(DBParameterGroupName="p", Parameters=[parameter])
        assert status() == ("p", then)


# Eventual consistency.


def test_what_is_new_is_not_known_yet(emulator):
    account = emulator.new_account(visibility=2)
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    by_id = [{"Name": "vpc-id", "Values": [vpc]}]
    refused("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=[vpc])
    assert ec2.describe_vpcs(Filters=by_id)["Vpcs"] == []
    assert len(ec2.describe_vpcs(Filters=by_id)["Vpcs"]) == 1
    subnet = {"VpcId": vpc, "CidrBlock": "10.0.0.0/24"}
    made = ec2.create_subnet(**subnet)["Subnet"]["SubnetId"]
    gateway = {"SubnetId": made, "ConnectivityType": "private"}
    for _ in range(2):
        refused("InvalidSubnetID.NotFound", ec2.create_nat_gateway, **gateway)
    ec2.create_nat_gateway(**gateway)


def test_a_new_role_is_of_no_use_yet(emulator):
    site = Site(emulator)  # its network is known
    site.account = emulator.new_account(visibility=1)
    ec2, iam, lambda_ = (site.account.client(name) for name in ("ec2", "iam", "lambda"))
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]
    function = {
        "FunctionName": "f", "Runtime": "python3.13", "Handler": "a.b", "Role": role, "Code": {"ZipFile": a_zip()}
    }
    answer = refused("InvalidParameterValueException", lambda_.create_function, **function)
    assert answer["Error"]["Message"] == "The role defined for the function cannot be assumed by Lambda."
    lambda_.create_function(**function)
    iam.create_instance_profile(InstanceProfileName="p")
    image = ec2.describe_images(Owners=["amazon"], MaxResults=5)["Images"][0]["ImageId"]
    instance = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": {"Name": "p"}}
    answer = refused("InvalidParameterValue", ec2.run_instances, **instance)
    assert "Invalid IAM Instance Profile name" in answer["Error"]["Message"]
    ec2.run_instances(**instance)


def test_load_balancers_have_interfaces(emulator):
    site = Site(emulator)
    site.attach_internet()
    elb = site.account.client("elbv2")
    made = elb.create_load_balancer(Name="web", Subnets=site.subnets, SecurityGroups=[site.group])["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    name = arn.split(":loadbalancer/")[1]
    found = site.interfaces(description=f"ELB {name}")
    assert sorted(one["SubnetId"] for one in found) == sorted(site.subnets)
    assert all(one["Association"]["PublicIp"] for one in found)
    assert site.interfaces(description="ELB *") and not site.interfaces(description="ELB net/*")
    inner, = elb.create_load_balancer(
        Name="inner", Subnets=site.subnets[:1], Type="network", Scheme="internal"
    )["LoadBalancers"]
    (node,) = site.interfaces(description="ELB net/inner/*")
    assert node["InterfaceType"] == "network_load_balancer" and "Association" not in node
    for one in (arn, inner["LoadBalancerArn"]):
        elb.delete_load_balancer(LoadBalancerArn=one)
    assert not site.interfaces(description="ELB *")


def test_a_subnet_group_is_found_by_its_tags(emulator):
    site = Site(emulator)
    site.rds.create_db_subnet_group(
        DBSubnetGroupName="g", DBSubnetGroupDescription="g", SubnetIds=site.subnets, Tags=[{"Key": "k", "Value": "v"}]
    )
    tagging = site.account.client("resourcegroupstaggingapi")
    found = tagging.get_resources(TagFilters=[{"Key": "k", "Values": ["v"]}])["ResourceTagMappingList"]
    assert [one["ResourceARN"].split(":subgrp:")[1] for one in found] == ["g"]
