"""Network interfaces that AWS makes in our subnets: those of databases, functions, load balancers,
endpoints and NAT gateways.

What shall be there follows from moto's own memory, before and after every call. Lambda's are shared
by all functions with the same subnet and groups; the setting is for how many seconds they outlive
the last one, and a load balancer's the load balancer. Lambda takes them away as the function's role:
without it they stay for good.
"""

import uuid
from dataclasses import dataclass

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.utils import random_public_ip

from overlay import Behaviour


@dataclass
class Wanted:
    """An interface that shall be there."""

    subnet: str
    groups: tuple
    description: str
    kind: str
    requester: str
    role: str = None
    public: bool = False


# What is there for a while after what it was made for.
LINGER = ("lambda", "elb")


class Interfaces(Behaviour):
    def __init__(self, account, setting):
        super().__init__(account, setting)
        self._held = {}  # region and owner -> (interface, what it was made for)
        self._leaving = {}  # region and owner -> when

    def around(self, call, go_on):
        if call.service not in ("ec2", "rds", "lambda", "elbv2"):
            return go_on()
        self._settle(call)
        try:
            return go_on()
        finally:
            self._settle(call)

    def _settle(self, call):
        ec2 = call.backend("ec2")
        wanted = {(call.region, *owner): one for owner, one in _wanted(call)}
        for owner, one in wanted.items():
            self._leaving.pop(owner, None)
            self._hold(ec2, owner, one)
        for owner in [owner for owner in self._held if owner[0] == call.region and owner not in wanted]:
            self._let_go(call, owner)
        _describe_endpoints(ec2)
        _release_gateways(ec2)
        _release_instances(ec2)

    def _hold(self, ec2, owner, wanted):
        if owner not in self._held:
            try:
                subnet = ec2.get_subnet(wanted.subnet)
            except InvalidSubnetIdError:
                return
            interface = ec2.create_network_interface(
                subnet, None, group_ids=list(wanted.groups), description=wanted.description
            )
            interface.requester_id, interface.requester_managed = wanted.requester, True
            interface.interface_type, interface.status = wanted.kind, "in-use"
            interface.public_ip = random_public_ip() if wanted.public else None
            self._held[owner] = interface, wanted
        interface, _ = self._held[owner]
        interface._group_set = [g for g in map(ec2.get_security_group_from_id, wanted.groups) if g]
        self._held[owner] = interface, wanted

    def _let_go(self, call, owner):
        interface, wanted = self._held[owner]
        if owner[1] in LINGER:
            leaves = self._leaving.setdefault(owner, self.account.now() + self.setting)
            if self.account.now() < leaves:
                return
            if wanted.role and not _role_exists(call, wanted.role):
                # Nobody is left who may detach it: it stays until somebody deletes it by hand.
                self._leaving[owner] = float("inf")
                return
        call.backend("ec2").enis.pop(interface.id, None)
        del self._held[owner]
        self._leaving.pop(owner, None)


def _wanted(call):
    for name, database in call.backend("rds").databases.items():
        group = getattr(database, "db_subnet_group", None)
        if group:
            groups = tuple(database.vpc_security_group_ids)
            subnet = group.subnets[0]["SubnetIdentifier"]
            yield ("rds", name), Wanted(subnet, groups, "RDSNetworkInterface", "interface", "amazon-rds")
    for function in call.backend("lambda").list_functions():
        network = function.vpc_config or {}
        groups = tuple(sorted(network.get("SecurityGroupIds") or []))
        for subnet in network.get("SubnetIds") or []:
            description = f"AWS Lambda VPC ENI-{function.function_name}-{uuid.uuid4()}"
            requester = f"AROAEXAMPLE:{function.function_name}"
            yield ("lambda", subnet, groups), Wanted(subnet, groups, description, "lambda", requester, function.role)
    for balancer in call.backend("elbv2").load_balancers.values():
        kind, family = ("network_load_balancer", "net") if balancer.type == "network" else ("interface", "app")
        description = f"ELB {family}/{balancer.name}/{balancer.arn.split('/')[-1]}"
        groups, public = tuple(balancer.security_groups or ()), balancer.scheme != "internal"
        for subnet in balancer.subnets:
            yield ("elb", balancer.arn, subnet.id), Wanted(
                subnet.id, groups, description, kind, "amazon-elb", public=public
            )


def _role_exists(call, arn):
    return any(role.arn == arn for role in call.backend("iam").get_roles())


def _describe_endpoints(ec2):
    """moto makes their interfaces and does not say whose they are."""
    for endpoint in ec2.vpc_end_points.values():
        for identifier in endpoint.network_interface_ids:
            if interface := ec2.enis.get(identifier):
                interface.description = f"VPC Endpoint Interface {endpoint.id}"
                interface.interface_type, interface.status = "vpc_endpoint", "in-use"
                interface.requester_id, interface.requester_managed = "amazon-vpce", True
                interface._group_set = [g for g in map(ec2.get_security_group_from_id, endpoint.security_group_ids) if g]


def _release_gateways(ec2):
    """A NAT gateway's interface and address are free when it is gone, not before."""
    for gateway in ec2.nat_gateways.values():
        gateway._eni.description = f"Interface for NAT Gateway {gateway.id}"
        gateway._eni.interface_type, gateway._eni.status = "nat_gateway", "in-use"
        if gateway.state == "deleted" and ec2.enis.pop(gateway._eni.id, None):
            for address in ec2.addresses:
                if address.eni is gateway._eni:
                    address.eni, address.association_id = None, None


def _release_instances(ec2):
    """What was made with an instance goes with it, whether or not the call said so."""
    for interface in list(ec2.enis.values()):
        if interface.instance and interface.instance._state.name == "terminated":
            ec2.enis.pop(interface.id)
