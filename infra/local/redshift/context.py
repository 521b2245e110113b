"""Protocols of the session that runs COPY, UNLOAD and DML.

The modules of COPY, UNLOAD and DML depend on these protocols instead of `engine.session`, because
`engine.session` imports those modules.
"""

from collections import deque
from typing import Any, Protocol

import duckdb


class TableLookup(Protocol):
    """The tables that a session sees; table names have the form `schema.table`."""

    def engine_name(self, table: str) -> str:
        """The name of a table in DuckDB."""
        ...

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Names and DuckDB types of the columns, in order; empty if there is no such table."""
        ...

    def redshift_types(self, table: str) -> dict[str, str]:
        """Redshift types by column name; raises RedshiftError if there is no such table."""
        ...


class SessionContext(Protocol):
    """The part of a session that COPY, UNLOAD and DML use."""

    connection: duckdb.DuckDBPyConnection
    s3: Any  # a boto3 client
    key: tuple[int, int]  # process ID and secret of cancel requests
    notices: deque[str]
    last_copy: tuple[int, int]  # row count and query ID of the last COPY
    last_unload: tuple[int, int]  # row count and query ID of the last UNLOAD

    @property
    def tables(self) -> TableLookup:
        """The tables that the session sees."""
        ...

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open another DuckDB connection, outside the session's transaction."""
        ...

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run DuckDB SQL; raises RedshiftError."""
        ...

    def engine_query(self, sql: str) -> str:
        """Translate a query without parameters to DuckDB SQL; raises RedshiftError."""
        ...
