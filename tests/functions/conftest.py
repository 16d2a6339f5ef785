"""What the tests of the functions share: the function's own folder, and a real PostgreSQL server."""

import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True  # the folder under test is zipped and deployed as it is
sys.path.insert(0, str(Path(__file__).resolve().parent))

import postgres_server  # noqa: E402
from snowex_api_support import SNOWEX_API  # noqa: E402

sys.path.insert(0, str(SNOWEX_API))


@pytest.fixture(scope="session")
def server():
    binaries = postgres_server.find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed (looked for initdb on PATH and in /usr/lib/postgresql/*/bin)")
    with postgres_server.run(binaries) as running:
        yield running
