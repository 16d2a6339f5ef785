"""moto's plain mistakes in what our tests use, put right for every account."""

from moto.awslambda.models import LambdaFunction
from moto.awslambda.policy import Policy
from moto.core.resource_tagging import TaggedResource
from moto.ec2 import ec2_backends
from moto.ec2.models.amis import AMIS, Ami, AmiBackend, load_resource, parse_timestamp
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.elbv2.models import ELBv2Backend
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend
from moto.rds.models import DBInstance, RDSBackend

from overlay import Refusal


def install():
    _databases_have_an_address_when_they_stand()
    _databases_say_whether_their_parameters_count()
    _subnet_groups_survive_a_change()
    _subnet_groups_are_found_by_their_tags()
    _functions_say_how_their_last_change_went()
    _functions_say_their_vpc()
    _permissions_of_a_url_have_conditions()
    _gateways_are_found_by_what_is_asked()
    _the_groups_of_an_instance_are_those_of_its_first_interface()
    _a_role_leaves_a_profile_once()
    _network_load_balancers_say_so_in_their_names()
    _few_images_are_enough()


def _databases_have_an_address_when_they_stand():
    endpoint = DBInstance.endpoint.fget
    DBInstance.endpoint = property(lambda self: None if self.status == "creating" else endpoint(self))


def _databases_say_whether_their_parameters_count():
    def status(self):
        applied = getattr(self, "parameter_apply_status", "in-sync")
        groups = self.db_parameter_groups()
        return [{"DBParameterGroupName": one.name, "ParameterApplyStatus": applied} for one in groups]

    DBInstance.db_parameter_group_status_list = property(status)


def _subnet_groups_survive_a_change():
    modify = RDSBackend.modify_db_subnet_group

    def modify_and_keep(self, subnet_name, description, subnets):
        group = modify(self, subnet_name, description, subnets)
        self.subnet_groups[subnet_name] = group
        return group

    RDSBackend.modify_db_subnet_group = modify_and_keep


def _subnet_groups_are_found_by_their_tags():
    """By the tagging API, as `rds:subgrp`."""
    iterate = RDSBackend.iter_tagged_resources

    def iterate_over_all(self):
        yield from iterate(self)
        for group in self.subnet_groups.values():
            tags = {tag["Key"]: tag["Value"] for tag in group.get_tags()}
            yield TaggedResource(arn=group.arn, tags=tags, resource_type="rds:subgrp")

    RDSBackend.iter_tagged_resources = iterate_over_all


def _network_load_balancers_say_so_in_their_names():
    create = ELBv2Backend.create_load_balancer

    def create_and_name(self, *arguments, **named):
        balancer = create(self, *arguments, **named)
        if balancer.type == "network":
            tags = self.tagging_service.list_tags_for_resource(balancer.arn)["Tags"]
            del self.load_balancers[balancer.arn]
            self.tagging_service.delete_all_tags_for_resource(balancer.arn)
            balancer.arn = balancer.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
            self.load_balancers[balancer.arn] = balancer
            self.tagging_service.tag_resource(balancer.arn, tags)
        return balancer

    ELBv2Backend.create_load_balancer = create_and_name


def _functions_say_how_their_last_change_went():
    get_configuration = LambdaFunction.get_configuration

    def with_status(self, on_create=False):
        found = get_configuration(self, on_create)
        if "LastUpdateStatus" in found:
            found["LastUpdateStatus"] = getattr(self, "last_update_status", "Successful")
        return found

    LambdaFunction.get_configuration = with_status


def _functions_say_their_vpc():
    vpc_config = LambdaFunction.vpc_config.fget

    def with_vpc(self):
        found = vpc_config(self)
        if found and found.get("SubnetIds"):
            ec2 = ec2_backends[self.account_id][self.region]
            subnets = {one.id: one for zone in ec2.subnets.values() for one in zone.values()}
            subnet = subnets.get(found["SubnetIds"][0])
            found["VpcId"] = subnet.vpc_id if subnet else ""
        return found

    LambdaFunction.vpc_config = property(with_vpc)


def _permissions_of_a_url_have_conditions():
    add = Policy.add_statement

    def add_with_conditions(self, raw, qualifier=None):
        statement, revision = add(self, raw, qualifier)
        for name, operator in (("FunctionUrlAuthType", "StringEquals"), ("InvokedViaFunctionUrl", "Bool")):
            if name in statement:
                value = statement.pop(name)
                value = str(value).lower() if isinstance(value, bool) else value
                statement.setdefault("Condition", {})[operator] = {f"lambda:{name}": value}
        return statement, revision

    Policy.add_statement = add_with_conditions


def _gateways_are_found_by_what_is_asked():
    describe = NatGatewayBackend.describe_nat_gateways

    def by_tags_too(self, filters, nat_gateway_ids):
        found = describe(self, filters, nat_gateway_ids)
        if unknown := set(nat_gateway_ids or ()) - {one.id for one in found}:
            raise Refusal("NatGatewayNotFound", f"NAT gateway {min(unknown)} was not found")
        for name, values in (filters or {}).items():
            if name.startswith("tag:"):
                found = [one for one in found if one.get_filter_value(name) in values]
        return found

    NatGatewayBackend.describe_nat_gateways = by_tags_too


def _the_groups_of_an_instance_are_those_of_its_first_interface():
    modify = InstanceBackend.modify_instance_security_groups

    def modify_the_interface_too(self, instance_id, new_group_id_list):
        instance = modify(self, instance_id, new_group_id_list)
        instance.nics[0]._group_set = list(instance.security_groups)
        return instance

    InstanceBackend.modify_instance_security_groups = modify_the_interface_too
    NetworkInterface.group_set = property(lambda interface: interface._group_set)


def _a_role_leaves_a_profile_once():
    remove = IAMBackend.remove_role_from_instance_profile

    def remove_what_is_there(self, profile_name, role_name):
        if role_name not in [role.name for role in self.get_instance_profile(profile_name).roles]:
            raise NotFoundException(f"The role with name {role_name} cannot be found.")
        return remove(self, profile_name, role_name)

    IAMBackend.remove_role_from_instance_profile = remove_what_is_there


def _few_images_are_enough():
    """Of a thousand images those that moto knows by default and the newest: making all of them is most
    of making an account."""

    def load(self):
        for image in AMIS + load_resource(f"ec2/resources/latest_amis/{self.region_name}.json"):
            made = {**image, "owner_alias": "amazon"}
            if isinstance(made.get("creation_date"), str):
                made["creation_date"] = parse_timestamp(made["creation_date"])
            self.amis[image["ami_id"]] = Ami(self, **made)

    AmiBackend._load_amis = load
