"""An account as boto3 sees it: what carries a stack's tags, and what there is at all."""

import re
from collections import Counter

STACK_TAG, ADDRESS_TAG, SPEC_TAG = "trueup:stack", "trueup:address", "trueup:spec"
SECRET_TAG = "trueup:secret"

# A deleted instance or gateway stays visible for an hour, in one of these states.
GONE = {"terminated", "shutting-down", "deleted", "deleting"}


class World:
    def __init__(self, account, stack):
        self.account = account
        self.stack = stack
        self.unharmed = False
        for service in ("ec2", "rds", "iam", "logs", "ssm", "secretsmanager"):
            setattr(self, service, account.client(service))
        self.lambda_ = account.client("lambda")
        self.tagging = account.client("resourcegroupstaggingapi")

    # Everything, with its tags.

    def everything(self):
        """(kind, id, tags) of every resource of the kinds of snowex, whoever owns it."""
        return [*self._network(), *self._compute(), *self._databases(), *self._roles(), *self._functions()]

    def _network(self):
        ec2 = self.ec2
        for one in pages(ec2, "describe_vpcs", "Vpcs"):
            yield "vpc", one["VpcId"], tags(one)
        for one in pages(ec2, "describe_subnets", "Subnets"):
            yield "subnet", one["SubnetId"], tags(one)
        for one in pages(ec2, "describe_internet_gateways", "InternetGateways"):
            yield "internet_gateway", one["InternetGatewayId"], tags(one)
        for one in pages(ec2, "describe_addresses", "Addresses"):
            yield "elastic_ip", one["AllocationId"], tags(one)
        for one in pages(ec2, "describe_nat_gateways", "NatGateways"):
            if one["State"] not in GONE:
                yield "nat_gateway", one["NatGatewayId"], tags(one)
        for one in pages(ec2, "describe_route_tables", "RouteTables"):
            yield "route_table", one["RouteTableId"], tags(one)
        for one in pages(ec2, "describe_flow_logs", "FlowLogs"):
            yield "flow_log", one["FlowLogId"], tags(one)
        for one in pages(ec2, "describe_security_groups", "SecurityGroups"):
            yield "security_group", one["GroupId"], tags(one)
        for one in pages(ec2, "describe_security_group_rules", "SecurityGroupRules"):
            yield "security_group_rule", one["SecurityGroupRuleId"], tags(one)

    def _compute(self):
        for reservation in pages(self.ec2, "describe_instances", "Reservations"):
            for one in reservation["Instances"]:
                if one["State"]["Name"] not in GONE:
                    yield "instance", one["InstanceId"], tags(one)
        for one in pages(self.ec2, "describe_volumes", "Volumes"):
            yield "volume", one["VolumeId"], tags(one)

    def _databases(self):
        for one in pages(self.rds, "describe_db_instances", "DBInstances"):
            yield "db_instance", one["DBInstanceIdentifier"], pairs(one["TagList"])
        for one in pages(self.rds, "describe_db_subnet_groups", "DBSubnetGroups"):
            found = self.rds.list_tags_for_resource(ResourceName=one["DBSubnetGroupArn"])["TagList"]
            yield "db_subnet_group", one["DBSubnetGroupName"], pairs(found)

    def _roles(self):
        for one in pages(self.iam, "list_roles", "Roles"):
            yield "iam_role", one["RoleName"], pairs(self.iam.list_role_tags(RoleName=one["RoleName"])["Tags"])
        for one in pages(self.iam, "list_instance_profiles", "InstanceProfiles"):
            yield "instance_profile", one["InstanceProfileName"], pairs(one.get("Tags", []))

    def _functions(self):
        for one in pages(self.lambda_, "list_functions", "Functions"):
            yield "lambda_function", one["FunctionName"], self.lambda_.list_tags(Resource=one["FunctionArn"])["Tags"]
        for one in pages(self.logs, "describe_log_groups", "logGroups"):
            arn = one["arn"].removesuffix(":*")
            yield "log_group", one["logGroupName"], self.logs.list_tags_for_resource(resourceArn=arn)["tags"]

    def owned(self):
        """address -> [(kind, id)] of everything that the stack's tags are on, but rules and volumes."""
        found = {}
        for kind, identifier, its_tags in self.everything():
            if its_tags.get(STACK_TAG) == self.stack and kind not in ("security_group_rule", "volume"):
                found.setdefault(its_tags.get(ADDRESS_TAG), []).append((kind, identifier))
        return found

    def census(self):
        """How many there are of each kind, whoever owns them."""
        return Counter(kind for kind, _, _ in self.everything())

    def foreign(self):
        """(kind, id) -> tags of what does not carry the stack's tags."""
        return {(k, i): t for k, i, t in self.everything() if t.get(STACK_TAG) != self.stack}

    def leftovers(self):
        """What still carries the stack's tags or lies under its path, by the services and by the tagging API."""
        alive = {identifier for _, identifier, _ in self.everything()}
        found = [f"{k} {i}" for k, i, t in self.everything() if t.get(STACK_TAG) == self.stack]
        mapped = self.tagging.get_resources(TagFilters=[{"Key": STACK_TAG, "Values": [self.stack]}])
        for one in mapped["ResourceTagMappingList"]:
            arn = one["ResourceARN"]
            # The tagging API remembers what is gone: terminated instances, deleted gateways. A
            # final snapshot of a database is what shall be left.
            if ":snapshot:" in arn or arn.split("/")[-1].startswith(("i-", "nat-")) and arn.split("/")[-1] not in alive:
                continue
            found.append(arn)
        path = f"/trueup/{self.stack}/"
        found += [role["Arn"] for role in self.iam.list_roles(PathPrefix=path)["Roles"]]
        # moto takes no notice of the path when it lists profiles.
        profiles = self.iam.list_instance_profiles(PathPrefix=path)["InstanceProfiles"]
        found += [one["Arn"] for one in profiles if one["Path"] == path]
        found += [p["Name"] for p in self.ssm.describe_parameters()["Parameters"] if p["Name"].startswith(path)]
        return found

    def interfaces(self):
        """Whose network interfaces there are: what EC2 says of each, without the numbers in it."""
        found = pages(self.ec2, "describe_network_interfaces", "NetworkInterfaces")
        return sorted(re.sub(r"[0-9a-f-]{17,}", "*", one["Description"]) for one in found)

    # One thing.

    def id(self, address, kind=None):
        """The physical id of what the stack has at an address, as in `subnet.private[a]`."""
        # IAM and RDS refuse brackets in tag values, so a key follows a colon there.
        found = self.owned().get(address.replace("[", ":").removesuffix("]"), [])
        kind = kind or address.split(".")[0]
        ids = [identifier for its_kind, identifier in found if its_kind == kind]
        assert len(ids) == 1, f"{address}: {len(ids)} of them live: {ids}"
        return ids[0]

    def tags_of(self, address):
        wanted = self.id(address)
        return next(t for _, identifier, t in self.everything() if identifier == wanted)

    def vpc(self):
        return self.ec2.describe_vpcs(VpcIds=[self.id("vpc.main")])["Vpcs"][0]

    def vpc_attribute(self, name):
        answer = self.ec2.describe_vpc_attribute(VpcId=self.id("vpc.main"), Attribute=name)
        return answer[name[0].upper() + name[1:]]["Value"]

    def subnet(self, address):
        return self.ec2.describe_subnets(SubnetIds=[self.id(address)])["Subnets"][0]

    def route_table(self, address):
        return self.ec2.describe_route_tables(RouteTableIds=[self.id(address)])["RouteTables"][0]

    def routes(self, address):
        """destination -> target, the local route left out."""
        routes = {}
        for route in self.route_table(address)["Routes"]:
            target = route.get("GatewayId") or route.get("NatGatewayId")
            if target != "local":
                routes[route["DestinationCidrBlock"]] = target
        return routes

    def subnets_of(self, address):
        return {a["SubnetId"] for a in self.route_table(address)["Associations"] if "SubnetId" in a}

    def rules(self, address, egress=False):
        """{(protocol, from port, to port, peer)} of one direction of a group."""
        return {
            (r["IpProtocol"], r.get("FromPort"), r.get("ToPort"), peer(r))
            for r in self.rule_objects(address) if r["IsEgress"] == egress
        }

    def rule_objects(self, address):
        group = self.id(address)
        filters = [{"Name": "group-id", "Values": [group]}]
        return pages(self.ec2, "describe_security_group_rules", "SecurityGroupRules", Filters=filters)

    def db_instance(self):
        return self.rds.describe_db_instances(DBInstanceIdentifier=self.id("db_instance.main"))["DBInstances"][0]

    def coming_class(self):
        """The database's class as it is, or as the next maintenance window will make it."""
        database = self.db_instance()
        return database.get("PendingModifiedValues", {}).get("DBInstanceClass", database["DBInstanceClass"])

    def let_the_window_come(self):
        """RDS does what it put off to the maintenance window."""
        self.rds.modify_db_instance(DBInstanceIdentifier=self.id("db_instance.main"), ApplyImmediately=True)

    def instance(self, address="instance.bastion"):
        return self.ec2.describe_instances(InstanceIds=[self.id(address)])["Reservations"][0]["Instances"][0]

    def groups_of_instance(self, address="instance.bastion"):
        """Those of its interface: moto leaves out the instance's own list of them."""
        return {group["GroupId"] for group in self.instance(address)["NetworkInterfaces"][0]["Groups"]}

    def function(self):
        return self.lambda_.get_function(FunctionName=self.id("lambda_function.api"))

    def function_url(self):
        return self.lambda_.get_function_url_config(FunctionName=self.id("lambda_function.api"))

    def log_group(self):
        name = self.id("log_group.api")
        return next(g for g in self.logs.describe_log_groups()["logGroups"] if g["logGroupName"] == name)

    def inline_policies(self, address):
        role = self.id(address)
        names = self.iam.list_role_policies(RoleName=role)["PolicyNames"]
        return {n: self.iam.get_role_policy(RoleName=role, PolicyName=n)["PolicyDocument"] for n in names}

    def attached_policies(self, address):
        attached = self.iam.list_attached_role_policies(RoleName=self.id(address))["AttachedPolicies"]
        return {policy["PolicyArn"] for policy in attached}


def peer(rule):
    return rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("ReferencedGroupInfo", {}).get("GroupId")


def pages(client, operation, key, **arguments):
    """What all pages of an answer list; boto3 pages through what AWS does not give at once."""
    if not client.can_paginate(operation):
        return getattr(client, operation)(**arguments)[key]
    return [one for page in client.get_paginator(operation).paginate(**arguments) for one in page[key]]


def tags(one):
    return pairs(one.get("Tags", []))


def pairs(listed):
    return {tag["Key"]: tag["Value"] for tag in listed}
