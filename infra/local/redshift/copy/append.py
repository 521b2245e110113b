"""Appends Arrow rows to a table."""

from contextlib import suppress

import duckdb

from infra.local.redshift.context import SessionContext
from infra.local.redshift.errors import from_duckdb


def insert(
    session: SessionContext, table: str, source: object, select: str = "*", into: str = ""
) -> int:
    """Append the rows of an Arrow source to a table.

    Args:
        session: The session that runs COPY.
        table: The target, as schema.table.
        source: An Arrow table or reader.
        select: DuckDB expressions over the source's columns, one per target column.
        into: The target columns in parentheses; empty means all columns.

    Returns:
        The number of appended rows.

    Raises:
        RedshiftError: DuckDB rejects the rows.
    """
    target = session.tables.engine_name(table)
    session.connection.register("copy_source", source)
    try:
        rows = session.connection.execute(
            f"INSERT INTO {target} {into} SELECT {select} FROM copy_source"
        ).fetchall()
    except duckdb.Error as error:
        raise from_duckdb(error) from error
    finally:
        # an aborted transaction cannot unregister the source; the next COPY replaces it
        with suppress(duckdb.TransactionException):
            session.connection.unregister("copy_source")
    return rows[0][0] if rows else 0
