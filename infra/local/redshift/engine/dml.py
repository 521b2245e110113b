"""Runs the statements of a session that change rows or tables."""

import re
from collections.abc import Sequence
from typing import Protocol

from infra.local.redshift.context import SessionContext
from infra.local.redshift.engine.table_catalog import Tables
from infra.local.redshift.engine.transaction import Transaction
from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.sql.translated import Translated

_COLUMN = r"[\w$.]+"
_EQUALITIES = rf"\(?{_COLUMN}\s?=\s?{_COLUMN}(?: and {_COLUMN}\s?=\s?{_COLUMN})*\)?"
_TUNING = {("diststyle",), ("distkey",), ("sortkey",)}
_COUNTED = {"INSERT": "INSERT 0", "DELETE": "DELETE", "UPDATE": "UPDATE", "MERGE": "MERGE"}


class DmlContext(SessionContext, Protocol):
    """The part of a session that `write` and `remove_duplicates` use."""

    transaction: Transaction

    @property
    def tables(self) -> Tables:
        """The tables that the session sees."""
        ...

    def translate(self, sql: str, oids: Sequence[int] = ()) -> Translated:
        """Translate a statement to DuckDB SQL; `oids` are the types of its parameters."""
        ...

    def session_variables(self) -> dict[str, str]:
        """SQL literals of the session variables, by name."""
        ...

    def set_default_timestamps(self) -> None:
        """Set the DuckDB variables that the defaults SYSDATE and GETDATE() read."""
        ...


def write(session: DmlContext, statement: Translated, literals: list[str]) -> str:
    """Run a statement that changes rows or tables.

    Args:
        session: The session that runs it.
        statement: The translated statement.
        literals: SQL literals of the parameters $1, $2, … in order.

    Returns:
        The command tag, for example `INSERT 0 3`.

    Raises:
        RedshiftError: The statement fails, is refused, or the transaction is read-only.
    """
    session.transaction.write(session.tables.permanent(statement.writes))
    if statement.tag in {"INSERT", "UPDATE", "MERGE"}:
        session.tables.require_lengths(statement.writes[0], statement.assigned)
    if statement.tag == "TRUNCATE TABLE":
        return _truncate(session, statement)
    if not statement.tag.endswith((" TABLE", " VIEW", " SCHEMA")):
        with session.transaction.of_statement():
            if statement.tag in {"INSERT", "MERGE"}:
                session.set_default_timestamps()
            row = _change(session, statement, literals)
    else:
        row = _define(session, statement, literals)
    words = _COUNTED.get(statement.tag)
    return f"{words} {row[0]}" if words and row else statement.tag


def _define(session: DmlContext, statement: Translated, literals: list[str]) -> tuple | None:
    """Run a statement that makes, changes or drops tables; tell it to all sessions."""
    changed: set[str] | None = None
    with session.tables.changing():
        try:
            with session.transaction.of_statement():
                drops = statement.tag in {"DROP TABLE", "DROP VIEW"}
                dropped = session.tables.dropped_with(statement) if drops else []
                if not statement.tag.startswith("ALTER") and not statement.tag.endswith("SCHEMA"):
                    changed = {*statement.writes, *dropped}
                return _change(session, statement, literals, dropped)
        finally:
            session.tables.changed(changed)
            if session.transaction.status == "I":  # already committed
                session.tables.forget()


def _change(
    session: DmlContext,
    statement: Translated,
    literals: list[str],
    dropped: Sequence[str] = (),
) -> tuple | None:
    definition = statement.definition
    if definition is not None and definition.if_absent and session.tables.has(definition.table):
        session.notices.append(f'Relation "{definition.table}" already exists and will be skipped')
        return None
    if definition is not None and definition.like:
        session.tables.note(session.tables.create_like(definition))
        return None
    sql = statement.bind(literals, session.session_variables())
    if statement.values:
        sql = _name_first_columns(sql, statement, session.tables.columns(statement.writes[0]))
    if statement.change[:1] in _TUNING:
        session.tables.note_tuning(statement.writes[0], statement.change)
        return None
    before = session.tables.definition(statement.writes[0]) if statement.change else None
    if before is not None and statement.adds_text:
        session.tables.add_column(before, statement)
        return None
    drops = [f"DROP VIEW IF EXISTS {session.tables.engine_name(view)}" for view in dropped]
    sql = "; ".join([*drops, sql])
    if statement.tag == "CREATE VIEW":
        if sql.startswith("CREATE OR REPLACE"):
            session.tables.replaced(statement.writes[0], lambda: session.run(sql))
        else:
            session.run(sql)
        session.tables.note_view(statement)
        return None
    if statement.multiple_matches:
        query = statement.bind(literals, session.session_variables(), statement.multiple_matches)
        if session.run(query).fetchall():
            raise RedshiftError("XX000", "Found multiple matches to update the same tuple.")
    rows = session.run(sql).fetchall()
    if definition is not None:
        session.tables.note(definition)
    if before is not None:
        session.tables.note_change(before, statement.change)
    return rows[0] if rows else None


def _name_first_columns(sql: str, insert: Translated, columns: list[tuple[str, str]]) -> str:
    """Name the first columns in an INSERT … VALUES with fewer values than columns.

    Args:
        sql: DuckDB SQL of the INSERT, with its parameters bound.
        insert: The translated INSERT.
        columns: Names and types of the table's columns, in order.

    Returns:
        DuckDB SQL of the INSERT.
    """
    if insert.values >= len(columns):
        return sql
    named = ", ".join(f'"{name}"' for name, _ in columns[: insert.values])
    return sql.replace(" VALUES ", f" ({named}) VALUES ", 1)


def _truncate(session: DmlContext, statement: Translated) -> str:
    # TRUNCATE commits the open transaction and cannot be rolled back
    with session.transaction.of_statement():
        session.run(f"DELETE FROM {session.tables.engine_name(statement.writes[0])}")
    session.transaction.end("COMMIT")
    return "TRUNCATE TABLE"


def remove_duplicates(session: DmlContext, target: str, source: str, condition: str) -> None:
    """Run MERGE … REMOVE DUPLICATES: the source's rows replace the target rows that match.

    Args:
        session: The session that runs it.
        target: The target table, as schema.table.
        source: The source table; without a schema it is in public.
        condition: The ON condition.

    Raises:
        NotEmulatedError: The condition is not a list of equalities, or the source has equal rows.
        RedshiftError: The statement fails, or the transaction is read-only.
    """
    if not re.fullmatch(_EQUALITIES, condition.strip(), re.IGNORECASE):
        raise NotEmulatedError(f"the ON of MERGE takes equalities of columns only: {condition}")
    session.transaction.write([target])
    name = target.removeprefix("public.")
    rows = session.tables.engine_name(source if "." in source else f"public.{source}")
    with session.transaction.of_statement():
        counts = session.run(
            f"SELECT (SELECT count(*) FROM {rows}), "
            f"(SELECT count(*) FROM (SELECT DISTINCT * FROM {rows}))"
        ).fetchall()[0]
        if counts[0] != counts[1]:
            raise NotEmulatedError(f"REMOVE DUPLICATES with equal rows in {source}")
        for sql in (
            f"DELETE FROM {name} USING {source} WHERE {condition}",
            f"INSERT INTO {name} SELECT * FROM {source}",
        ):
            session.run(session.translate(sql).bind([], {}))
