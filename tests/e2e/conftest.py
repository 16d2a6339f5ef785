"""The program itself, as a user runs it, against moto's server over the wire."""

import os
import sys
import textwrap
from collections import defaultdict
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
pytest.register_assert_rewrite("program", "world", "mutations")

from emulator import Emulator  # noqa: E402
from faults import SEED  # noqa: E402
from program import STACKS, Program, find_binary  # noqa: E402
from world import World  # noqa: E402

TIMINGS = []


def pytest_report_header():
    return f"TRUEUP_SEED={SEED}"


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    with Emulator(tmp_path_factory.mktemp("moto")) as running:
        yield running


@pytest.fixture(autouse=True)
def the_emulator_is_sound(emulator):
    """A fault of the emulator's own is not taken for AWS's, nor for the program's."""
    before = len(emulator.faults())
    yield
    assert emulator.faults()[before:] == []


@pytest.fixture(autouse=True)
def runs(record_property):
    """Tells the summary, also from another process, how long the program's runs took."""
    begin = len(TIMINGS)
    yield
    record_property("runs", TIMINGS[begin:])


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
        return Program(binary, environment, folder, TIMINGS, account)

    return enter


@pytest.fixture
def stack(tmp_path):
    """Writes a stack of these parts, and gives its path."""

    def write(*parts):
        path = tmp_path / "shop.yaml"
        path.write_text("\n".join(textwrap.dedent(part) for part in parts))
        return path

    return write


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
    by_command, kills = defaultdict(list), []
    for report in terminalreporter.getreports("") + terminalreporter.getreports("error"):
        for name, value in report.user_properties if report.when == "teardown" else ():
            if name == "kill":
                kills.append(value)
            for command, seconds in value if name == "runs" else ():
                by_command[command].append(seconds)
    if kills:
        terminalreporter.section(f"{len(kills)} kills, TRUEUP_SEED={SEED}")
    for kill in kills:
        terminalreporter.write_line(kill)
    if by_command:
        terminalreporter.section("time of the program's runs, seconds")
    for command, seconds in sorted(by_command.items()):
        median = sorted(seconds)[len(seconds) // 2]
        terminalreporter.write_line(
            f"{command:12} {len(seconds):4} runs   least {min(seconds):6.2f}   median {median:6.2f}   most {max(seconds):6.2f}"
        )
