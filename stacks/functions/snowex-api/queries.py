"""The questions that the API asks of the database.

Names of tables and columns come from the request but are only ever looked up in the catalogue;
what goes into a statement is the catalogue's own spelling, quoted. Values are always parameters,
whose types the server takes from the columns they are compared with.
"""

import json

from errors import ApiError

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_OFFSET = 100_000
MAX_TABLES = 1000
# Lambda's answer is at most 6 MB, after the body has been escaped once more (up to six times its size).
MAX_BYTES = 1024 * 1024

OPERATORS = {"eq": "=", "ne": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
KINDS = {"r": "table", "p": "table", "f": "foreign table", "v": "view", "m": "materialized view"}

TABLES = """
SELECT c.oid::text AS oid, c.relname::text AS name, c.relkind::text AS kind,
       CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END AS estimated_rows,
       obj_description(c.oid, 'pg_class') AS description
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = :schema
   AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
   AND NOT c.relispartition
   AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))
"""

COLUMNS = """
SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
       array_position(i.indkey::int2[], a.attnum) AS key
  FROM pg_catalog.pg_attribute a
  LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
 WHERE a.attrelid = CAST(:oid AS oid)
   AND a.attnum > 0
   AND NOT a.attisdropped
   AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
 ORDER BY a.attnum
"""

# The server writes the JSON itself: dates, decimals, arrays and geometries come out as
# PostgreSQL defines them, and nothing is rounded on the way.
ROWS = """
SELECT doc, fetched
  FROM (SELECT n, doc, count(*) OVER () AS fetched, sum(octet_length(doc)) OVER (ORDER BY n) AS bytes
          FROM (SELECT row_number() OVER () AS n, row_to_json(r)::text AS doc
                  FROM (SELECT {columns} FROM {table}{where}{order} LIMIT :limit OFFSET :offset) r) d) s
 WHERE bytes <= :max_bytes
 ORDER BY n
"""


def ping(db):
    db.query("SELECT 1 AS one")


def tables(db):
    found = db.query(TABLES + " ORDER BY c.relname LIMIT :limit", schema=db.settings.schema, limit=MAX_TABLES)
    return [_table_facts(row) for row in found]


def table(db, name):
    facts = _find_table(db, name)
    columns = _columns(db, facts)
    return {
        **_table_facts(facts),
        "columns": [{"name": c["name"], "type": c["type"], "nullable": c["nullable"]} for c in columns],
        "primary_key": _primary_key(columns),
    }


def rows(db, name, parameters):
    """The body of a page of rows, as text."""
    facts = _find_table(db, name)
    columns = _columns(db, facts)
    request = _RowsRequest(parameters, columns)
    found = db.query(
        ROWS.format(
            columns=", ".join(_quote(c["name"]) for c in columns),
            table=f"{_quote(db.settings.schema)}.{_quote(facts['name'])}",
            where=request.where,
            order=request.order,
        ),
        **request.values,
        limit=request.limit + 1,  # one more, to know whether there is a next page
        offset=request.offset,
        max_bytes=MAX_BYTES,
    )
    page = [row["doc"] for row in found[: request.limit]]
    more = bool(found) and found[0]["fetched"] > len(page)
    if not found and _has_rows(db, facts, request):
        raise ApiError(413, "row_too_large", f"the first row alone is larger than {MAX_BYTES} bytes")
    head = json.dumps({
        "table": facts["name"],
        "limit": request.limit,
        "offset": request.offset,
        "next_offset": request.offset + len(page) if more else None,
    })
    return head[:-1] + ', "rows": [' + ",\n".join(page) + "]}"


class _RowsRequest:
    """The query string of a page of rows, checked against the table's columns."""

    def __init__(self, parameters, columns):
        self._columns = {c["name"]: c for c in columns}
        self.limit, self.offset, self.values = DEFAULT_LIMIT, 0, {}
        conditions, order, seen = [], [], set()
        for key, value in parameters:
            if key in ("limit", "offset", "order"):
                if key in seen:
                    raise ApiError(400, "bad_parameter", f"{key} is given twice")
                seen.add(key)
            if key == "limit":
                self.limit = _whole_number(key, value, 1, MAX_LIMIT)
            elif key == "offset":
                self.offset = _whole_number(key, value, 0, MAX_OFFSET)
            elif key == "order":
                order = [self._ordering(part) for part in value.split(",")]
            else:
                conditions.append(self._condition(key, value))
        ordered = {column for column, _ in order}
        order += [(column, "") for column in _primary_key(columns) if column not in ordered]
        self.where = " WHERE " + " AND ".join(conditions) if conditions else ""
        self.order = " ORDER BY " + ", ".join(_quote(c) + d for c, d in order) if order else ""

    def _condition(self, key, value):
        column, operator = key, "eq"
        if column not in self._columns and "." in key:
            column, _, operator = key.rpartition(".")
        if column not in self._columns:
            raise ApiError(400, "unknown_column", f"the table has no column {key!r}")
        if operator not in OPERATORS:
            raise ApiError(400, "unknown_operator", f"{operator!r} is none of {', '.join(OPERATORS)}")
        if "\0" in value:
            raise ApiError(400, "bad_value", "a value does not fit its column")
        name = f"value_{len(self.values)}"
        self.values[name] = value
        return f"{_quote(column)} {OPERATORS[operator]} :{name}"

    def _ordering(self, part):
        column, direction = (part[1:], " DESC") if part.startswith("-") else (part, "")
        if column not in self._columns:
            raise ApiError(400, "unknown_column", f"the table has no column {column!r}")
        return column, direction


def _find_table(db, name):
    found = []
    if "\0" not in name:
        found = db.query(TABLES + " AND c.relname = :name", schema=db.settings.schema, name=name)
    if not found:
        raise ApiError(404, "unknown_table", "no such table; GET /tables lists them")
    return found[0]


def _columns(db, facts):
    return db.query(COLUMNS, oid=facts["oid"])


def _has_rows(db, facts, request):
    """Whether an empty page is empty because its first row is too large, not because there is none."""
    table = f"{_quote(db.settings.schema)}.{_quote(facts['name'])}"
    sql = f"SELECT EXISTS (SELECT 1 FROM {table}{request.where} LIMIT 1 OFFSET :offset) AS found"
    return db.query(sql, **request.values, offset=request.offset)[0]["found"]


def _table_facts(row):
    return {
        "name": row["name"],
        "kind": KINDS[row["kind"]],
        "estimated_rows": row["estimated_rows"],
        "description": row["description"],
    }


def _primary_key(columns):
    keyed = [c for c in columns if c["key"] is not None]
    return [c["name"] for c in sorted(keyed, key=lambda c: c["key"])]


def _quote(name):
    return '"' + name.replace('"', '""') + '"'


def _whole_number(key, value, least, most):
    if not (value.isascii() and value.isdigit() and len(value) <= 9 and least <= int(value) <= most):
        raise ApiError(400, "bad_parameter", f"{key} must be a whole number from {least} to {most}")
    return int(value)
