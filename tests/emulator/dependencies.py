"""What is in use is not deleted, and what excludes another is not made beside it."""

from moto.ec2.exceptions import InvalidSubnetIdError

from overlay import Behaviour, Refusal

# The states in which a peering connection keeps its VPCs.
PEERED = ("pending-acceptance", "provisioning", "active")


def _violation(message):
    return Refusal("DependencyViolation", message)


class Dependencies(Behaviour):
    # Groups and subnets.

    def DeleteSecurityGroup(self, call, go_on):
        ec2, identifier = call.backend(), call.params.get("GroupId")
        group = ec2.get_security_group_from_id(identifier)
        if group is None:
            return go_on()
        if group.name == "default":
            message = f'the specified group: "{identifier}" name: "default" cannot be deleted by a user'
            raise Refusal("CannotDelete", message)
        in_use = any(group in one.group_set for one in ec2.enis.values())
        named = any(_names(other, identifier) for other in _groups(ec2) if other.id != identifier)
        if in_use or named:
            raise _violation(f"resource {identifier} has a dependent object")
        return go_on()

    def DeleteSubnet(self, call, go_on):
        ec2, identifier = call.backend(), call.params["SubnetId"]
        if any(one.subnet.id == identifier for one in ec2.enis.values()):
            raise _violation(f"The subnet '{identifier}' has dependencies and cannot be deleted.")
        answer = go_on()
        for table in ec2.route_tables.values():
            table._associations = {name: one for name, one in table._associations.items() if one != identifier}
        return answer

    # The VPC and its gateway.

    def AttachInternetGateway(self, call, go_on):
        vpc = call.params["VpcId"]
        if any(one.vpc and one.vpc.id == vpc for one in call.backend().internet_gateways.values()):
            raise Refusal("Resource.AlreadyAssociated", f"Network {vpc} already has an internet gateway attached")
        return go_on()

    def DetachInternetGateway(self, call, go_on):
        vpc = call.params["VpcId"]
        if any(one.public_ip and one.vpc_id == vpc for one in call.backend().enis.values()):
            message = "Please unmap those public address(es) before detaching the gateway."
            raise _violation(f"Network {vpc} has some mapped public address(es). {message}")
        return go_on()

    def DeleteVpc(self, call, go_on):
        ec2, vpc = call.backend(), call.params["VpcId"]
        holds = [
            any(one.vpc and one.vpc.id == vpc for one in ec2.internet_gateways.values()),
            any(one.vpc_id == vpc and one.name != "default" for one in _groups(ec2)),
            any(one.vpc_id == vpc for one in ec2.enis.values()),
            any(one.vpc_id == vpc and not one.default for one in ec2.network_acls.values()),
            any(one.vpc_id == vpc and one.state != "deleted" for one in ec2.vpc_end_points.values()),
            any(one.vpc_id == vpc for one in ec2.egress_only_internet_gateways.values()),
            any(one.vpc_id == vpc for one in ec2.carrier_gateways.values()),
            any(one.resource_id == vpc for one in ec2.transit_gateway_attachments.values()),
            any(vpc in (one.vpc.id, one.peer_vpc.id) and one._status.code in PEERED for one in ec2.vpc_pcxs.values()),
        ]
        if any(holds):
            raise _violation(f"The vpc '{vpc}' has dependencies and cannot be deleted.")
        return go_on()

    def ReleaseAddress(self, call, go_on):
        allocation = call.params.get("AllocationId")
        for address in call.backend().addresses:
            if address.allocation_id == allocation and address.association_id:
                raise Refusal("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")
        return go_on()

    # Instances.

    def ModifyInstanceAttribute(self, call, go_on):
        instance = call.backend().get_instance(call.params["InstanceId"])
        stopped_only = ("InstanceType", "UserData", "EbsOptimized")
        if any(name in call.params for name in stopped_only) and instance._state.name != "stopped":
            message = f"The instance '{instance.id}' is not in the 'stopped' state."
            raise Refusal("IncorrectInstanceState", message)
        return go_on()

    # Databases.

    def CreateDBSubnetGroup(self, call, go_on):
        zones = set()
        for identifier in call.params["SubnetIds"]:
            try:
                zones.add(call.backend("ec2").get_subnet(identifier).availability_zone)
            except InvalidSubnetIdError:
                raise Refusal("InvalidSubnet", f"The subnet ID '{identifier}' does not exist") from None
        if len(zones) < 2:
            raise Refusal(
                "DBSubnetGroupDoesNotCoverEnoughAZs",
                "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
                f"Current AZ coverage: {', '.join(sorted(zones))}. Add subnets to cover at least 2 AZs.",
            )
        return go_on()

    ModifyDBSubnetGroup = CreateDBSubnetGroup

    def DeleteDBSubnetGroup(self, call, go_on):
        name = call.params["DBSubnetGroupName"].lower()
        for database in call.backend().databases.values():
            group = getattr(database, "db_subnet_group", None)
            if group and group.name == name:
                raise Refusal(
                    "InvalidDBSubnetGroupStateFault",
                    f"Cannot delete the subnet group '{name}' because at least one database instance: "
                    f"{database.db_instance_identifier} is still using it.",
                )
        return go_on()

    def DeleteDBInstance(self, call, go_on):
        if call.params.get("SkipFinalSnapshot") not in (True, "true") and not call.params.get("FinalDBSnapshotIdentifier"):
            message = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            raise Refusal("InvalidParameterCombination", message)
        return go_on()

    # Functions.

    def AddPermission(self, call, go_on):
        sid = call.params["StatementId"]
        function = call.backend().get_function(call.function)
        if any(statement.get("Sid") == sid for statement in function.policy.statements):
            message = "Please provide a new statement id, or remove the existing statement."
            raise Refusal("ResourceConflictException", f"The statement id ({sid}) provided already exists. {message}")
        return go_on()


def _groups(ec2):
    return [group for groups in ec2.groups.values() for group in groups.values()]


def _names(group, identifier):
    """Whether a rule of a group names another."""
    return any(rule.source_group.get("GroupId") == identifier for rule in [*group.ingress_rules, *group.egress_rules])
