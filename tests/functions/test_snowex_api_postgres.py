"""snowex-api against a real PostgreSQL server."""

import json
from urllib.parse import quote, urlencode

import boto3
import pytest
from moto import mock_aws

import app
import database
import postgres_server
from snowex_api_support import FakeSecretsManager, call

ARN = "arn:aws:secretsmanager:us-west-2:123456789012:secret:rds!db-test"

SCHEMA = r"""
DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION snowex_admin;
DROP SCHEMA IF EXISTS hidden CASCADE; CREATE SCHEMA hidden AUTHORIZATION snowex_admin;
SET ROLE snowex_admin;

CREATE TABLE sites (id int PRIMARY KEY, name text NOT NULL, elevation_m double precision, opened date);
COMMENT ON TABLE sites IS 'Snow pits';
INSERT INTO sites VALUES (1, 'Grand Mesa', 3036, '2017-02-05'), (2, 'Senator Beck', 3714.5, '2017-02-14'),
                         (3, 'Cameron Pass', 3138, '2020-01-28'), (4, 'Reynolds Creek', 'NaN', NULL);

CREATE TABLE kinds (
  id int PRIMARY KEY, big bigint, exact numeric, flag boolean, at timestamptz, day date, bytes bytea,
  doc jsonb, plain json, list int[], code varchar(3), fixed char(4), uid uuid, missing text);
INSERT INTO kinds VALUES (1, 9007199254740993, 12345678901234567890.123456789, true, '2020-01-28 12:00:00+00',
  '2020-01-28', '\x00ff', '{"a": [1, null]}', '{"b":2}', '{1,2,3}', 'abc', 'ab', '6f1de1b8-2c1c-4b5d-8f0e-0a6f6d1c9b11', NULL);

CREATE TABLE "we""ird:tab'le" (id int PRIMARY KEY, "sel;ect" text, "limit" int, "ümläut ☃" text);
INSERT INTO "we""ird:tab'le" VALUES (1, 'x', 7, '☃'), (2, 'y', 8, 'é');

CREATE TABLE measurements (id int PRIMARY KEY, depth int);
INSERT INTO measurements SELECT n, n % 7 FROM generate_series(1, 2500) n;

CREATE TABLE wide (id int PRIMARY KEY, filling text);
INSERT INTO wide SELECT n, repeat('x', 100000) FROM generate_series(1, 30) n;
CREATE TABLE huge (id int PRIMARY KEY, filling text);
INSERT INTO huge VALUES (1, repeat('x', 2000000));
CREATE TABLE nothing (id int PRIMARY KEY);

CREATE VIEW high AS SELECT * FROM sites WHERE elevation_m > 3100;
CREATE VIEW slow AS SELECT pg_sleep(30)::text AS slept;
CREATE TABLE hidden.secret (id int);
RESET ROLE;
CREATE TABLE private (id int);
ANALYZE;
"""


@pytest.fixture(scope="module")
def data(server):
    server.psql(SCHEMA)
    return server


@pytest.fixture
def secrets():
    return FakeSecretsManager(ARN, postgres_server.USER, postgres_server.PASSWORD)


@pytest.fixture
def sandbox(data, secrets, monkeypatch):
    """A fresh sandbox of the function, whose certificate roots are the test server's."""
    monkeypatch.setattr(database, "CA_FILE", data.ca_file)
    settings = database.Settings("localhost", data.port, postgres_server.DATABASE, ARN)
    db = database.Database(settings, secrets)
    monkeypatch.setattr(app, "_database", db)
    yield db
    db.close()


@pytest.fixture
def get(sandbox):
    def get(path, **query):
        return call(app.handler, path, urlencode(query))

    return get


def ids(answer):
    assert answer.status == 200, answer
    return [row["id"] for row in answer.json["rows"]]


