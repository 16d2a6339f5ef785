"""The snowex API: read-only JSON over the tables of one PostgreSQL schema.

Runs behind a Lambda function URL. The URL itself answers CORS preflights and adds the CORS
headers, so nothing here does.

    GET /                       what there is
    GET /health                 200 when the database answers, else 503
    GET /tables                 the tables and views of the schema
    GET /tables/{table}         its columns
    GET /tables/{table}/rows    its rows: ?limit=&offset=&order=-column&column=value&column.gte=value
"""

import json
import logging
import time
import traceback
from pathlib import Path
from urllib.parse import parse_qsl, unquote

import database
import queries
from errors import ApiError

log = logging.getLogger("snowex")
log.setLevel(logging.INFO)

ENDPOINTS = ["/health", "/tables", "/tables/{table}", "/tables/{table}/rows"]
MAX_QUERY_STRING = 4096
MAX_PARAMETERS = 32

# One for the life of the sandbox: the next invocation finds the connection open.
_database = None


def handler(event, _context):
    """Answers one request of the function URL (payload version 2.0)."""
    started = time.monotonic()
    method, path, query = _request(event)
    extra_headers = {}
    try:
        status, body = 200, _route(method, path, query)
    except ApiError as error:
        status, body, extra_headers = error.status, error.body(), error.headers
    except Exception as error:  # the caller learns nothing of the inside
        log.error(json.dumps({"event": "unexpected", "type": type(error).__name__, "at": _where(error)}))
        status, body = 500, ApiError(500, "internal", "internal error").body()
    log.info(json.dumps({
        "event": "request", "method": method, "path": path, "status": status,
        "milliseconds": round((time.monotonic() - started) * 1000),
    }))
    return {
        "statusCode": status,
        "headers": {
            "content-type": "application/json; charset=utf-8",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            **extra_headers,
        },
        "body": "" if method == "HEAD" else body if isinstance(body, str) else json.dumps(body),
    }


def _request(event):
    http = event.get("requestContext", {}).get("http", {})
    return http.get("method", ""), event.get("rawPath") or "/", event.get("rawQueryString") or ""


def _route(method, path, query):
    if method not in ("GET", "HEAD"):
        raise ApiError(405, "method_not_allowed", "only GET is answered here", {"allow": "GET, HEAD"})
    parameters = _parameters(query)
    match [unquote(part) for part in path.split("/") if part]:
        case []:
            return {"service": "snowex-api", "endpoints": ENDPOINTS}
        case ["health"]:
            queries.ping(_db())
            return {"status": "ok"}
        case ["tables"]:
            return {"tables": queries.tables(_db())}
        case ["tables", table]:
            return queries.table(_db(), table)
        case ["tables", table, "rows"]:
            return queries.rows(_db(), table, parameters)
        case _:
            raise ApiError(404, "not_found", "no such endpoint; GET / lists them")


def _parameters(query):
    if len(query) > MAX_QUERY_STRING:
        raise ApiError(414, "query_too_long", f"the query string is longer than {MAX_QUERY_STRING} characters")
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict")
    except UnicodeDecodeError:
        raise ApiError(400, "bad_query", "the query string is not UTF-8") from None
    except ValueError:
        raise ApiError(400, "bad_query", f"the query string has more than {MAX_PARAMETERS} parameters") from None


def _db():
    global _database
    if _database is None:
        _database = database.Database(database.Settings.from_environment())
    return _database



def _where(error):
    """The frames of a failure, without its text: that may quote a value or a credential."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
