"""Appending Arrow rows to a table."""

from contextlib import suppress

import duckdb

from infra.local.redshift.context import SessionContext
from infra.local.redshift.errors import from_duckdb


def insert(
    session: SessionContext, table: str, source: object, select: str = "*", into: str = ""
) -> int:
    """Append what `select` makes of an Arrow source; returns the number of rows."""
    target = session.tables.engine_name(table)
    session.connection.register("copy_source", source)
    try:
        rows = session.connection.execute(
            f"INSERT INTO {target} {into} SELECT {select} FROM copy_source"
        ).fetchall()
    except duckdb.Error as error:
        raise from_duckdb(error) from error
    finally:
        # in an aborted transaction it cannot be unregistered; the next COPY replaces it
        with suppress(duckdb.TransactionException):
            session.connection.unregister("copy_source")
    return rows[0][0] if rows else 0
