"""One connection to the database, kept open between invocations.

The password is RDS's own and rotates every seven days: it is read from Secrets Manager once for
the life of the sandbox, and once more when the database refuses it. Nothing here logs or returns
the text of an exception, which may quote a credential.
"""

import json
import logging
import os
import socket
import ssl
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "vendor"))

import pg8000.native  # noqa: E402 (from vendor)

from errors import ApiError  # noqa: E402

log = logging.getLogger("snowex")

# When it is there, the server's certificate and name are verified; when it is not, the connection
# is encrypted all the same but would not notice an impostor. See ../README.md.
CA_FILE = HERE / "rds-ca.pem"

CONNECT_SECONDS = 5
ANSWER_SECONDS = 10  # for one read from the socket; above STATEMENT_SECONDS, so that the server speaks first
STATEMENT_SECONDS = 8
DEAD_PEER_SECONDS = 5  # how long sent bytes may stay unacknowledged, e.g. after a fail-over

REFUSED_CREDENTIALS = {"28P01", "28000"}
LOST_CONNECTION = {"57P01", "57P02", "57P03", "25P03", "57P05"}


@dataclass(frozen=True)
class Settings:
    host: str
    port: int
    name: str
    secret_arn: str
    schema: str = "public"

    @staticmethod
    def from_environment(environ=os.environ):
        missing = [key for key in ("DB_HOST", "DB_NAME", "DB_SECRET_ARN") if not environ.get(key)]
        if missing:
            log.error(json.dumps({"event": "misconfigured", "missing": missing}))
            raise ApiError(500, "misconfigured", "the function is not configured")
        host, _, port = environ["DB_HOST"].partition(":")
        return Settings(
            host=host,
            port=int(port or environ.get("DB_PORT") or 5432),
            name=environ["DB_NAME"],
            secret_arn=environ["DB_SECRET_ARN"],
            schema=environ.get("DB_SCHEMA") or "public",
        )


def _secrets_manager():
    import boto3  # part of the Lambda runtime
    from botocore.config import Config

    return boto3.client(
        "secretsmanager",
        config=Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2}),
    )


@dataclass(frozen=True)
class Credentials:
    user: str
    password: str = field(repr=False)


class Database:
    """Runs queries; connects, reconnects and renews the credentials when it must."""

    def __init__(self, settings, secrets=None):
        self.settings = settings
        self._secrets = secrets
        self._credentials = None
        self._connection = None

    def query(self, sql, **parameters):
        """The rows of one statement, as dicts. Every statement is its own read-only transaction."""
        reused = self._connection is not None
        try:
            return self._run(sql, parameters)
        except _ConnectionLost:
            # A connection that slept through a frozen sandbox may have died unnoticed. All
            # statements only read, so a second try is safe; a fresh connection gets none.
            if not reused:
                raise ApiError(503, "database_unavailable", "the database does not answer", RETRY) from None
        try:
            return self._run(sql, parameters)
        except _ConnectionLost:
            raise ApiError(503, "database_unavailable", "the database does not answer", RETRY) from None

    def close(self):
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:
                pass  # it was broken already

    def _run(self, sql, parameters):
        if self._connection is None:
            self._connection = self._connect()
        try:
            rows = self._connection.run(sql, **parameters)
            names = [column["name"] for column in self._connection.columns]
        except pg8000.native.DatabaseError as error:
            state = sqlstate(error)
            if state in LOST_CONNECTION or state.startswith("08"):
                self.close()
                raise _ConnectionLost from None
            raise _refusal(state) from None
        except (pg8000.native.InterfaceError, OSError):
            self.close()
            raise _ConnectionLost from None
        except BaseException:
            self.close()  # the protocol may be half way through an answer
            raise
        return [dict(zip(names, row)) for row in rows]

    def _connect(self):
        renewed = self._credentials is None
        if renewed:
            self._credentials = self._read_credentials()
        try:
            return self._open()
        except pg8000.native.DatabaseError as error:
            state = sqlstate(error)
            if renewed or state not in REFUSED_CREDENTIALS:
                raise _no_connection(state) from None
        # The cached password was refused: it has been rotated since it was read.
        log.info(json.dumps({"event": "credentials_renewed"}))
        self._credentials = self._read_credentials()
        try:
            return self._open()
        except pg8000.native.DatabaseError as error:
            raise _no_connection(sqlstate(error)) from None

    def _open(self):
        settings, credentials = self.settings, self._credentials
        raw = None
        try:
            raw = socket.create_connection((settings.host, settings.port), CONNECT_SECONDS)
            raw.settimeout(ANSWER_SECONDS)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_PEER_SECONDS * 1000)
            return pg8000.native.Connection(
                credentials.user,
                host=settings.host,
                database=settings.name,
                password=credentials.password,
                sock=raw,
                ssl_context=tls_context(),
                application_name="snowex-api",
                startup_params={
                    "default_transaction_read_only": "on",
                    "statement_timeout": str(STATEMENT_SECONDS * 1000),
                },
            )
        except ssl.SSLCertVerificationError as error:
            log.error(json.dumps({"event": "certificate_refused", "reason": error.verify_message}))
            _close_quietly(raw)
            raise ApiError(503, "database_unavailable", "the database's certificate is not trusted", RETRY) from None
        except (pg8000.native.InterfaceError, OSError) as error:
            log.error(json.dumps({"event": "no_connection", "type": type(error).__name__}))
            _close_quietly(raw)
            raise _ConnectionLost from None

    def _read_credentials(self):
        if self._secrets is None:
            self._secrets = _secrets_manager()
        try:
            answer = self._secrets.get_secret_value(SecretId=self.settings.secret_arn)
            secret = json.loads(answer["SecretString"])
            return Credentials(secret["username"], secret["password"])
        except Exception as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code")
            log.error(json.dumps({"event": "no_credentials", "type": type(error).__name__, "code": code}))
            raise ApiError(503, "database_unavailable", "the database's credentials cannot be read", RETRY) from None


RETRY = {"retry-after": "5"}


class _ConnectionLost(Exception):
    """The connection broke: nothing is known of the statement, and it may be tried again."""


def tls_context():
    """RDS for PostgreSQL refuses plain connections; so does this."""
    if CA_FILE.exists():
        return ssl.create_default_context(cafile=str(CA_FILE))
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def sqlstate(error):
    detail = error.args[0] if error.args else None
    return detail.get("C", "") if isinstance(detail, dict) else ""


def _close_quietly(raw):
    if raw is not None:
        raw.close()


def _no_connection(state):
    log.error(json.dumps({"event": "no_connection", "sqlstate": state}))
    return ApiError(503, "database_unavailable", "the database refuses the connection", RETRY)


def _refusal(state):
    """What the caller learns of a statement that the server refused."""
    if state.startswith("22"):
        return ApiError(400, "bad_value", "a value does not fit its column")
    if state == "42883":
        return ApiError(400, "bad_filter", "a column of this type cannot be compared or ordered like this")
    if state == "42501":
        return ApiError(403, "forbidden", "this may not be read")
    if state in ("42P01", "42703"):
        return ApiError(404, "not_found", "the table has just changed")
    if state == "57014":
        return ApiError(504, "timeout", f"the query took longer than {STATEMENT_SECONDS} seconds")
    if state.startswith("53"):
        return ApiError(503, "database_busy", "the database is busy", RETRY)
    log.error(json.dumps({"event": "query_failed", "sqlstate": state}))
    return ApiError(500, "internal", "internal error")
