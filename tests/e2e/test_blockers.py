"""What others have in a stack's network keeps parts of it: it is named, the rest goes, nothing hangs."""

import io
import json
import zipfile

import pytest

from program import PARTLY
from world import World

STACK = """
stack: held
region: us-west-2
vpc: { main: { cidr_block: 10.0.0.0/16 } }
internet_gateway: { main: { vpc: main } }
subnet:
  main:
    for_each: [a, b]
    vpc: main
    availability_zone: ${each.key}
    cidr_block: ${cidr_subnet("10.0.0.0/16", 24, each.index)}
route_table: { main: { vpc: main, subnets: [main], routes: { 0.0.0.0/0: internet_gateway.main } } }
security_group: { web: { vpc: main, ingress: [] } }
elastic_ip: { spare: {} }
log_group: { rest: { name: /held/rest } }
"""

VPC, GATEWAY, ADDRESS, GROUP = "vpc.main", "internet_gateway.main", "elastic_ip.spare", "security_group.web"
A, B = "subnet.main[a]", "subnet.main[b]"


class Site:
    """The network of the stack, and what somebody else makes in it: each method gives what the program
    should name, and how it is taken away again."""

    def __init__(self, world):
        self.world, self.ec2 = world, world.ec2
        self.vpc, self.group, self.address = world.id(VPC), world.id(GROUP), world.id(ADDRESS)
        self.subnets = [world.id(A), world.id(B)]

    # In the VPC.

    def subnet(self):
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.99.0/24")["Subnet"]["SubnetId"]
        return f"subnet {made}", lambda: self.ec2.delete_subnet(SubnetId=made)

    def another_vpc(self):
        return self.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]

    def security_group(self, name="theirs"):
        made = self.ec2.create_security_group(GroupName=name, Description="theirs", VpcId=self.vpc)["GroupId"]
        return f"security group {made}", lambda: self.ec2.delete_security_group(GroupId=made)

    def rule_of_a_group(self):
        said, remove = self.security_group()
        identifier = said.split()[-1]
        self.ec2.authorize_security_group_ingress(GroupId=identifier, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": self.group}]}
        ])
        return f"a rule of group theirs ({identifier})", remove

    def network_acl(self):
        tags = [{"ResourceType": "network-acl", "Tags": [
            {"Key": "Name", "Value": "strict"}, {"Key": "trueup:stack", "Value": "other"},
        ]}]
        made = self.ec2.create_network_acl(VpcId=self.vpc, TagSpecifications=tags)["NetworkAcl"]["NetworkAclId"]
        return f"network ACL {made} 'strict' of stack other", lambda: self.ec2.delete_network_acl(NetworkAclId=made)

    def route_table(self):
        """Of ours it takes a subnet and the gateway, and neither is kept by that."""
        made = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        gateway = self.world.id(GATEWAY)
        self.ec2.create_route(RouteTableId=made, DestinationCidrBlock="10.50.0.0/16", GatewayId=gateway)
        table, = self.ec2.describe_route_tables(
            Filters=[{"Name": "association.subnet-id", "Values": [self.subnets[1]]}]
        )["RouteTables"]
        association = next(a for a in table["Associations"] if a.get("SubnetId") == self.subnets[1])
        self.ec2.replace_route_table_association(
            AssociationId=association["RouteTableAssociationId"], RouteTableId=made
        )
        return f"route table {made}", lambda: self.ec2.delete_route_table(RouteTableId=made)

    def gateway_endpoint(self):
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.vpc, ServiceName="com.amazonaws.us-west-2.s3", VpcEndpointType="Gateway"
        )["VpcEndpoint"]["VpcEndpointId"]
        return f"VPC endpoint {made}", lambda: self.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])

    # At the VPC.

    def peering(self):
        other = self.another_vpc()
        made = self.ec2.create_vpc_peering_connection(VpcId=other, PeerVpcId=self.vpc)["VpcPeeringConnection"]
        made = made["VpcPeeringConnectionId"]
        self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made)
        said = f"VPC peering connection {made} with {other}"
        return said, lambda: self.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=made)

    def vpn_gateway(self):
        made = self.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
        self.ec2.attach_vpn_gateway(VpnGatewayId=made, VpcId=self.vpc)
        return f"VPN gateway {made}", lambda: self.ec2.detach_vpn_gateway(VpnGatewayId=made, VpcId=self.vpc)

    def egress_only_gateway(self):
        made = self.ec2.create_egress_only_internet_gateway(VpcId=self.vpc)["EgressOnlyInternetGateway"]
        made = made["EgressOnlyInternetGatewayId"]
        said = f"egress-only internet gateway {made}"
        return said, lambda: self.ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=made)

    def carrier_gateway(self):
        made = self.ec2.create_carrier_gateway(VpcId=self.vpc)["CarrierGateway"]["CarrierGatewayId"]
        return f"carrier gateway {made}", lambda: self.ec2.delete_carrier_gateway(CarrierGatewayId=made)

    def transit_gateway_attachment(self):
        transit = self.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
        made = self.ec2.create_transit_gateway_vpc_attachment(
            TransitGatewayId=transit, VpcId=self.vpc, SubnetIds=self.subnets[:1]
        )["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
        said = f"transit gateway attachment {made}"
        return said, lambda: self.ec2.delete_transit_gateway_vpc_attachment(TransitGatewayAttachmentId=made)

    # In its subnets.

    def interface(self):
        made = self.ec2.create_network_interface(SubnetId=self.subnets[0], Description="an appliance")
        made = made["NetworkInterface"]["NetworkInterfaceId"]
        said = f"network interface {made} (an appliance)"
        return said, lambda: self.ec2.delete_network_interface(NetworkInterfaceId=made)

    def interface_endpoint(self):
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.vpc, ServiceName="com.amazonaws.us-west-2.ssm", VpcEndpointType="Interface",
            SubnetIds=self.subnets[:1], SecurityGroupIds=[self.group],
        )["VpcEndpoint"]["VpcEndpointId"]
        return f"VPC endpoint {made}", lambda: self.ec2.delete_vpc_endpoints(VpcEndpointIds=[made])

    def instance(self):
        image = self.ec2.describe_images(Owners=["amazon"], MaxResults=5)["Images"][0]["ImageId"]
        made = self.ec2.run_instances(
            ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=self.subnets[0],
            SecurityGroupIds=[self.group],
        )["Instances"][0]["InstanceId"]
        return f"instance {made}", lambda: self.ec2.terminate_instances(InstanceIds=[made])

    def nat_gateway(self):
        made = self.ec2.create_nat_gateway(SubnetId=self.subnets[0], AllocationId=self.address)["NatGateway"]
        made = made["NatGatewayId"]
        return f"NAT gateway {made}", lambda: self.ec2.delete_nat_gateway(NatGatewayId=made)

    def load_balancer(self, kind="application", scheme="internet-facing", **options):
        elb = self.world.account.client("elbv2")
        made = elb.create_load_balancer(
            Name="shop-front", Type=kind, Scheme=scheme, Subnets=self.subnets, **options
        )["LoadBalancers"][0]["LoadBalancerArn"]
        return "load balancer shop-front", lambda: elb.delete_load_balancer(LoadBalancerArn=made)

    def application_load_balancer(self):
        return self.load_balancer(SecurityGroups=[self.group])

    def network_load_balancer(self):
        return self.load_balancer("network", "internal")

    def database(self):
        rds = self.world.rds
        rds.create_db_subnet_group(
            DBSubnetGroupName="theirs", DBSubnetGroupDescription="theirs", SubnetIds=self.subnets
        )
        rds.create_db_instance(
            DBInstanceIdentifier="ledger", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20,
            MasterUsername="somebody", MasterUserPassword="not-a-secret", DBSubnetGroupName="theirs",
            VpcSecurityGroupIds=[self.group],
        )
        return "database ledger", lambda: rds.delete_db_instance(DBInstanceIdentifier="ledger", SkipFinalSnapshot=True)

    def function(self):
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = self.world.iam.create_role(
            RoleName="theirs", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )["Role"]["Arn"]
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("a.py", "def b(event, context):\n    return None\n")
        self.world.lambda_.create_function(
            FunctionName="thumbnails", Runtime="python3.13", Handler="a.b", Role=role, Code={"ZipFile": code.getvalue()},
            VpcConfig={"SubnetIds": self.subnets[:1], "SecurityGroupIds": [self.group]},
        )
        return "Lambda function thumbnails", lambda: self.world.lambda_.delete_function(FunctionName="thumbnails")