def test_health(get):
    answer = get("/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})


def test_tables_lists_what_may_be_read_in_the_schema(get):
    found = {table["name"]: table for table in get("/tables").json["tables"]}
    assert found["sites"] == {"name": "sites", "kind": "table", "estimated_rows": 4, "description": "Snow pits"}
    assert found["high"]["kind"] == "view"
    assert "secret" not in found, "of another schema"
    assert "private" not in found, "of another owner"
    assert "pg_class" not in found


def test_a_table_has_columns_and_a_key(get):
    answer = get("/tables/sites").json
    assert answer["primary_key"] == ["id"]
    assert answer["columns"][1] == {"name": "name", "type": "text", "nullable": False}


@pytest.mark.parametrize("table", [
    "nope", "secret", "hidden.secret", "private", "pg_class", "pg_catalog.pg_authid", "sites;drop table sites",
    'sites" --', "sites'", "SITES", "", "\0", "☃", "x" * 3000,
])
@pytest.mark.parametrize("suffix", ["", "/rows"])
def test_unknown_tables_are_404(get, table, suffix):
    path = "/tables/" + quote(table, safe="") + suffix
    if table == "":
        path = "/tables//" if not suffix else "/tables//rows"
        # An empty segment is no segment: this is the list, or a table called "rows".
        assert get(path).status == (404 if suffix else 200)
    else:
        assert get(path).error == "unknown_table"


def test_rows_of_a_table_and_of_a_view(get):
    answer = get("/tables/sites/rows").json
    assert answer["rows"][1] == {"id": 2, "name": "Senator Beck", "elevation_m": 3714.5, "opened": "2017-02-14"}
    assert answer["rows"][3]["elevation_m"] == "NaN"
    assert (answer["limit"], answer["offset"], answer["next_offset"]) == (100, 0, None)
    assert ids(get("/tables/high/rows", order="id")) == [2, 3, 4]  # PostgreSQL sorts NaN above all numbers


def test_every_type_arrives_as_postgresql_writes_it(get):
    text = get("/tables/kinds/rows").text
    assert "9007199254740993" in text and "12345678901234567890.123456789" in text, "nothing is rounded"
    row = json.loads(text)["rows"][0]
    assert row["flag"] is True and row["missing"] is None and row["list"] == [1, 2, 3]
    assert row["doc"] == {"a": [1, None]} and row["plain"] == {"b": 2}
    assert row["bytes"] == "\\x00ff" and row["day"] == "2020-01-28" and row["fixed"] == "ab  "


@pytest.mark.parametrize("query, expected", [
    ({"name": "Grand Mesa"}, [1]),
    ({"name.ne": "Grand Mesa"}, [2, 3, 4]),
    ({"id.gt": "2"}, [3, 4]),
    ({"id.gte": "2", "id.lt": "4"}, [2, 3]),
    ({"opened.lte": "2017-02-14"}, [1, 2]),
    ({"elevation_m.gte": "3100.25", "order": "-elevation_m"}, [4, 2, 3]),
    ({"order": "name"}, [3, 1, 4, 2]),
    ({"order": "-id", "limit": "2"}, [4, 3]),
    ({"offset": "3"}, [4]),
    ({"offset": "4"}, []),
    ({"name": "'; DROP TABLE sites; --"}, []),
    ({"name": "' OR '1'='1"}, []),
    ({"name": ":limit"}, []),
    ({"name": "$1"}, []),
])
def test_conditions_and_order(get, query, expected):
    assert ids(get("/tables/sites/rows", **query)) == expected


@pytest.mark.parametrize("query", [
    {"list": "{1,2,3}"}, {"doc": '{"a": [1, null]}'}, {"flag": "true"}, {"code": "abc"}, {"fixed": "ab"},
    {"uid": "6f1de1b8-2c1c-4b5d-8f0e-0a6f6d1c9b11"}, {"big": "9007199254740993"}, {"bytes": r"\x00ff"},
    {"exact": "12345678901234567890.123456789"}, {"at": "2020-01-28T13:00:00+01:00"},
])
def test_a_value_is_compared_as_its_columns_type(get, query):
    assert ids(get("/tables/kinds/rows", **query)) == [1]


def test_a_long_value_is_not_cut_to_its_column(get):
    assert ids(get("/tables/kinds/rows", code="abcd")) == []


@pytest.mark.parametrize("table, query, error", [
    ("sites", {"id": "one"}, "bad_value"),
    ("sites", {"id": "99999999999"}, "bad_value"),
    ("sites", {"opened": "2017-02-31"}, "bad_value"),
    ("sites", {"name": "a\0b"}, "bad_value"),
    ("kinds", {"plain": '{"b":2}'}, "bad_filter"),
    ("kinds", {"order": "plain"}, "bad_filter"),
    ("sites", {"limit": "5000"}, "bad_parameter"),
    ("sites", {"order": "id desc"}, "unknown_column"),
    ("sites", {"id) OR (1": "1"}, "unknown_column"),
])
def test_bad_requests_say_why(get, table, query, error):
    answer = get(f"/tables/{table}/rows", **query)
    assert (answer.status, answer.error) == (400, error)


def test_odd_names_work(get):
    path = "/tables/" + quote("we\"ird:tab'le", safe="")
    assert get(path).json["primary_key"] == ["id"]
    assert ids(get(path + "/rows", **{"limit.eq": "8"})) == [2]
    assert ids(get(path + "/rows", **{"ümläut ☃": "☃", "order": "-sel;ect"})) == [1]


def test_pages_follow_each_other(get):
    seen, offset = [], 0
    while offset is not None:
        answer = get("/tables/measurements/rows", limit=1000, offset=offset, order="depth")
        seen += ids(answer)
        offset = answer.json["next_offset"]
    assert sorted(seen) == list(range(1, 2501)) and len(seen) == len(set(seen))


def test_a_page_ends_before_it_is_too_large_for_lambda(get):
    seen, offset, pages = [], 0, 0
    while offset is not None:
        answer = get("/tables/wide/rows", offset=offset)
        assert len(answer.text) < 1_200_000
        seen += ids(answer)
        offset, pages = answer.json["next_offset"], pages + 1
    assert seen == list(range(1, 31)) and pages == 3


def test_a_row_that_is_too_large_is_said_to_be(get):
    assert (get("/tables/huge/rows").status, get("/tables/huge/rows").error) == (413, "row_too_large")
    assert ids(get("/tables/huge/rows", offset=1)) == []
    assert ids(get("/tables/nothing/rows")) == []


def test_a_slow_statement_is_cut_off(get, sandbox, monkeypatch):
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 1)
    answer = get("/tables/slow/rows")
    assert (answer.status, answer.error) == (504, "timeout")
    assert get("/health").status == 200


