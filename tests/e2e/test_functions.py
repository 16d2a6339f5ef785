"""What hangs on functions and their roles: permissions, documents with secrets, interfaces."""

import json

from program import CHANGES, DONE
from shop import NETWORK
from world import World

FUNCTION = """
iam_role:
  api:
    service: lambda.amazonaws.com
    managed_policies: [service-role/AWSLambdaVPCAccessExecutionRole]
lambda_function:
  api:
    name: orders
    role: api
    image: 111111111111.dkr.ecr.us-west-2.amazonaws.com/api:1
"""

IN_VPC = """
    subnets: [private]
    security_groups: [api]
security_group: { api: { vpc: main } }
"""

CALLED = """
    url: { auth: none }
    invoked_by: [events.amazonaws.com]
"""

TRUSTING = """
variables: { external_id: { type: string, sensitive: true, default: hush-hush-hush } }
iam_role:
  partner:
    trust:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: sts:AssumeRole
          Principal: { AWS: "*" }
          Condition: { StringEquals: { "sts:ExternalId": "${var.external_id}" } }
    policies:
      read:
        - allow: [s3:GetObject]
          on: ["*"]
          when: { StringEquals: { "s3:ExistingObjectTag/key": "${var.external_id}" } }
"""


def statements(world):
    policy = json.loads(world.lambda_.get_policy(FunctionName="orders")["Policy"])
    return {one["Sid"]: {name: one.get(name) for name in ("Action", "Principal", "Condition")} for one in policy["Statement"]}


def differing(plan):
    """The attributes that differ, without the elements of sets."""
    return {path.split("[")[0] for path in plan.paths("lambda_function.api")}


def test_a_permission_that_was_tampered_with_is_mended(program, world, stack):
    path = stack(NETWORK, FUNCTION + CALLED)
    program.apply(path)
    program.plan_is_empty(path)
    as_it_was = statements(world)

    service = "trueup-service-events-amazonaws-com"
    world.lambda_.remove_permission(FunctionName="orders", StatementId=service)
    world.lambda_.add_permission(
        FunctionName="orders", StatementId=service, Action="lambda:InvokeFunction", Principal="events.amazonaws.com",
    )
    assert differing(program.drift(path)) == {"invoked_by"}
    world.lambda_.remove_permission(FunctionName="orders", StatementId="trueup-url")
    world.lambda_.add_permission(
        FunctionName="orders", StatementId="trueup-url", Action="lambda:InvokeFunction", Principal="*",
    )
    assert differing(program.drift(path)) == {"invoked_by", "url.auth"}

    program.apply(path)
    assert statements(world) == as_it_was
    program.plan_is_empty(path)


def test_a_role_outlives_the_interfaces_of_functions_of_any_name(emulator, enter, stack):
    account = emulator.new_account(interfaces=3)
    program, world = enter(account), World(account, "shop")
    path = stack(NETWORK, FUNCTION + IN_VPC)
    program.apply(path)
    assert any("ENI-orders" in description for description in world.interfaces())
    program.destroy(path)
    assert not world.leftovers() and not world.interfaces()


def test_a_secret_in_a_document_reaches_aws(program, world, stack):
    path = stack("stack: shop\nregion: us-west-2", TRUSTING)
    said = program.apply(path).text
    role = world.iam.get_role(RoleName="shop-partner")["Role"]["AssumeRolePolicyDocument"]
    read = world.iam.get_role_policy(RoleName="shop-partner", PolicyName="read")["PolicyDocument"]
    assert all("hush-hush-hush" in json.dumps(document) for document in (role, read))
    assert "hush-hush-hush" not in said

    # Somebody adds to the policy by hand: what is told of it is told without the secret.
    read["Statement"][0]["Action"] = ["s3:GetObject", "s3:DeleteObject"]
    world.iam.put_role_policy(RoleName="shop-partner", PolicyName="read", PolicyDocument=json.dumps(read))
    saved = path.parent / "plan.json"
    for line in ["plan -v", "plan --json", f"plan --out {saved}", "drift -v", "drift --json", "show --json"]:
        command, *flags = line.split()
        looked = program.run(command, path, *flags).expect(DONE, CHANGES)
        assert "hush-hush-hush" not in looked.text, line
    # Whatever the stack does not say in plain is hidden with it.
    assert "hush-hush-hush" not in saved.read_text() and "s3:DeleteObject" not in saved.read_text()
    assert "policies" in saved.read_text()
    assert "hush-hush-hush" not in program.apply(path).text
    program.plan_is_empty(path)
