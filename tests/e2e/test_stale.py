"""Lists of AWS that are behind: what they say is looked at again before it counts."""

import json

from program import DONE, ERROR, PARTLY
from proxy import Proxy
from shop import NETWORK
from world import STACK_TAG

LOGS = """
stack: shop
region: us-west-2
log_group: { all: { name: /shop/all, retention_days: 14 } }
"""

ROLE = """
stack: shop
region: us-west-2
iam_role:
  api:
    service: lambda.amazonaws.com
    description: %s
    policies: { read: [{ allow: ["s3:GetObject"], on: ["*"] }] }
"""

NO_POLICY = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role policy with name read cannot"
    b" be found.</Message></Error><RequestId>stale-1</RequestId></ErrorResponse>"
)


def answering(rewrites):
    """Changes the answers to some of `(service, action)`."""

    def fault(service, action, forward):
        rewrite = rewrites.get((service, action), lambda *answer: answer)
        return rewrite(*forward())

    return fault


def telling_old_addresses(told):
    def rewrite(status, headers, content):
        for address in (b"log_group.all", b"db_subnet_group.main"):
            told.update({address} if address in content else ())
            content = content.replace(address, address + b"_before")
        return status, headers, content

    return {("tagging", "GetResources"): rewrite}


def test_tags_are_read_where_they_are_true(emulator, enter, account, program, stack):
    """The tagging API lags behind: just after an apply it tells the tags of before."""
    path = stack(NETWORK, "db_subnet_group: { main: { subnets: [private] } }", LOGS.split("us-west-2")[1])
    program.apply(path)

    told = set()
    with Proxy(emulator.url, fault=answering(telling_old_addresses(told))) as proxy:
        enter(account, proxy.url).plan_is_empty(path)
    assert told, "the emulator does not tell what this is about"


def test_what_is_gone_since_it_was_listed_is_not_there(emulator, enter, account, program, stack):
    path = stack(LOGS)
    program.apply(path)

    def gone(*_):
        error = {"__type": "ResourceNotFoundException", "message": "The specified log group does not exist."}
        return 400, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(error).encode()

    rewrites = {("logs", "ListTagsForResource"): gone, **telling_old_addresses(set())}
    with Proxy(emulator.url, fault=answering(rewrites)) as proxy:
        assert enter(account, proxy.url).plan(path).actions == {"log_group.all": "create"}


def test_a_change_is_done_though_the_tagging_api_does_not_tell_it(emulator, enter, account, program, stack):
    program.apply(stack(LOGS.replace("14", "14, tags: { team: blue }")))
    path = stack(LOGS.replace("14", "14, tags: { team: red }"))

    told = []
    rewrites = {("tagging", "GetResources"): lambda *answer: told.append(answer) or told[0]}
    with Proxy(emulator.url, fault=answering(rewrites)) as proxy:
        late = enter(account, proxy.url)
        late.apply(path)
        late.plan_is_empty(path)
    assert b"blue" in told[0][2], "the emulator does not tell what this is about"


def test_what_is_no_longer_ours_is_not_touched(emulator, enter, account, program, world, stack):
    """Somebody took the stack's tag off; the tagging API, of which the plan is made, does not know yet."""
    path = stack(LOGS)
    program.apply(path)
    world.logs.put_retention_policy(logGroupName="/shop/all", retentionInDays=7)

    def without_ours(status, headers, content):
        answer = json.loads(content)
        answer["tags"].pop(STACK_TAG)
        return status, headers, json.dumps(answer).encode()

    with Proxy(emulator.url, fault=answering({("logs", "ListTagsForResource"): without_ours})) as proxy:
        for command in ["apply", "destroy"]:
            refused = enter(account, proxy.url).run(command, path, "--yes").expect(ERROR, PARTLY)
            refused.says("log_group /shop/all is no longer of this stack")
    (group,) = world.logs.describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 7


def test_a_role_is_there_though_a_policy_of_it_is_gone(emulator, enter, account, program, stack):
    program.apply(stack(ROLE % "one"))

    def gone(*_):
        return 404, [("Content-Type", "text/xml")], NO_POLICY

    with Proxy(emulator.url, fault=answering({("iam", "GetRolePolicy"): gone})) as proxy:
        enter(account, proxy.url).run("apply", stack(ROLE % "two"), "--yes", expect=DONE)
