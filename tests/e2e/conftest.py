"""The program itself, as a user runs it, against moto's server over the wire."""

import os
import sys
from collections import defaultdict
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
pytest.register_assert_rewrite("program", "world", "mutations")

from emulator import Emulator  # noqa: E402
from program import STACKS, Program, find_binary  # noqa: E402
from world import World  # noqa: E402

TIMINGS = []


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    with Emulator(tmp_path_factory.mktemp("moto")) as running:
        yield running


@pytest.fixture(scope="session")
def binary():
    return find_binary()


@pytest.fixture(scope="session")
def enter(binary, emulator, tmp_path_factory):
    """Makes the program at work in an account, through `url` if not straight through moto's own."""

    def enter(account, url=None):
        folder = tmp_path_factory.mktemp("work")
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": url or emulator.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(folder / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
            "NO_COLOR": "1",
            "RUST_BACKTRACE": "1",
            **account.environment,
        }
        return Program(binary, environment, folder, TIMINGS)

    return enter


@pytest.fixture
def account(emulator):
    return emulator.new_account()


@pytest.fixture
def program(enter, account):
    return enter(account)


@pytest.fixture
def world(account):
    """An account as boto3 sees it, of which the stack snowex may own a part."""
    return World(account, "snowex")


_shared = []


@pytest.fixture
def applied(emulator, enter):
    """(program, world, stack) of an applied snowex.

    Applied once and handed on from test to test, as each leaves it as it was; a test that fails
    leaves it to nobody.
    """
    if not _shared:
        account = emulator.new_account()
        program = enter(account)
        program.apply(STACKS / "snowex.yaml")
        _shared.append((program, World(account, "snowex"), STACKS / "snowex.yaml"))
    handed = _shared.pop()
    handed[1].unharmed = False
    yield handed
    if handed[1].unharmed:  # says `pytest_runtest_makereport`, which runs before this
        _shared.append(handed)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and "applied" in getattr(item, "funcargs", {}):
        item.funcargs["applied"][1].unharmed = report.passed
    return report


def pytest_terminal_summary(terminalreporter):
    by_command = defaultdict(list)
    for command, seconds in TIMINGS:
        by_command[command].append(seconds)
    if by_command:
        terminalreporter.section("time of the program's runs, seconds")
    for command, seconds in sorted(by_command.items()):
        median = sorted(seconds)[len(seconds) // 2]
        terminalreporter.write_line(
            f"{command:12} {len(seconds):4} runs   least {min(seconds):6.2f}   median {median:6.2f}   most {max(seconds):6.2f}"
        )
