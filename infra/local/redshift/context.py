"""What COPY, UNLOAD and DML need of the session that runs them.

They depend on these protocols and not on `engine.session`, which imports them.
"""

from collections import deque
from typing import Any, Protocol

import duckdb


class TableLookup(Protocol):
    """The tables that a session sees; names are `schema.table`."""

    def engine_name(self, table: str) -> str:
        """The name of a table in DuckDB."""
        ...

    def columns(self, table: str) -> list[tuple[str, str]]:
        """Names and DuckDB types of the columns, in order; empty where there is no such table."""
        ...

    def redshift_types(self, table: str) -> dict[str, str]:
        """Redshift types by column name; raises RedshiftError where there is no such table."""
        ...


class SessionContext(Protocol):
    """A session as its statements see it."""

    connection: duckdb.DuckDBPyConnection
    s3: Any  # a boto3 client
    key: tuple[int, int]  # process number and secret, which a client cancels with
    notices: deque[str]
    last_copy: tuple[int, int]  # rows and query number
    last_unload: tuple[int, int]

    @property
    def tables(self) -> TableLookup:
        """The tables that the session sees."""
        ...

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Another DuckDB connection, outside the session's transaction."""
        ...

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run DuckDB SQL; raises RedshiftError."""
        ...

    def engine_query(self, sql: str) -> str:
        """DuckDB SQL of a Redshift query without parameters; raises RedshiftError."""
        ...