# What others have there, and what of ours it keeps.
BLOCKERS = {
    "subnet": {VPC},
    "security_group": {VPC},
    "rule_of_a_group": {GROUP, VPC},
    "network_acl": {VPC},
    "route_table": {VPC},
    "gateway_endpoint": {VPC},
    "peering": {VPC},
    "vpn_gateway": {VPC},
    "egress_only_gateway": {VPC},
    "carrier_gateway": {VPC},
    "transit_gateway_attachment": {VPC},
    "interface": {A, VPC},
    "database": {A, GROUP, VPC},
    "network_load_balancer": {A, B, VPC},
    "application_load_balancer": {A, B, GROUP, GATEWAY, VPC},
    # These might be about to leave, so they are looked at for half a minute: all at once.
    "instance and interface_endpoint and nat_gateway and function": {A, GROUP, ADDRESS, GATEWAY, VPC},
}


@pytest.mark.parametrize("names", BLOCKERS)
def test_what_others_have_there_is_named_and_the_rest_goes(program, account, tmp_path, names):
    path = tmp_path / "held.yaml"
    path.write_text(STACK)
    world = World(account, "held")
    program.apply(path)
    site, kept = Site(world), BLOCKERS[names]
    made = [getattr(site, name)() for name in names.split(" and ")]

    result = program.run("destroy", path, "--yes", "--allow-mass-delete").expect(PARTLY)
    result.says("held by", *(said for said, _ in made), *kept)
    assert set(world.owned()) == {address.replace("[", ":").removesuffix("]") for address in kept}, result

    for _, take_away in made:
        take_away()
    program.run("destroy", path, "--yes", "--allow-mass-delete", expect=0)
    assert not world.leftovers()
