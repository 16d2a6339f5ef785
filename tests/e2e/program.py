"""The program under test: how it is found, called, and what its answers look like.

Everything that these tests know of the command line and of its JSON is in this file.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STACKS = ROOT / "stacks"

# Exit codes, from the contract.
DONE, ERROR, CHANGES, PARTLY, LEASE_HELD, INTERRUPTED = 0, 1, 2, 5, 7, 130

NOTHING = "nothing"  # the action of a resource that is as it should be
REPLACEMENTS = {"create_then_delete", "delete_then_create"}

TIMEOUT_SECONDS = 300


def find_binary():
    """`TRUEUP_BIN`, or the debug build of this checkout."""
    named = os.environ.get("TRUEUP_BIN")
    if named:
        binary = Path(named).resolve()
    else:
        binary = _target_directory() / "debug" / "trueup"
    if not binary.is_file():
        pytest.exit(f"no program to test at {binary}: build it with `cargo build -p trueup`, or set TRUEUP_BIN", 1)
    return binary


def _target_directory():
    if directory := os.environ.get("CARGO_TARGET_DIR"):
        return ROOT / directory
    if shutil.which("cargo"):
        metadata = subprocess.run(
            ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline"],
            cwd=ROOT, capture_output=True, text=True,
        )
        if metadata.returncode == 0:
            return Path(json.loads(metadata.stdout)["target_directory"])
    return ROOT / "target"


@dataclass
class Result:
    """One run of the program. Its text is what a failed assertion shows."""

    arguments: list
    code: int
    stdout: str
    stderr: str
    seconds: float

    def expect(self, *codes):
        """Fails, with all that the program said, unless it ended with one of these codes."""
        assert self.code in codes, f"expected exit code {' or '.join(map(str, codes))}\n{self}"
        return self

    @property
    def json(self):
        try:
            return json.loads(self.stdout)
        except ValueError as error:
            raise AssertionError(f"not JSON: {error}\n{self}") from None

    @property
    def text(self):
        return self.stdout + self.stderr

    def says(self, *parts):
        for part in parts:
            assert part in self.text, f"does not say {part!r}\n{self}"
        return self

    def __str__(self):
        command = " ".join(str(argument) for argument in self.arguments)
        return (
            f"$ trueup {command}\n--- exit code {self.code} after {self.seconds:.2f} s\n"
            f"--- stdout\n{_shorten(self.stdout)}\n--- stderr\n{_shorten(self.stderr)}"
        )


def _shorten(text, limit=12_000):
    text = text.rstrip()
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]}\n[… {len(text) - limit} characters …]\n{text[-limit // 2 :]}"


class Plan:
    """The JSON of `plan` or `drift`."""

    def __init__(self, result):
        self.result = result
        self.document = result.json

    @property
    def changes(self):
        """What is to be done, by address; what is as it should be is left out."""
        return {c["address"]: c for c in self.document["changes"] if c["action"] != NOTHING}

    @property
    def actions(self):
        return {address: change["action"] for address, change in self.changes.items()}

    @property
    def addresses(self):
        return set(self.changes)

    @property
    def causes(self):
        return {change["cause"] for change in self.changes.values()}

    def paths(self, address):
        """The attributes that differ."""
        return {attribute["path"] for attribute in self.changes[address]["attributes"]}

    @property
    def withheld(self):
        return {one["address"]: one["why"] for one in self.document["withheld"]}

    @property
    def api_calls(self):
        return self.document["api_calls"]

    def __str__(self):
        return str(self.result)


@dataclass
class Program:
    """The program, with an environment that holds nothing of the user's own."""

    binary: Path
    environment: dict = field(repr=False)
    folder: Path = field(repr=False)  # where it runs
    timings: list = field(default_factory=list, repr=False)
    account: object = field(default=None, repr=False)

    def run(self, *arguments, expect=None):
        started = time.monotonic()
        done = subprocess.run(
            [self.binary, *map(str, arguments)], env=self.environment, cwd=self.folder,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS,
        )
        result = Result(list(arguments), done.returncode, done.stdout, done.stderr, time.monotonic() - started)
        assert result.code >= 0 and result.code != 101 and "panicked at" not in result.stderr, f"it crashed\n{result}"
        self.timings.append((arguments[0], result.seconds))
        return result.expect(expect) if expect is not None else result

    def start(self, *arguments):
        """Starts it without waiting; its output goes nowhere."""
        return subprocess.Popen(
            [self.binary, *map(str, arguments)], env=self.environment, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

    def plan(self, stack, *options):
        result = self.run("plan", stack, "--json", "--detailed-exitcode", *options).expect(DONE, CHANGES)
        plan = Plan(result)
        assert (result.code == CHANGES) == bool(plan.changes), f"the exit code contradicts the plan\n{plan}"
        return plan

    def plan_is_empty(self, stack, *options):
        plan = self.plan(stack, *options)
        assert not plan.changes and not plan.withheld, f"the plan is not empty\n{summary(plan)}\n{plan}"
        return plan

    def drift(self, stack, *options):
        result = self.run("drift", stack, "--json", *options).expect(DONE, CHANGES)
        drift = Plan(result)
        assert (result.code == CHANGES) == bool(drift.changes), f"the exit code contradicts the report\n{drift}"
        return drift

    def apply(self, stack, *options):
        return self.run("apply", stack, "--yes", *options, expect=DONE)

    def unlock(self, stack):
        """Takes the lease of a dead run away, so long after its death that it is not waited for."""
        result = self.run("unlock", stack, "--yes", expect=DONE)
        self.account.let_pass(25)
        return result

    def apply_after_crash(self, stack, *options, patience=180, waiting=True):
        """Applies as a user would after a crash: again, for as long as the dead run's lease lasts.

        Without waiting, as one who knows that nobody else is at it.
        """
        if not waiting:
            self.unlock(stack)
        deadline = time.monotonic() + patience
        while True:
            result = self.run("apply", stack, "--yes", *options)
            if result.code != LEASE_HELD or time.monotonic() > deadline:
                return result.expect(DONE)
            time.sleep(2)

    def destroy(self, stack, *options):
        return self.run("destroy", stack, *destroying(), *options, expect=DONE)

    def calls_of_plan(self, stack, *options):
        """How often a plan calls which action: `{"ec2:DescribeVpcs": 1, …}`."""
        result = self.run("plan", stack, "--verbose", *options, expect=DONE)
        calls = Counter(re.findall(r"^\s*\d+:\d\d\s+([a-z0-9]+:[A-Z]\w+) ", result.stderr, re.M))
        assert calls, f"no calls are listed\n{result}"
        return calls

    def output(self, stack):
        return self.run("output", stack, "--format", "json", expect=DONE).json


def destroying(databases=("db_instance.main",)):
    return ["--yes", *(option for name in databases for option in ("--allow-data-loss", name))]


def summary(plan):
    """What a plan would do, in a line for each change."""
    lines = [f"{a}: {c['action']} ({c['cause']}) {sorted(plan.paths(a))}" for a, c in plan.changes.items()]
    return "\n".join(lines + [f"{address}: withheld, {why}" for address, why in plan.withheld.items()])


def stack_with(folder, *edits, name="snowex"):
    """A copy of a stack with parts of its text replaced; each part must be there exactly once."""
    copy = folder / "stacks"
    if not copy.exists():
        shutil.copytree(STACKS, copy)
    text = (copy / f"{name}.yaml").read_text()
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {name}.yaml"
        text = text.replace(old, new)
    path = copy / f"edited-{len(list(copy.glob('edited-*')))}.yaml"
    path.write_text(text)
    return path
