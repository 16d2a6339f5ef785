"""What somebody may do behind the stack's back, with other tools, to a resource of snowex."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Callable

from world import peer

ALL = "0.0.0.0/0"


@dataclass
class Mutation:
    """A change, the address that it concerns, and what shows that it is there or mended."""

    name: str
    address: str
    change: Callable
    observe: Callable
    action: str = "update"
    # Whether it can be made together with the others of this list.
    together: bool = True

    def __str__(self):
        return self.name


MUTATIONS = []


def mutation(address, observe, action="update", together=True):
    """Registers a function of the world as a mutation named after it."""

    def register(function):
        name = function.__name__.replace("_", "-")
        MUTATIONS.append(Mutation(name, address, function, observe, action, together))
        return function

    return register


# Security groups. A removed or an added rule is drift of its group.


@mutation("security_group.database", lambda w: w.rules("security_group.database"))
def rule_removed(w):
    rules = w.rule_objects("security_group.database")
    bastion = w.id("security_group.bastion")
    doomed = [r["SecurityGroupRuleId"] for r in rules if not r["IsEgress"] and peer(r) == bastion]
    w.ec2.revoke_security_group_ingress(GroupId=w.id("security_group.database"), SecurityGroupRuleIds=doomed)


@mutation("security_group.bastion", lambda w: w.rules("security_group.bastion"))
def rule_added(w):
    w.ec2.authorize_security_group_ingress(
        GroupId=w.id("security_group.bastion"), IpPermissions=[permission(22, cidr=ALL)]
    )


@mutation("security_group.function", lambda w: w.rules("security_group.function", egress=True))
def egress_rule_removed(w):
    w.ec2.revoke_security_group_egress(
        GroupId=w.id("security_group.function"), IpPermissions=[permission(443, cidr=ALL)]
    )


@mutation("security_group.function", lambda w: w.rules("security_group.function", egress=True), together=False)
def egress_opened_to_everything(w):
    w.ec2.authorize_security_group_egress(
        GroupId=w.id("security_group.function"),
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": ALL}]}],
    )


@mutation("security_group.database", lambda w: w.rules("security_group.database"), together=False)
def rule_opened_to_the_world(w):
    group = w.id("security_group.database")
    w.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission(5432, cidr=ALL)])
    w.ec2.revoke_security_group_ingress(
        GroupId=group, IpPermissions=[permission(5432, group=w.id("security_group.function"))]
    )


def permission(port, cidr=None, group=None):
    to = {"IpRanges": [{"CidrIp": cidr}]} if cidr else {"UserIdGroupPairs": [{"GroupId": group}]}
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **to}


# The network.


@mutation("route_table.private", lambda w: w.routes("route_table.private"))
def route_deleted(w):
    w.ec2.delete_route(RouteTableId=w.id("route_table.private"), DestinationCidrBlock=ALL)


@mutation("route_table.public", lambda w: w.routes("route_table.public"))
def route_added(w):
    w.ec2.create_route(
        RouteTableId=w.id("route_table.public"), DestinationCidrBlock="192.168.0.0/16",
        GatewayId=w.id("internet_gateway.main"),
    )


@mutation("route_table.private", lambda w: w.routes("route_table.private"), together=False)
def route_turned_elsewhere(w):
    w.ec2.replace_route(
        RouteTableId=w.id("route_table.private"), DestinationCidrBlock=ALL, GatewayId=w.id("internet_gateway.main")
    )


@mutation("route_table.private", lambda w: w.subnets_of("route_table.private"), together=False)
def subnet_disassociated(w):
    subnet = w.id("subnet.private[b]")
    for association in w.route_table("route_table.private")["Associations"]:
        if association.get("SubnetId") == subnet:
            w.ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])


@mutation("vpc.main", lambda w: w.vpc_attribute("enableDnsHostnames"))
def dns_hostnames_off(w):
    w.ec2.modify_vpc_attribute(VpcId=w.id("vpc.main"), EnableDnsHostnames={"Value": False})


@mutation("subnet.public", lambda w: w.subnet("subnet.public")["MapPublicIpOnLaunch"])
def public_addresses_on(w):
    w.ec2.modify_subnet_attribute(SubnetId=w.id("subnet.public"), MapPublicIpOnLaunch={"Value": True})


@mutation("subnet.private[b]", lambda w: w.tags_of("subnet.private[b]").get("project"))
def tag_changed(w):
    w.ec2.create_tags(Resources=[w.id("subnet.private[b]")], Tags=[{"Key": "project", "Value": "other"}])


@mutation("internet_gateway.main", lambda w: w.tags_of("internet_gateway.main").get("project"))
def tag_removed(w):
    w.ec2.delete_tags(Resources=[w.id("internet_gateway.main")], Tags=[{"Key": "project"}])


@mutation("lambda_function.api", lambda w: w.function()["Tags"].get("project"), together=False)
def tag_of_the_function_changed(w):
    w.lambda_.tag_resource(Resource=w.function()["Configuration"]["FunctionArn"], Tags={"project": "other"})


# The database.


@mutation("db_instance.main", lambda w: w.db_instance()["DBInstanceClass"])
def instance_class_changed(w):
    modify_db(w, DBInstanceClass="db.t3.small")


@mutation("db_instance.main", lambda w: w.db_instance()["BackupRetentionPeriod"], together=False)
def backups_shortened(w):
    modify_db(w, BackupRetentionPeriod=1)


@mutation("db_instance.main", lambda w: w.db_instance()["DeletionProtection"], together=False)
def deletion_protection_off(w):
    modify_db(w, DeletionProtection=False)


@mutation("db_instance.main", lambda w: w.db_instance()["PubliclyAccessible"], together=False)
def database_made_public(w):
    modify_db(w, PubliclyAccessible=True)


@mutation(
    "db_instance.main", lambda w: {g["VpcSecurityGroupId"] for g in w.db_instance()["VpcSecurityGroups"]}, together=False
)
def database_given_another_group(w):
    modify_db(w, VpcSecurityGroupIds=[w.id("security_group.database"), w.id("security_group.bastion")])


def modify_db(w, **settings):
    w.rds.modify_db_instance(DBInstanceIdentifier=w.id("db_instance.main"), ApplyImmediately=True, **settings)


# The roles.


@mutation("iam_role.function", lambda w: sorted(w.inline_policies("iam_role.function")))
def inline_policy_added(w):
    w.iam.put_role_policy(
        RoleName=w.id("iam_role.function"), PolicyName="more", PolicyDocument=json.dumps(allow_everything())
    )


@mutation("iam_role.function", lambda w: w.inline_policies("iam_role.function"), together=False)
def inline_policy_widened(w):
    w.iam.put_role_policy(
        RoleName=w.id("iam_role.function"), PolicyName="read-db-secret", PolicyDocument=json.dumps(allow_everything())
    )


@mutation("iam_role.bastion", lambda w: w.attached_policies("iam_role.bastion"))
def managed_policy_detached(w):
    for arn in w.attached_policies("iam_role.bastion"):
        w.iam.detach_role_policy(RoleName=w.id("iam_role.bastion"), PolicyArn=arn)


@mutation("iam_role.bastion", lambda w: w.attached_policies("iam_role.bastion"), together=False)
def managed_policy_attached(w):
    w.iam.attach_role_policy(
        RoleName=w.id("iam_role.bastion"), PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )


@mutation(
    "iam_role.function",
    lambda w: w.iam.get_role(RoleName=w.id("iam_role.function"))["Role"]["AssumeRolePolicyDocument"],
    together=False,
)
def trust_widened(w):
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{w.account.number}:root"}, "Action": "sts:AssumeRole"}
    w.iam.update_assume_role_policy(
        RoleName=w.id("iam_role.function"),
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def allow_everything():
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


# The function.


@mutation("lambda_function.api", lambda w: w.function()["Configuration"]["CodeSha256"])
def code_changed(w):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr("app.py", "def handler(event, context):\n    return 'not ours'\n")
    w.lambda_.update_function_code(FunctionName=w.id("lambda_function.api"), ZipFile=archive.getvalue())


@mutation("lambda_function.api", lambda w: w.function()["Configuration"]["Environment"]["Variables"], together=False)
def environment_changed(w):
    variables = w.function()["Configuration"]["Environment"]["Variables"]
    w.lambda_.update_function_configuration(
        FunctionName=w.id("lambda_function.api"), Environment={"Variables": {**variables, "DB_NAME": "other"}}
    )


@mutation("lambda_function.api", lambda w: w.function()["Configuration"]["MemorySize"], together=False)
def memory_changed(w):
    w.lambda_.update_function_configuration(FunctionName=w.id("lambda_function.api"), MemorySize=512)


@mutation("lambda_function.api", lambda w: w.function().get("Concurrency"), together=False)
def concurrency_unreserved(w):
    w.lambda_.delete_function_concurrency(FunctionName=w.id("lambda_function.api"))


@mutation("lambda_function.api", lambda w: w.function_url()["Cors"], together=False)
def cors_narrowed(w):
    w.lambda_.update_function_url_config(
        FunctionName=w.id("lambda_function.api"), Cors={"AllowOrigins": ["https://example.org"]}
    )


@mutation("lambda_function.api", lambda w: permissions(w), together=False)
def permission_removed(w):
    while found := permissions(w):
        w.lambda_.remove_permission(FunctionName=w.id("lambda_function.api"), StatementId=found[0])


@mutation("lambda_function.api", lambda w: permissions(w), together=False)
def permission_added(w):
    w.lambda_.add_permission(
        FunctionName=w.id("lambda_function.api"), StatementId="stranger", Action="lambda:InvokeFunction",
        Principal="999999999999",
    )


def permissions(w):
    try:
        policy = w.lambda_.get_policy(FunctionName=w.id("lambda_function.api"))["Policy"]
    except w.lambda_.exceptions.ResourceNotFoundException:
        return []
    # moto keeps a statement twice that is added twice, which AWS refuses.
    return sorted({statement["Sid"] for statement in json.loads(policy)["Statement"]})


# The log group and the bastion.


@mutation("log_group.api", lambda w: w.log_group().get("retentionInDays"))
def retention_changed(w):
    w.logs.put_retention_policy(logGroupName=w.id("log_group.api"), retentionInDays=1)


@mutation("log_group.api", lambda w: w.log_group().get("retentionInDays"), together=False)
def retention_removed(w):
    w.logs.delete_retention_policy(logGroupName=w.id("log_group.api"))


@mutation("log_group.api", lambda w: len(w.owned().get("log_group.api", [])), action="create", together=False)
def log_group_deleted(w):
    w.logs.delete_log_group(logGroupName=w.id("log_group.api"))


@mutation("instance.bastion", lambda w: w.groups_of_instance())
def bastion_given_another_group(w):
    w.ec2.modify_instance_attribute(
        InstanceId=w.id("instance.bastion"), Groups=[w.id("security_group.bastion"), w.id("security_group.database")]
    )


@mutation("instance.bastion", lambda w: w.instance()["MetadataOptions"]["HttpTokens"], together=False)
def metadata_tokens_optional(w):
    w.ec2.modify_instance_metadata_options(InstanceId=w.id("instance.bastion"), HttpTokens="optional")


@mutation("instance.bastion", lambda w: len(w.owned().get("instance.bastion", [])), action="create", together=False)
def bastion_terminated(w):
    w.ec2.terminate_instances(InstanceIds=[w.id("instance.bastion")])
