"""Sentences on the live network, and what others do to it."""

import pytest

from program import CHANGES, stack_with
from proxy import Proxy

SHUT = "internet does not reach instance.bastion"
PORT_SSH = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def verdicts(program, stack, code):
    """The sentences of `drift` with their verdicts; nothing of the stack's own differs."""
    document = program.run("drift", stack, "--json", expect=code).json
    assert not [change for change in document["changes"] if change["action"] != "nothing"], document["changes"]
    return {proof["text"]: (proof["verdict"], proof.get("class")) for proof in document["proofs"]}


def broken(program, stack):
    found = verdicts(program, stack, CHANGES)
    assert all(kind == "security" for verdict, kind in found.values() if verdict == "broken"), found
    return {text for text, (verdict, _) in found.items() if verdict == "broken"}


def all_proved(program, stack):
    assert {verdict for verdict, _ in verdicts(program, stack, 0).values()} == {"proved"}


def default_acl(w):
    vpc = {"Name": "vpc-id", "Values": [w.id("vpc.main")]}
    (acl,) = w.ec2.describe_network_acls(Filters=[vpc, {"Name": "default", "Values": ["true"]}])["NetworkAcls"]
    return acl["NetworkAclId"]


@pytest.mark.parametrize("egress", [False, True], ids=["ingress", "egress"])
def test_an_entry_in_the_default_acl(applied, egress):
    program, w, stack = applied
    entry = {"NetworkAclId": default_acl(w), "RuleNumber": 50, "Egress": egress}
    w.ec2.create_network_acl_entry(**entry, Protocol="6", RuleAction="deny", CidrBlock="10.0.11.0/24",
                                   PortRange={"From": 5432, "To": 5432})
    broken_by = {"lambda_function.api reaches db_instance.main on 5432"}
    if egress:
        # An answer from the internet may be for the function's port 5432.
        broken_by |= {"instance.bastion reaches db_instance.main on 5432", "lambda_function.api reaches internet on 443"}
    assert broken(program, stack) == broken_by
    w.ec2.delete_network_acl_entry(**entry)
    all_proved(program, stack)


DENIED = (403, [("Content-Type", "text/xml")], b"""<Response><Errors><Error><Code>UnauthorizedOperation</Code>
<Message>You are not authorized to perform this operation.</Message></Error></Errors><RequestID>denied-2</RequestID>
</Response>""")


def test_what_may_not_be_read_is_unknown(applied, emulator, enter):
    """Nothing but proofs suffers."""
    program, w, stack = applied
    with Proxy(emulator.url, refuse={"DescribeNetworkAcls": DENIED}) as proxy:
        denied = enter(w.account, proxy.url)
        plan = denied.plan_is_empty(stack)
        proofs = plan.document["proofs"]
        assert {proof["verdict"] for proof in proofs} == {"unknown"}, proofs
        assert "network_acl of vpc.main could not be read" in proofs[0]["evidence"][0]
        assert "UnauthorizedOperation" in proofs[0]["evidence"][0]
        denied.run("drift", stack, expect=0)
    all_proved(program, stack)


def test_another_acl_on_a_subnet(applied):
    program, w, stack = applied
    theirs = w.ec2.create_network_acl(VpcId=w.id("vpc.main"))["NetworkAcl"]["NetworkAclId"]
    old = associate(w, w.id("subnet.public"), theirs)
    assert broken(program, stack) == {
        "lambda_function.api reaches internet on 443", "instance.bastion reaches internet on 443"
    }
    associate(w, w.id("subnet.public"), old)
    w.ec2.delete_network_acl(NetworkAclId=theirs)
    all_proved(program, stack)


