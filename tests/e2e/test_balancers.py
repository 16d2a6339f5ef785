"""Load balancers that others put in front of what a stack has."""

from proxy import Proxy
from test_network import all_proved, verdicts
from program import CHANGES, stack_with

SHUT = {"internet does not reach instance.bastion", "internet does not reach db_instance.main"}
# What a plan of snowex may cost, and what one application load balancer with one group adds to it.
MOST_CALLS, OF_ONE_BALANCER = 25, 4


def balancer(w, sort, scheme="internet-facing", **more):
    """A load balancer of somebody else's in the public subnet; its ARN and its target group's maker."""
    elb = w.account.client("elbv2")
    made, = elb.create_load_balancer(
        Name="theirs", Subnets=[w.id("subnet.public")], Type=sort, Scheme=scheme, **more
    )["LoadBalancers"]
    return elb, made["LoadBalancerArn"]


def forward(w, elb, arn, protocol, port, kind, target, target_port):
    group, = elb.create_target_group(
        Name="theirs", Protocol=protocol, Port=target_port, VpcId=w.id("vpc.main"), TargetType=kind
    )["TargetGroups"]
    group = group["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target, "Port": target_port}])
    elb.create_listener(
        LoadBalancerArn=arn, Protocol=protocol, Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    return group


def group_of_others(w, name, port, **peer):
    group = w.ec2.create_security_group(GroupName=name, Description=name, VpcId=w.id("vpc.main"))["GroupId"]
    w.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}
    ])
    return group


ANYWHERE = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def words(result):
    """The text without its line ends: where lines are broken is not what is tested."""
    return " ".join(result.stdout.split())


def test_an_application_load_balancer_before_the_bastion(applied):
    """Requests of its own arrive; the internet's packets do not."""
    program, w, stack = applied
    front = group_of_others(w, "front", 443, **ANYWHERE)
    elb, arn = balancer(w, "application", SecurityGroups=[front])
    name = arn.split(":loadbalancer/")[1]
    forward(w, elb, arn, "HTTP", 443, "instance", w.id("instance.bastion"), 8080)
    shut = program.run("reach", "internet", "instance.bastion", stack, "--port", "8080", expect=4)
    assert "sends requests of its own" not in words(shut), "the bastion's group does not let it in"

    w.ec2.authorize_security_group_ingress(GroupId=w.id("security_group.bastion"), IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": front}]}
    ])
    answer = words(program.run("reach", "internet", "instance.bastion", stack, "--port", "8080", expect=4))
    for part in (
        f"load balancer {name} ends what reaches it on port 443, and sends requests of its own to port 8080",
        f"internet -> load balancer {name}", f"{front}: ingress tcp 443 from 0.0.0.0/0",
        f"load balancer {name} -> instance.bastion", f"ingress tcp 8080 from {front}",
    ):
        assert part in answer, f"no {part!r} in\n{answer}"
    w.ec2.revoke_security_group_ingress(GroupId=w.id("security_group.bastion"), IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": front}]}
    ])
    all_proved(program, stack)
    plan = program.plan_is_empty(stack)
    assert plan.api_calls <= MOST_CALLS + OF_ONE_BALANCER, program.calls_of_plan(stack)
    drop(w, elb, arn, front)


def drop(w, elb, arn, *groups):
    elb.delete_load_balancer(LoadBalancerArn=arn)
    for group in elb.describe_target_groups()["TargetGroups"]:
        elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
    for group in groups:
        w.ec2.delete_security_group(GroupId=group)


def looking_up(folder, existing, *sentences):
    """Snowex with something looked up, and sentences about it."""
    lines = "".join(f"  - {sentence}\n" for sentence in sentences)
    return stack_with(
        folder, ("\nvariables:\n", f"\nexisting:\n  {existing}\n\nvariables:\n"), ("\nexpect:\n", f"\nexpect:\n{lines}")
    )


