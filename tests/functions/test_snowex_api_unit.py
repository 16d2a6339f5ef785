"""snowex-api without a server: requests that never reach the database, and the folder itself."""

import hashlib
import json
import re
import socket
import ssl
import subprocess
import sys
import threading

import pytest

import app
import database
import queries
from errors import ApiError
from snowex_api_support import SNOWEX_API, call

ENVIRONMENT = {"DB_HOST": "db.example", "DB_NAME": "snowex", "DB_SECRET_ARN": "arn:secret"}
COLUMNS = [
    {"name": "id", "type": "integer", "nullable": False, "key": 0},
    {"name": "name", "type": "text", "nullable": True, "key": None},
    {"name": "limit", "type": "integer", "nullable": True, "key": None},
    {"name": "a.gte", "type": "integer", "nullable": True, "key": None},
]


@pytest.fixture(autouse=True)
def fresh_sandbox(monkeypatch):
    monkeypatch.setattr(app, "_database", None)
    for name in ("DB_HOST", "DB_NAME", "DB_SECRET_ARN", "DB_PORT", "DB_SCHEMA"):
        monkeypatch.delenv(name, raising=False)


def test_root_lists_the_endpoints():
    answer = call(app.handler, "/")
    assert answer.status == 200
    assert "/tables/{table}/rows" in answer.json["endpoints"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_cors_is_left_to_the_function_url():
    assert not any(name.startswith("access-control") for name in call(app.handler, "/").headers)


def test_unknown_path_is_404():
    assert call(app.handler, "/tables/x/rows/1").status == 404
    assert call(app.handler, "/etc/passwd").error == "not_found"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", ""])
def test_only_get_is_answered(method):
    answer = call(app.handler, "/tables", method=method)
    assert (answer.status, answer.error, answer.headers["allow"]) == (405, "method_not_allowed", "GET, HEAD")


def test_head_has_no_body():
    answer = call(app.handler, "/", method="HEAD")
    assert (answer.status, answer.text) == (200, "")


def test_an_event_that_is_no_request_is_refused():
    assert app.handler({}, None)["statusCode"] == 405


@pytest.mark.parametrize("query, status", [
    ("a=" + "x" * 5000, 414),
    ("&".join(f"a{n}=1" for n in range(40)), 400),
    ("name=%ff%fe", 400),
])
def test_query_strings_are_bounded(query, status):
    assert call(app.handler, "/tables/t/rows", query).status == status


def test_missing_configuration_is_named_in_the_log_only(caplog):
    answer = call(app.handler, "/health")
    assert (answer.status, answer.error) == (500, "misconfigured")
    assert "DB_SECRET_ARN" in caplog.text
    assert "DB_SECRET_ARN" not in answer.text


def test_settings():
    settings = database.Settings.from_environment(ENVIRONMENT)
    assert (settings.host, settings.port, settings.schema) == ("db.example", 5432, "public")
    settings = database.Settings.from_environment({**ENVIRONMENT, "DB_HOST": "db.example:6543", "DB_SCHEMA": "open"})
    assert (settings.host, settings.port, settings.schema) == ("db.example", 6543, "open")


@pytest.mark.parametrize("parameters, code", [
    ([("limit", "0")], "bad_parameter"),
    ([("limit", "1001")], "bad_parameter"),
    ([("limit", "-1")], "bad_parameter"),
    ([("limit", "1e3")], "bad_parameter"),
    ([("limit", "٣")], "bad_parameter"),
    ([("limit", "")], "bad_parameter"),
    ([("limit", "9" * 5000)], "bad_parameter"),
    ([("limit", "1"), ("limit", "2")], "bad_parameter"),
    ([("offset", "100001")], "bad_parameter"),
    ([("order", "nope")], "unknown_column"),
    ([("order", "id;drop table x")], "unknown_column"),
    ([("order", "")], "unknown_column"),
    ([("nope", "1")], "unknown_column"),
    ([('id" = 1 OR "id', "1")], "unknown_column"),
    ([("id.like", "1")], "unknown_operator"),
    ([("name", "a\0b")], "bad_value"),
])
def test_parameters_are_checked(parameters, code):
    with pytest.raises(ApiError) as refused:
        queries._RowsRequest(parameters, COLUMNS)
    assert (refused.value.status, refused.value.code) == (400, code)


def test_values_never_enter_the_statement():
    request = queries._RowsRequest([("name", "x'; DROP TABLE sites; --"), ("id.gte", "7")], COLUMNS)
    assert request.where == ' WHERE "name" = :value_0 AND "id" >= :value_1'
    assert request.values == {"value_0": "x'; DROP TABLE sites; --", "value_1": "7"}


def test_a_column_named_like_a_parameter_or_an_operator():
    request = queries._RowsRequest([("limit.eq", "3"), ("a.gte", "4"), ("a.gte.lt", "9")], COLUMNS)
    assert request.where == ' WHERE "limit" = :value_0 AND "a.gte" = :value_1 AND "a.gte" < :value_2'


def test_order_ends_with_the_primary_key():
    assert queries._RowsRequest([], COLUMNS).order == ' ORDER BY "id"'
    assert queries._RowsRequest([("order", "-name")], COLUMNS).order == ' ORDER BY "name" DESC, "id"'
    assert queries._RowsRequest([("order", "-id")], COLUMNS).order == ' ORDER BY "id" DESC'


def test_an_unexpected_failure_tells_the_caller_nothing(monkeypatch, caplog):
    def broken():
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(app, "_db", broken)
    answer = call(app.handler, "/health")
    assert (answer.status, answer.error) == (500, "internal")
    assert "hunter2" not in answer.text + caplog.text
    assert "test_snowex_api_unit.py" in caplog.text  # where it happened is logged


def test_unreadable_secret_is_503_and_not_logged(monkeypatch, caplog):
    class Denied:
        def get_secret_value(self, SecretId):
            error = RuntimeError("secret hunter2")
            error.response = {"Error": {"Code": "AccessDeniedException"}}
            raise error

    monkeypatch.setattr(app, "_database", database.Database(database.Settings.from_environment(ENVIRONMENT), Denied()))
    answer = call(app.handler, "/health")
    assert (answer.status, answer.error) == (503, "database_unavailable")
    assert "AccessDeniedException" in caplog.text
    assert "hunter2" not in answer.text + caplog.text


def test_credentials_do_not_show_their_password():
    assert "hunter2" not in repr(database.Credentials("admin", "hunter2"))


def test_the_folder_is_complete():
    """The function imports and answers with nothing but its folder and the standard library."""
    script = (
        f"import sys; sys.path.insert(0, {str(SNOWEX_API)!r}); import app;"
        "print(app.handler({'rawPath': '/', 'requestContext': {'http': {'method': 'GET'}}}, None)['statusCode'])"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", script], capture_output=True, text=True, timeout=60, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "200"


def test_the_folder_holds_what_its_requirements_say():
    wanted = set(re.findall(r"^([a-z0-9-]+)==(\S+)", (SNOWEX_API / "requirements.txt").read_text(), re.M))
    found = set()
    for metadata in SNOWEX_API.glob("vendor/*.dist-info/METADATA"):
        text = metadata.read_text()
        found.add((re.search(r"^Name: (.*)$", text, re.M)[1], re.search(r"^Version: (.*)$", text, re.M)[1]))
        assert list(metadata.parent.rglob("LICENSE*")), f"no licence beside {metadata}"
    assert found == wanted


def test_the_folder_is_small_and_clean():
    files = [path for path in SNOWEX_API.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_200_000
    assert not [path for path in files if path.suffix in (".pyc", ".so")]


def test_bundled_roots_are_what_their_comments_say():
    text = (SNOWEX_API / "rds-ca.pem").read_text()
    said = re.findall(r"^# SHA-256 ([0-9a-f]{64})$", text, re.M)
    held = [
        hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
        for pem in re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", text, re.S)
    ]
    assert said == held
    assert sum("us-west-2" in line for line in text.splitlines()) == 3


def test_tls_verifies_when_there_are_roots(monkeypatch, tmp_path):
    context = database.tls_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    monkeypatch.setattr(database, "CA_FILE", tmp_path / "none.pem")
    assert database.tls_context().verify_mode == ssl.CERT_NONE


@pytest.fixture
def listener():
    """Answers each connection's first message with the bytes it is given, then says no more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        received = []

        def serve(answer):
            def run():
                with listening.accept()[0] as connection:
                    received.append(connection.recv(1024))
                    connection.sendall(answer)
                    received.append(connection.recv(1024))

            threading.Thread(target=run, daemon=True).start()
            return listening.getsockname()[1], received

        yield serve


class Secret:
    def get_secret_value(self, SecretId):
        return {"SecretString": json.dumps({"username": "admin", "password": "hunter2"})}


@pytest.mark.parametrize("answer", [b"", b"N"], ids=["silent", "refuses TLS"])
def test_a_server_that_does_not_speak_tls_is_503_and_never_told_the_password(listener, monkeypatch, answer):
    monkeypatch.setattr(database, "ANSWER_SECONDS", 0.3)
    port, received = listener(answer)
    settings = database.Settings("127.0.0.1", port, "snowex", "arn:secret")
    monkeypatch.setattr(app, "_database", database.Database(settings, Secret()))
    reply = call(app.handler, "/health")
    assert (reply.status, reply.error) == (503, "database_unavailable")
    assert received[0] == bytes.fromhex("00000008 04d2162f"), "the request for TLS, and nothing before it"
    assert not b"".join(received[1:])


def test_log_lines_are_json(caplog):
    call(app.handler, "/")
    assert json.loads(caplog.messages[-1])["status"] == 200
