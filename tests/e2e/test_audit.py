"""The audit log over the wire: what a killed process had asked, and never a secret."""

import json
import stat

from program import STACKS, stack_with
from proxy import Proxy

SNOWEX = STACKS / "snowex.yaml"
LOG = ".local/share/trueup/audit/snowex.jsonl"
PASSWORD = "correct-horse-battery-staple"


def lines(program, path=LOG):
    return [json.loads(line) for line in (program.folder / path).read_text().splitlines()]


def test_every_change_is_there_once_asked_and_once_answered(emulator, enter, account):
    with Proxy(emulator.url) as proxy:
        program = enter(account, proxy.url)
        program.apply(SNOWEX)
        log = lines(program)
        answered = [line for line in log if line["event"] == "answered"]
        done = [line for line in answered if line["outcome"] == "done"]
        assert len(done) == len(proxy.changes), "what changed something is what is logged"
    assert len([line for line in log if line["event"] == "asked"]) == len(answered)
    assert all(line["request_id"] for line in done)
    assert {(line["account"], line["region"], line["stack"]) for line in log} == {(account.number, "us-west-2", "snowex")}
    assert all(f":{account.number}:" in line["who"] for line in log)
    assert stat.S_IMODE((program.folder / LOG).stat().st_mode) == 0o600


def test_a_killed_run_leaves_what_it_had_asked(emulator, enter, account):
    def strike(number, action):
        if action == "CreateVpc":
            running.kill()
            return True
        return False

    with Proxy(emulator.url, strike) as proxy:
        program = enter(account, proxy.url)
        running = program.start("apply", SNOWEX, "--yes")
        running.wait(timeout=120)
    assert running.returncode == -9
    of_vpc = [line["event"] for line in lines(program) if line["action"] == "ec2:CreateVpc"]
    assert of_vpc == ["asked"], "no answer came, and it is written what had been asked"


def test_no_secret_is_in_it(enter, account, tmp_path):
    # A password of one's own is in no secret of AWS's.
    stack = stack_with(
        tmp_path, ("password: managed  ", f"password: {PASSWORD}  #"),
        ("DB_SECRET_ARN: ${db_instance.main.secret_arn}", "DB_SECRET_ARN: none"),
    )
    program = enter(account)
    program.apply(stack, "--log", "log.jsonl")
    program.run("destroy", stack, "--yes", "--allow-data-loss", "db_instance.main", "--log", "log.jsonl", expect=0)
    text = (program.folder / "log.jsonl").read_text()
    assert "rds:CreateDBInstance" in text and "rds:DeleteDBInstance" in text
    assert PASSWORD not in text