def test_load_balancers_and_environments_are_ends(applied, tmp_path):
    """By name, by ARN and by tags; the nodes' addresses, groups and listeners decide."""
    program, w, _ = applied
    front = group_of_others(w, "front", 443, **ANYWHERE)
    elb, arn = balancer(w, "application", SecurityGroups=[front])
    elb.add_tags(ResourceArns=[arn], Tags=[{"Key": "team", "Value": "web"}])
    forward(w, elb, arn, "HTTP", 443, "instance", w.id("instance.bastion"), 8080)
    tag = [{"Key": "elasticbeanstalk:environment-name", "Value": "shop"}]
    machine, = w.ec2.run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=w.id("subnet.public"), SecurityGroupIds=[front],
        TagSpecifications=[{"ResourceType": "instance", "Tags": tag}],
    )["Instances"]
    end = "existing.load_balancer.front"
    sentences = [
        f"internet reaches {end} on 443", f"internet does not reach {end} on 80",
        f"{end} does not reach db_instance.main", f"{end} does not reach instance.bastion",
    ]
    calls = {}
    for by in ("name: theirs", f'id: "{arn}"', "tags: { team: web }"):
        stack = looking_up(tmp_path, f"load_balancer: {{ front: {{ {by} }} }}", *sentences)
        all_proved(program, stack)
        calls[by] = program.calls_of_plan(stack)
    assert calls["name: theirs"].total() <= MOST_CALLS + OF_ONE_BALANCER + 1, calls
    assert calls["tags: { team: web }"]["elasticloadbalancing:DescribeTags"] == 1, calls
    found = words(program.run("reach", "internet", end, stack, "--port", "80", expect=4))
    assert "no ingress rule allows tcp 80" in found and f"give {end} a listener for tcp 80" in found, found

    shop = "existing.elastic_beanstalk_environment.shop"
    stack = looking_up(
        tmp_path, "elastic_beanstalk_environment: { shop: { name: shop } }",
        f"{shop} does not reach db_instance.main", f"10.0.0.0/16 reaches {shop} on 443",
    )
    all_proved(program, stack)
    assert program.calls_of_plan(stack)["ec2:DescribeInstances"] == 2, "one for the stack, one for the environment"
    w.ec2.terminate_instances(InstanceIds=[machine["InstanceId"]])
    unknown = {text for text, (verdict, _) in verdicts(program, stack, 0).items() if verdict == "unknown"}
    assert unknown == {f"{shop} does not reach db_instance.main", f"10.0.0.0/16 reaches {shop} on 443"}
    drop(w, elb, arn, front)


def database_address(w):
    by = [{"Name": "description", "Values": ["RDSNetworkInterface"]}]
    (interface,) = w.ec2.describe_network_interfaces(Filters=by)["NetworkInterfaces"]
    return interface["PrivateIpAddress"]


def test_a_network_load_balancer_before_the_database(applied):
    """It passes connections on: the database is on the internet, and no group of ours was touched."""
    program, w, stack = applied
    # Whoever has the function's group is let in by the database.
    theirs = group_of_others(w, "front", 5432, **ANYWHERE)
    elb, arn = balancer(w, "network", SecurityGroups=[theirs, w.id("security_group.function")])
    name = arn.split(":loadbalancer/")[1]
    address = database_address(w)
    group = forward(w, elb, arn, "TCP", 5432, "ip", address, 5432)

    found = program.run("drift", stack, "--json", expect=CHANGES).json["proofs"]
    broken = {proof["text"]: proof for proof in found if proof["verdict"] == "broken"}
    assert set(broken) == {"internet does not reach db_instance.main"}, found
    proof = broken["internet does not reach db_instance.main"]
    assert proof["class"] == "security"
    evidence = "\n".join(proof["evidence"])
    assert f"load balancer {name}: it listens for tcp 5432 and forwards to tcp 5432" in evidence, evidence
    assert program.run("plan", stack).code == 4, "a plan that leaves it open is refused"
    answer = words(program.run("reach", "internet", "db_instance.main", stack, "--port", "5432", expect=4))
    assert f"load balancer {name}: it listens for tcp 5432" in answer

    # To a target that keeps the client's address, the group of the balancer still counts.
    elb.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "preserve_client_ip.enabled", "Value": "true"}]
    )
    kept = program.run("drift", stack, "--json", expect=CHANGES).json["proofs"]
    assert {proof["text"] for proof in kept if proof["verdict"] == "broken"} == set(broken)

    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": 5432}])
    all_proved(program, stack)
    drop(w, elb, arn, theirs)
    all_proved(program, stack)


DENIED = (403, [("Content-Type", "text/xml")], b"""<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>
<Message>You are not authorized to perform this operation.</Message></Error><RequestId>denied-3</RequestId>
</ErrorResponse>""")


def test_what_may_not_be_read_of_load_balancers_is_unknown(applied, emulator, enter):
    """It may forward to anything in the VPC: what is shut is unknown, what is open stays proved."""
    program, w, stack = applied
    elb, arn = balancer(w, "network")
    forward(w, elb, arn, "TCP", 443, "instance", w.id("instance.bastion"), 443)
    all_proved(program, stack)
    reads = ["DescribeLoadBalancers", "DescribeListeners", "DescribeTargetGroups", "DescribeTargetHealth"]
    for action in reads:
        with Proxy(emulator.url, refuse={action: DENIED}) as proxy:
            denied = enter(w.account, proxy.url)
            found = verdicts(denied, stack, 0)
            unknown = {text for text, (verdict, _) in found.items() if verdict == "unknown"}
            assert unknown == SHUT, (action, found)
            assert {verdict for text, (verdict, _) in found.items() if text not in SHUT} == {"proved"}, found
            said = denied.run("drift", stack, expect=0)
            assert f"elasticloadbalancing:{action}" in words(said), said
    drop(w, elb, arn)
    all_proved(program, stack)


def test_a_plan_reads_no_more_where_there_is_none(applied):
    program, w, stack = applied
    plan = program.plan_is_empty(stack)
    calls = program.calls_of_plan(stack)
    assert plan.api_calls <= MOST_CALLS, calls
    assert not [action for action in calls if action.startswith("elasticloadbalancing:")], calls