def test_nothing_can_be_written(sandbox):
    with pytest.raises(database.ApiError) as refused:
        sandbox.query("INSERT INTO nothing VALUES (:id)", id=1)
    assert refused.value.status == 500


def test_the_connection_is_encrypted_verified_and_reused(get, sandbox, secrets):
    first = sandbox.query("SELECT pg_backend_pid() AS pid, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0]
    assert first["ssl"] is True
    assert database.tls_context().check_hostname
    for _ in range(3):
        assert get("/tables/sites/rows").status == 200
    assert sandbox.query("SELECT pg_backend_pid() AS pid")[0]["pid"] == first["pid"]
    assert secrets.reads == 1


def test_a_refused_statement_keeps_the_connection(get, sandbox):
    before = sandbox.query("SELECT pg_backend_pid() AS pid")
    assert get("/tables/sites/rows", id="one").status == 400
    assert sandbox.query("SELECT pg_backend_pid() AS pid") == before


def test_a_lost_connection_is_replaced(get, sandbox, data, secrets):
    pid = sandbox.query("SELECT pg_backend_pid() AS pid")[0]["pid"]
    data.psql(f"SELECT pg_terminate_backend({pid})")
    assert get("/health").status == 200
    assert sandbox.query("SELECT pg_backend_pid() AS pid")[0]["pid"] != pid
    assert secrets.reads == 1, "a lost connection is no reason to ask for the password again"


def test_a_rotated_password_is_read_again_once(get, sandbox, data, secrets, caplog):
    assert get("/health").status == 200
    secrets.password = "second-Pa55word"
    data.psql(f"ALTER ROLE {postgres_server.USER} PASSWORD 'second-Pa55word'")
    try:
        assert get("/health").status == 200, "an open connection outlives the rotation"
        assert secrets.reads == 1
        sandbox.close()
        assert get("/health").status == 200
        assert secrets.reads == 2
    finally:
        data.psql(f"ALTER ROLE {postgres_server.USER} PASSWORD '{postgres_server.PASSWORD}'")
    assert "Pa55word" not in caplog.text


def test_a_password_that_stays_wrong_is_503_and_shown_nowhere(get, secrets, caplog):
    secrets.password = "wrong-Pa55word"
    answer = get("/health")
    assert (answer.status, answer.error, secrets.reads) == (503, "database_unavailable", 1)
    answer = get("/tables")
    assert (answer.status, secrets.reads) == (503, 2)
    assert "Pa55word" not in answer.text + caplog.text
    assert "28P01" in caplog.text


def test_an_impostors_certificate_is_refused(get, monkeypatch, caplog):
    monkeypatch.setattr(database, "CA_FILE", database.HERE / "rds-ca.pem")
    answer = get("/health")
    assert (answer.status, answer.error) == (503, "database_unavailable")
    assert "certificate_refused" in caplog.text


def test_without_roots_the_connection_is_still_encrypted(sandbox, monkeypatch, tmp_path):
    monkeypatch.setattr(database, "CA_FILE", tmp_path / "none.pem")
    assert sandbox.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0]["ssl"] is True


def test_no_server_is_503(sandbox, secrets, monkeypatch):
    settings = database.Settings("localhost", 1, postgres_server.DATABASE, ARN)
    monkeypatch.setattr(app, "_database", database.Database(settings, secrets))
    answer = call(app.handler, "/health")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


@mock_aws
def test_from_the_environment_with_the_real_client(data, monkeypatch):
    """As deployed: settings from the environment, and boto3 rather than a stand-in."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    arn = boto3.client("secretsmanager").create_secret(
        Name="rds!db-test",
        SecretString=json.dumps({"username": postgres_server.USER, "password": postgres_server.PASSWORD}),
    )["ARN"]
    monkeypatch.setenv("DB_HOST", f"localhost:{data.port}")
    monkeypatch.setenv("DB_NAME", postgres_server.DATABASE)
    monkeypatch.setenv("DB_SECRET_ARN", arn)
    monkeypatch.setattr(database, "CA_FILE", data.ca_file)
    monkeypatch.setattr(app, "_database", None)
    assert ids(call(app.handler, "/tables/sites/rows")) == [1, 2, 3, 4]
    app._database.close()