def test_a_saved_plan_after_somebody_changed_an_acl(applied, tmp_path):
    """What surrounds the stack has no fingerprint in the plan: its sentences are proved anew."""
    program, w, stack = applied
    edited = stack_with(tmp_path, ("retention_days: 14", "retention_days: 30"))
    saved = tmp_path / "plan.json"
    program.run("plan", edited, "--out", saved, expect=0)
    entry = {"NetworkAclId": default_acl(w), "RuleNumber": 50, "Egress": True}
    w.ec2.create_network_acl_entry(**entry, Protocol="-1", RuleAction="deny", CidrBlock="0.0.0.0/0")
    refused = program.run("apply", saved, expect=4)
    refused.says("lambda_function.api reaches db_instance.main on 5432", "egress rule 50: deny")
    assert w.log_group()["retentionInDays"] == 14, "nothing was changed"
    w.ec2.delete_network_acl_entry(**entry)
    program.run("apply", saved, expect=0)
    assert w.log_group()["retentionInDays"] == 30
    program.apply(stack)
    all_proved(program, stack)


def test_the_bastion_is_let_onto_the_internet_step_by_step(applied):
    """Each barrier goes, with a rule, an association and an ACL entry; the last one that is left holds."""
    program, w, stack = applied
    acl, bastion = default_acl(w), w.id("security_group.bastion")
    entry = {"NetworkAclId": acl, "RuleNumber": 50, "Egress": False}
    w.ec2.create_network_acl_entry(**entry, Protocol="6", RuleAction="deny", CidrBlock="0.0.0.0/0",
                                   PortRange={"From": 22, "To": 22})
    w.ec2.authorize_security_group_ingress(GroupId=bastion, IpPermissions=PORT_SSH)
    address = w.ec2.allocate_address(Domain="vpc")["AllocationId"]
    association = w.ec2.associate_address(AllocationId=address, InstanceId=w.id("instance.bastion"))["AssociationId"]
    subnet = w.id("subnet.private[a]")
    (route,) = [
        one["RouteTableAssociationId"] for one in w.route_table("route_table.private")["Associations"]
        if one.get("SubnetId") == subnet
    ]

    def is_shut():
        proofs = program.run("drift", stack, "--json").expect(0, CHANGES).json["proofs"]
        return next(proof["verdict"] for proof in proofs if proof["text"] == SHUT) == "proved"

    assert is_shut(), "the private table leads answers to the NAT gateway, and an ACL refuses port 22"
    public = w.id("route_table.public")
    moved = w.ec2.replace_route_table_association(AssociationId=route, RouteTableId=public)["NewAssociationId"]
    assert is_shut(), "the ACL is left"
    w.ec2.delete_network_acl_entry(**entry)
    assert not is_shut()

    w.ec2.replace_route_table_association(AssociationId=moved, RouteTableId=w.id("route_table.private"))
    assert is_shut(), "the association is back"
    w.ec2.disassociate_address(AssociationId=association)
    w.ec2.release_address(AllocationId=address)
    w.ec2.revoke_security_group_ingress(GroupId=bastion, IpPermissions=PORT_SSH)
    all_proved(program, stack)


def associate(w, subnet, acl):
    """Gives a subnet another ACL; returns the one that it had."""
    by = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (had,) = w.ec2.describe_network_acls(Filters=by)["NetworkAcls"]
    (association,) = [one for one in had["Associations"] if one["SubnetId"] == subnet]
    w.ec2.replace_network_acl_association(
        AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl
    )
    return had["NetworkAclId"]


def test_an_interface_with_a_group_of_others(applied):
    program, w, stack = applied
    group = w.ec2.create_security_group(GroupName="debug", Description="d", VpcId=w.id("vpc.main"))["GroupId"]
    w.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=PORT_SSH)
    all_proved(program, stack)
    # Groups that are set on an instance are those of its first interface alone.
    w.ec2.modify_instance_attribute(InstanceId=w.id("instance.bastion"), Groups=[w.id("security_group.bastion")])
    interface = w.ec2.create_network_interface(SubnetId=w.id("subnet.public"), Groups=[group])
    interface = interface["NetworkInterface"]["NetworkInterfaceId"]
    address = w.ec2.allocate_address(Domain="vpc")["AllocationId"]
    w.ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)
    attachment = w.ec2.attach_network_interface(
        NetworkInterfaceId=interface, InstanceId=w.id("instance.bastion"), DeviceIndex=1
    )["AttachmentId"]
    # The database lets the bastion's group in, and the new interface is not in it.
    assert broken(program, stack) == {SHUT, "instance.bastion reaches db_instance.main on 5432"}

    w.ec2.detach_network_interface(AttachmentId=attachment, Force=True)
    association, = (one["AssociationId"] for one in w.ec2.describe_addresses(AllocationIds=[address])["Addresses"])
    w.ec2.disassociate_address(AssociationId=association)
    w.ec2.release_address(AllocationId=address)
    w.ec2.delete_network_interface(NetworkInterfaceId=interface)
    w.ec2.delete_security_group(GroupId=group)
    all_proved(program, stack)


