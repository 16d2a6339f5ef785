"""AWS cannot be reached, or does not know the caller: said soon, and so that a person can act on it."""

import json
import signal
import socket
import time

import pytest

from program import ERROR, INTERRUPTED, PARTLY, STACKS
from proxy import Proxy

SNOWEX = STACKS / "snowex.yaml"

# Ours are four; a machine's resolver may take as long again for each of two tries. Trying as often as
# for a connection that broke takes more than 24.
A_FEW_SECONDS = 20
# Who does not listen while it waits takes 24, too.
AT_ONCE = 4

REQUEST = ("x-amzn-RequestId", "refused-1")


def xml(status, code, message):
    body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, [("Content-Type", "text/xml"), REQUEST], f"{body}<RequestId>refused-1</RequestId></ErrorResponse>".encode()


def of_ec2(code, message):
    body = f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
    return 401, [("Content-Type", "text/xml"), REQUEST], f"{body}<RequestID>refused-1</RequestID></Response>".encode()


def of_json(code, message):
    body = json.dumps({"__type": code, "message": message}).encode()
    return 400, [("Content-Type", "application/x-amz-json-1.1"), REQUEST], body


TOKEN_INVALID = "The security token included in the request is invalid."

# As the services answer them: AWS's codes, statuses and protocols.
REFUSALS = {
    "unknown key at STS": ("sts", xml(403, "InvalidClientTokenId", TOKEN_INVALID), "does not know this access key"),
    "unknown key at EC2": (
        "ec2",
        of_ec2("AuthFailure", "AWS was not able to validate the provided access credentials"),
        "does not know this access key",
    ),
    "unknown key at Logs": (
        "logs", of_json("UnrecognizedClientException", TOKEN_INVALID), "does not know this access key",
    ),
    "wrong secret": (
        "sts",
        xml(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."),
        "secret access key does not belong",
    ),
    "expired": ("sts", xml(403, "ExpiredToken", "The security token included in the request is expired"), "sign in again"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_credentials_that_aws_refuses(emulator, enter, account, name):
    service, answer, advice = REFUSALS[name]
    with Proxy(emulator.url, refuse={service: answer}) as proxy:
        result = enter(account, proxy.url).run("plan", SNOWEX, expect=ERROR)
    result.says("error[credentials]", advice, "refused-1")
    assert result.seconds < A_FEW_SECONDS


def test_no_credentials(emulator, enter, account):
    program = enter(account)
    for name in [name for name in program.environment if name.startswith("AWS_") and ("KEY" in name or "TOKEN" in name)]:
        del program.environment[name]
    result = program.run("plan", SNOWEX, expect=ERROR)
    result.says("error[credentials]", "no AWS credentials were found", "AWS_PROFILE", "aws sso login")
    assert result.seconds < A_FEW_SECONDS


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize("command", ["plan", "apply", "destroy", "drift"])
def test_nobody_listens(enter, account, command):
    url = closed_port()
    result = enter(account, url).run(command, SNOWEX, expect=ERROR)
    result.says("error[no-connection]", f"no connection to {url}", "refused", "check the endpoint", "check the network")
    assert result.seconds < A_FEW_SECONDS


def test_no_such_host(enter, account):
    result = enter(account, "http://aws.invalid").run("plan", SNOWEX, expect=ERROR)
    result.says("error[no-connection]", "http://aws.invalid")
    assert result.seconds < A_FEW_SECONDS


def test_no_such_region(enter, account):
    """Its services have no names; nothing leaves this machine, as there is no way out of it or no such name."""
    program = enter(account)
    del program.environment["AWS_ENDPOINT_URL"]
    program.environment["AWS_ENDPOINT_URL_STS"] = "https://sts.us-wst-2.aws.invalid"
    result = program.run("plan", SNOWEX, expect=ERROR)
    result.says("error[no-connection]", "is us-west-2 one?", "AWS_REGION")


def test_broken_connections_are_outlasted(emulator, enter, account):
    with Proxy(emulator.url, broken=5) as proxy:
        enter(account, proxy.url).run("plan", SNOWEX, expect=0)
        assert proxy.broken == 0


@pytest.mark.parametrize("signaled", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("server", ["closed", "deaf"])
def test_interrupted_on_the_way(enter, account, server, signaled):
    """While it waits to try again, and while it waits for an answer that never comes."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        if server == "deaf":
            deaf.listen()
        running = enter(account, f"http://127.0.0.1:{deaf.getsockname()[1]}").start("apply", SNOWEX, "--yes")
        time.sleep(1.5)
        assert running.poll() is None
        running.send_signal(signaled)
        assert running.wait(timeout=AT_ONCE) == INTERRUPTED


def test_an_id_that_does_not_exist_is_no_race(enter, account, tmp_path):
    """It was written in the stack and nobody made it: waiting changes nothing."""
    stack = tmp_path / "lost.yaml"
    stack.write_text(
        "stack: lost\nregion: us-west-2\n"
        "subnet:\n  a: { vpc: vpc-0123456789abcdef0, availability_zone: a, cidr_block: 10.0.1.0/24 }\n"
        "security_group:\n  a: { vpc: vpc-0123456789abcdef0, description: nowhere }\n"
    )
    result = enter(account).run("apply", stack, "--yes").expect(ERROR, PARTLY)
    result.says("vpc-0123456789abcdef0 is written in the stack: see that it exists in this account and Region")
    assert result.seconds < A_FEW_SECONDS
