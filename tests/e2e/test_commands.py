"""The commands that read, and what a user sees when something is wrong."""

import re

import pytest

from program import CHANGES, ERROR, REPLACEMENTS, STACKS, stack_with
from proxy import Proxy

SNOWEX = STACKS / "snowex.yaml"


def test_validate_is_content_with_every_snowex_and_asks_aws_nothing(program, emulator):
    before = emulator.requests()
    program.run("validate", SNOWEX, expect=0)
    program.run("graph", SNOWEX, expect=0).says("db_instance.main", "subnet.private[a]")
    assert emulator.requests() == before


def test_version(program):
    assert re.match(r"trueup \d+\.\d+\.\d+", program.run("--version", expect=0).stdout)


def test_a_mistake_is_said_with_its_place(program, tmp_path):
    wrong = stack_with(tmp_path, ("    security_groups: [database]\n", "    security_groups: [databse]\n"))
    line = 1 + wrong.read_text().splitlines().index("    security_groups: [databse]")
    result = program.run("validate", wrong, expect=ERROR)
    result.says("databse", "database", f"{wrong.name}:{line}:")


def test_the_text_of_a_plan_names_what_it_does(program):
    result = program.run("plan", SNOWEX, expect=0)
    result.says("db_instance.main", "subnet.private[a]", "19", "call")
    program.run("plan", SNOWEX, "--detailed-exitcode", expect=CHANGES)


def test_every_sentence_is_proved(program):
    result = program.run("plan", SNOWEX, expect=0)
    assert result.text.count("  proved") == 6, result


def test_apply_without_a_yes_does_nothing(program, world):
    before = world.census()
    result = program.run("apply", SNOWEX)
    assert result.code != 0, result
    result.says("--yes")
    assert world.census() == before


def test_another_account_is_refused(program, world, tmp_path):
    pinned = stack_with(tmp_path, ("region: us-west-2\n", 'region: us-west-2\naccount: "999999999999"\n'))
    before = world.census()
    for command in (["plan", pinned], ["apply", pinned, "--yes"], ["destroy", pinned, "--yes"]):
        program.run(*command, expect=ERROR).says("999999999999", world.account.number)
    assert world.census() == before


def test_no_answer_is_an_error_not_an_empty_account(enter, account):
    program = enter(account, "http://127.0.0.1:9")  # nobody listens there
    result = program.run("plan", SNOWEX, "--json")
    assert result.code == ERROR, result


def test_a_denied_read_is_unknown_not_absent(emulator, enter, applied):
    """Every call to RDS is refused: what is there is not planned anew."""
    healthy, world, stack = applied
    with Proxy(emulator.url, deny="rds") as proxy:
        program = enter(world.account, proxy.url)
        result = program.run("plan", stack, "--json", "--detailed-exitcode")
        result.says("AccessDenied")
        if result.code != ERROR:
            anew = [c for c in result.json["changes"] if c["action"] in ("create", "delete", *REPLACEMENTS)]
            assert not anew, result
        program.run("apply", stack, "--yes")
        assert set(proxy.changes) <= {"PutParameter", "DeleteParameter"}, "nothing but the lease may be written"
    healthy.plan_is_empty(stack)


@pytest.mark.parametrize("format", ["mermaid", "dot", "svg", "html"])
def test_graph_formats(program, format):
    program.run("graph", SNOWEX, "--format", format, expect=0).says("vpc.main")