def test_a_route_in_the_main_table_and_a_peering(program, world, tmp_path):
    """A subnet that is associated with no table, and somebody who leads the main one elsewhere."""
    stack = tmp_path / "office.yaml"
    stack.write_text(OFFICE)
    program.apply(stack)
    world.stack = "office"
    vpc = world.id("vpc.main")
    all_proved(program, stack)

    theirs = world.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = world.ec2.create_subnet(VpcId=theirs, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    peering = world.ec2.create_vpc_peering_connection(VpcId=theirs, PeerVpcId=vpc)["VpcPeeringConnection"]
    peering = peering["VpcPeeringConnectionId"]
    world.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    all_proved(program, stack)
    for network, to in ((theirs, "10.0.0.0/16"), (vpc, "10.9.0.0/16")):
        main = [{"Name": "vpc-id", "Values": [network]}, {"Name": "association.main", "Values": ["true"]}]
        (table,) = world.ec2.describe_route_tables(Filters=main)["RouteTables"]
        world.ec2.create_route(
            RouteTableId=table["RouteTableId"], DestinationCidrBlock=to, VpcPeeringConnectionId=peering
        )
    assert broken(program, stack) == {"10.9.0.0/16 does not reach instance.desk"}
    explained = program.run("reach", "10.9.1.5", "instance.desk", stack, "--port", "22", expect=0)
    explained.says(peering)
    world.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert subnet
    all_proved(program, stack)


def test_public_mysql_in_the_default_vpc(program, world, tmp_path):
    """The default VPC's own routes decide; the stack only looks it up."""
    program.environment["DB_PASSWORD"] = "correct-horse-battery"
    subnets = world.ec2.describe_subnets()["Subnets"]
    world.rds.create_db_subnet_group(
        DBSubnetGroupName="default", DBSubnetGroupDescription="default",
        SubnetIds=[one["SubnetId"] for one in subnets],
    )
    stack = stack_with(tmp_path, name="public-mysql")
    arguments = ["plan", stack, "--json", "--var", "admin_cidr=203.0.113.7/32"]
    default = {"Name": "vpc-id", "Values": [subnets[0]["VpcId"]]}
    (table,) = world.ec2.describe_route_tables(Filters=[default])["RouteTables"]
    leads_out = any(r.get("GatewayId", "").startswith("igw-") for r in table["Routes"])
    gateway = None
    if not leads_out:  # unlike AWS, moto's default VPC has no way out
        gateway = world.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        world.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=subnets[0]["VpcId"])
        refuted = program.run(*arguments, expect=4).json["proofs"]
        assert [proof["verdict"] for proof in refuted] == ["broken", "proved"], refuted
        world.ec2.create_route(
            RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway
        )
    proofs = program.run(*arguments, expect=0).json["proofs"]
    assert [proof["verdict"] for proof in proofs] == ["proved", "proved"], proofs


OFFICE = """\
stack: office
region: us-west-2
vpc:
  main: { cidr_block: 10.0.0.0/16 }
subnet:
  desks: { vpc: main, cidr_block: 10.0.1.0/24, availability_zone: us-west-2a }
security_group:
  desk:
    vpc: main
    ingress: [{ port: 22, from: [10.0.0.0/8] }]
instance:
  desk: { ami: ami-12c6146b, instance_type: t3.micro, subnet: desks, security_groups: [desk] }
expect:
  - 10.9.0.0/16 does not reach instance.desk
"""
