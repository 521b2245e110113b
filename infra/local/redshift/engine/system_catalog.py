"""Catalogue queries of clients: reflection by SQLAlchemy, version, database, schema and user.

Source of the reflection queries: sqlalchemy-redshift's dialect.py. They use parts of Redshift's
catalogue that DuckDB lacks. So the text of the query is matched, and views with the same columns
answer it.
"""

import re
from pathlib import Path

from infra.local.redshift.engine.utility_commands import VERSION
from infra.local.redshift.sql.translated import Translated

CATALOGUE = Path(__file__).with_name("system_catalog.sql").read_text(encoding="utf-8")

_FILTER = re.compile(r"AND (schema|table_name|relname) = '([^']*(?:''[^']*)*)'", re.IGNORECASE)
_REFLECTED = [
    ("pg_get_constraintdef(t.oid", "reflected_constraints"),
    ("pg_get_late_binding_view_cols", "reflected_columns"),
    ("c.reldiststyle", "relations"),
]
_ANSWERS = [
    (r"select (?:pg_catalog\.)?version\(\)", f"SELECT '{VERSION}' AS version"),
    (r"select current_schema(?:\(\))?", "SELECT 'public' AS current_schema"),
    (r"select current_database\(\)", "SELECT '{database}' AS current_database"),
    (r"select (?:current_user|user|session_user)", "SELECT '{user}' AS current_user"),
    (
        r"""select '(?:"(?P<schema>\w+)"\.)?"(?P<table>\w+)"'::regclass::oid""",
        "SELECT rel_oid AS oid FROM emulator.relations "
        "WHERE \"schema\" = '{schema}' AND relname = '{table}'",
    ),
    (
        r"select pg_catalog\.pg_namespace\.nspname from pg_catalog\.pg_namespace where "
        r"\(pg_catalog\.pg_namespace\.nspname not like \$1 \|\| '%+' escape '/'\) order by .*",
        "SELECT nspname FROM emulator.pg_namespace "
        "WHERE nspname NOT LIKE $1 || '%' ESCAPE '/' ORDER BY nspname",
    ),
    (
        r"select pg_catalog\.pg_namespace\.nspname from pg_catalog\.pg_namespace where "
        r"pg_catalog\.pg_namespace\.nspname = \$1",
        "SELECT nspname FROM emulator.pg_namespace WHERE nspname = $1",
    ),
    (r"select d\.description from pg_catalog\.pg_description d .*",
     "SELECT NULL::VARCHAR AS description WHERE FALSE"),
    (r"select cons\.conname as name, pg_get_constraintdef\(cons\.oid\) as src from .*",
     "SELECT '' AS name, '' AS src WHERE FALSE"),
]  # fmt: skip


def system_query(sql: str, user: str = "", database: str = "") -> Translated | None:
    """Match a statement with the known catalogue queries.

    Args:
        sql: The statement.
        user: The result of CURRENT_USER.
        database: The result of CURRENT_DATABASE().

    Returns:
        DuckDB SQL that answers the query; None for any other statement.
    """
    for words, view in _REFLECTED:
        if words in sql and "pg_catalog.pg_class" in sql:
            names = {"schema": "schema", "table_name": "table_name", "relname": "relname"}
            wanted = {names[n.lower()]: v for n, v in _FILTER.findall(sql)}
            where = "".join(f" AND \"{name}\" = '{value}'" for name, value in wanted.items())
            columns = "* EXCLUDE (comment)" if view == "relations" else "*"
            return _rows(f"SELECT {columns} FROM emulator.{view} WHERE TRUE{where}")
    text = re.sub(r"\s+", " ", sql).strip(" ;")
    for pattern, answer in _ANSWERS:
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        if match is not None:
            parts = {"schema": "public", "user": user, "database": database}
            parts |= {k: v.lower() for k, v in match.groupdict().items() if v}
            count = len(set(re.findall(r"\$\d+", text)))
            return _rows(answer.format(**parts) if "{" in answer else answer, count)
    return None


def _rows(sql: str, parameters: int = 0) -> Translated:
    return Translated(sql, "SELECT", returns_rows=True, parameters=parameters)
