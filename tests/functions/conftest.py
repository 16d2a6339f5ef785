"""What the tests of the functions share: the function's own folder, and a real PostgreSQL server."""

import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True  # the folder under test is zipped and deployed as it is
SNOWEX_API = Path(__file__).resolve().parents[2] / "stacks" / "functions" / "snowex-api"
sys.path.insert(0, str(SNOWEX_API))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import postgres_server  # noqa: E402


@pytest.fixture(scope="session")
def server():
    binaries = postgres_server.find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed (looked for initdb on PATH and in /usr/lib/postgresql/*/bin)")
    with postgres_server.run(binaries) as running:
        yield running
