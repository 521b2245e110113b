"""The session of one connection: prepares, describes and runs statements."""

import re
import threading
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import GEN_CLOSED, getgeneratorstate
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from infra.local.redshift.clock import now
from infra.local.redshift.copy.load import load
from infra.local.redshift.copy.statement import Copy, parse_copy
from infra.local.redshift.copy.unload import unload
from infra.local.redshift.copy.unload_statement import Unload, parse_unload
from infra.local.redshift.engine.dml import remove_duplicates, write
from infra.local.redshift.engine.function_catalog import find_functions
from infra.local.redshift.engine.privileges import (
    ALWAYS_READABLE,
    require_reading,
    require_schemas,
)
from infra.local.redshift.engine.result_batches import stream
from infra.local.redshift.engine.result_columns import (
    OutColumn,
    literal,
    out_column,
    parameter_kind,
    typed_null,
)
from infra.local.redshift.engine.system_catalog import system_query
from infra.local.redshift.engine.table_catalog import Tables
from infra.local.redshift.engine.table_changes import Changes
from infra.local.redshift.engine.table_locks import TableLocks
from infra.local.redshift.engine.transaction import Transaction
from infra.local.redshift.engine.utility_commands import Command, parse_command
from infra.local.redshift.errors import NotEmulatedError, RedshiftError, from_duckdb
from infra.local.redshift.protocol import UNKNOWN, VARCHAR
from infra.local.redshift.sql.comment import parse_comment
from infra.local.redshift.sql.function_store import UserFunction
from infra.local.redshift.sql.functions import check_pattern
from infra.local.redshift.sql.parser import split_statements
from infra.local.redshift.sql.translated import Translated
from infra.local.redshift.sql.translator import checked, translate
from infra.local.redshift.sql.user_functions import parse_function

_COMMENT = re.compile(r"\s*(?:--|/\*)")


@dataclass
class Prepared:
    """A prepared statement, with the types of its parameters and result columns."""

    statement: Translated | Copy | Unload | Command | None  # None: an empty query
    sql: str = ""
    oids: tuple[int, ...] = ()
    columns: list[OutColumn] | None = None
    described: bool = False
    version: int = 0  # `Tables.version` when it was described
    bound: tuple[str, duckdb.DuckDBPyRelation] | None = None  # its SQL when it was described


@dataclass
class Result:
    """The result of a statement: its command tag, and its rows in batches."""

    tag: str
    batches: Iterator[pa.RecordBatch] = field(default_factory=lambda: iter(()))


class Session:
    """The state of one connection. One thread uses it; other threads may call `interrupt`."""

    def __init__(
        self,
        connect: Callable[[], duckdb.DuckDBPyConnection],
        locks: TableLocks,
        changes: Changes,
        s3: Any,  # noqa: ANN401 (a boto3 client)
        key: tuple[int, int] = (0, 0),
        user: str = "",
        database: str = "",
        *,
        readable_schemas: Collection[str] | None = None,
    ) -> None:
        """Open a DuckDB connection for the client.

        Args:
            connect: Opens a DuckDB connection.
            locks: The table locks that all sessions share.
            changes: The table changes that all sessions share.
            s3: A boto3 client for COPY and UNLOAD.
            key: Process ID and secret of the client's cancel requests.
            user: The user who logged in.
            database: The database's name.
            readable_schemas: The only schemas that a user without write privileges may read; None
                for a user who may read and write everything.
        """
        self._readable_schemas = readable_schemas
        self.connect = connect
        self.connection = connect()
        if readable_schemas is not None:  # the catalogue shows a reader no other names
            shown = ", ".join(f"'{schema}'" for schema in (*ALWAYS_READABLE, *readable_schemas))
            self.connection.execute(f"SET VARIABLE readable_schemas = [{shown}]")
        self.s3 = s3
        self.key = key
        self.user = user
        self.database = database
        self.tables = Tables(self.run, changes)
        self.transaction = Transaction(
            self._run_transaction, locks, self.tables.begun, self.tables.forget
        )
        self._open_results: list[Generator[pa.RecordBatch]] = []
        self.notices: deque[str] = deque()
        self.prepared: dict[str, Prepared] = {}
        self.last_copy: tuple[int, int] = (0, -1)  # pg_last_copy_count(), pg_last_copy_id()
        self.last_unload: tuple[int, int] = (0, -1)
        self.extra_float_digits = 0
        self._timeout_ms = 0

    def prepare(self, sql: str, oids: Sequence[int]) -> Prepared:
        """Parse and translate a statement.

        Args:
            sql: One statement, or none (an empty query).
            oids: The type OIDs of its parameters; 0 or a missing OID is an unknown type.

        Raises:
            RedshiftError: The statement is wrong or refused.
        """
        if not sql.strip("; \t\r\n") or (_COMMENT.match(sql) and not split_statements(sql)):
            return Prepared(None)
        statement = (
            parse_command(sql)
            or parse_copy(sql)
            or parse_unload(sql)
            or parse_comment(sql)
            or parse_function(sql, self._functions)
            or system_query(sql, self.user, self.database)
            or self.translate(sql, oids)
        )
        wanted = statement.parameters if isinstance(statement, Translated) else 0
        padded = [*oids, *[UNKNOWN] * (wanted - len(oids))]
        return Prepared(statement, sql, tuple(oid or UNKNOWN for oid in padded))

    def translate(self, sql: str, oids: Sequence[int] = ()) -> Translated:
        """Translate a statement to DuckDB SQL, with the current columns of its tables.

        Args:
            sql: One Redshift statement.
            oids: The type OIDs of its parameters.

        Raises:
            RedshiftError: The statement is wrong or refused.
        """
        tree, tables, calls = checked(sql)
        if self._readable_schemas is not None:
            require_schemas((*tables, *calls), self._readable_schemas)
        for table in tree.find_all(exp.Table):
            if table.catalog and table.catalog.lower() != self.database.lower():
                raise NotEmulatedError(f"another database than {self.database}: {table.sql()}")
        known = self.tables.schema_of(tables) if self.transaction.status != "E" else ()
        kinds = tuple(parameter_kind(oid) for oid in oids)
        return translate(sql, known, kinds, self._functions(calls))

    def _functions(self, names: Sequence[str]) -> tuple[UserFunction, ...]:
        """The functions of users with these names, and those that they call."""
        return find_functions(self.run, names) if self.transaction.status != "E" else ()

    def engine_query(self, sql: str) -> str:
        """Translate a query without parameters to DuckDB SQL; raises RedshiftError."""
        return self.translate(sql).bind([], self.session_variables())

    def describe(self, prepared: Prepared) -> list[OutColumn] | None:
        """The columns that a statement returns, before its parameters are bound.

        Returns:
            The columns; None for a statement that returns no rows.

        Raises:
            RedshiftError: The statement is wrong or refused, or the transaction has failed.
        """
        if not prepared.described:
            statement = self._current(prepared)
            if isinstance(statement, Command) and statement.tag == "SHOW":
                prepared.columns = [OutColumn(statement.name, VARCHAR)]
            elif isinstance(statement, Translated) and statement.returns_rows:
                self.transaction.refuse_if_failed()
                self._require_privileges(statement)
                self.transaction.open()
                nulls = [typed_null(oid) for oid in prepared.oids]
                sql = statement.bind(nulls, self.session_variables())
                relation = self._relation(sql)
                kinds = map(str, relation.types)
                prepared.columns = list(map(out_column, relation.columns, kinds))
                prepared.bound = sql, relation
            prepared.described = True
            prepared.version = self.tables.version
        return prepared.columns

    def execute(self, prepared: Prepared, values: Sequence[Any] = ()) -> Result:
        """Run a prepared statement; an error marks an open transaction as failed.

        Args:
            prepared: The statement.
            values: The Python values of its parameters, in order.

        Raises:
            RedshiftError: The statement fails or is refused.
        """
        timer = self._timer()
        try:
            result = self._execute(prepared, values)
        except BaseException as error:
            timer.cancel()
            if isinstance(error, RedshiftError):
                self.transaction.fail()
            raise
        if result.tag == "SELECT":
            result.batches = _until_the_last(result.batches, timer)
        else:
            timer.cancel()
        return result

    def _current(self, prepared: Prepared) -> Translated | Copy | Unload | Command | None:
        """The statement to run; translated again if it names tables or functions."""
        known = prepared.statement
        named = isinstance(known, Translated) and (known.reads or known.calls)
        if named and self.transaction.status != "E":
            prepared.statement = self.translate(prepared.sql, prepared.oids)
            if prepared.described and self.tables.version != prepared.version:
                self._describe_again(prepared)
        return prepared.statement

    def _describe_again(self, prepared: Prepared) -> None:
        """Raise RedshiftError if the columns differ from those that the client has received."""
        before, prepared.described = prepared.columns, False
        if self.describe(prepared) != before:
            prepared.columns, prepared.described = before, True
            raise RedshiftError(
                "0A000", "cached plan must not change result type: prepare the statement again"
            )

    def _execute(self, prepared: Prepared, values: Sequence[Any]) -> Result:
        statement = self._current(prepared)
        if statement is None:
            return Result("")
        if isinstance(statement, Command) and statement.tag in {"COMMIT", "ROLLBACK"}:
            return Result(self.transaction.end(statement.tag))
        self.transaction.refuse_if_failed()
        self._require_privileges(statement)
        if isinstance(statement, Command):
            return self._command(statement)
        if isinstance(statement, Copy):
            return self._copy(statement)
        if isinstance(statement, Unload):
            self.transaction.open()
            unload(self, statement)
            return Result("UNLOAD")
        for position, extent in statement.patterns:
            check_pattern(str(values[position - 1]), extent=extent)
        literals = [literal(v, o) for v, o in zip(values, prepared.oids, strict=True)]
        if statement.returns_rows:
            self.transaction.read(statement.reads)
            self.transaction.open()
            self.describe(prepared)
            sql = statement.bind(literals, self.session_variables())
            # a query without parameters is planned once, to describe and to run it
            bound, prepared.bound = prepared.bound, None
            rows = stream(bound[1] if bound and bound[0] == sql else self._relation(sql))
            unfinished = [r for r in self._open_results if getgeneratorstate(r) != GEN_CLOSED]
            self._open_results = [*unfinished, rows]
            return Result("SELECT", rows)
        return Result(write(self, statement, literals))

    def _require_privileges(self, statement: Translated | Copy | Unload | Command) -> None:
        if self._readable_schemas is not None:
            require_reading(statement, self._readable_schemas)

    def close(self) -> None:
        """Roll back the open transaction, release the locks and close the DuckDB connection."""
        try:
            self.transaction.end("ROLLBACK")
        finally:
            self.connection.close()

    def interrupt(self) -> None:
        """Cancel the running statement; callable from any thread."""
        if not self.transaction.cancel_waiting():
            with suppress(duckdb.Error):  # closed meanwhile
                self.connection.interrupt()

    # ------------------------------------------------------------------ statements

    def _copy(self, copy: Copy) -> Result:
        self.transaction.write(self.tables.permanent((copy.table,)))
        with self.transaction.of_statement():
            self.set_default_timestamps()
            load(self, copy)
        return Result("COPY")

    def _command(self, command: Command) -> Result:
        if command.tag == "BEGIN":
            if not self.transaction.begin(read_only=command.name == "READ ONLY"):
                self.notices.append("there is already a transaction in progress")
        elif command.tag == "SHOW":
            row = pa.RecordBatch.from_arrays([pa.array([command.value])], [command.name])
            return Result("SHOW", iter([row]))
        elif command.tag == "SET" and command.name == "statement_timeout":
            self._timeout_ms = int(command.value)
        elif command.tag == "SET" and command.name == "extra_float_digits":
            self.extra_float_digits = int(command.value)
        elif command.tag == "DEALLOCATE":
            self.prepared = {k: v for k, v in self.prepared.items() if command.name not in {"", k}}
        elif command.tag == "VACUUM" and self.transaction.status == "T":
            raise RedshiftError("25001", "VACUUM cannot run inside a transaction block")
        elif command.tag == "LOCK TABLE":
            if self.transaction.status != "T":
                raise RedshiftError("25P01", "LOCK TABLE may only be used in transaction blocks")
            self.transaction.write(command.tables, exclusive=True)
        elif command.tag == "MERGE":
            remove_duplicates(self, command.tables[0], command.name, command.value)
        return Result(command.tag)

    def _timer(self) -> threading.Timer:
        timer = threading.Timer(self._timeout_ms / 1000, self.interrupt)
        timer.daemon = True
        if self._timeout_ms:
            timer.start()
        return timer

    def session_variables(self) -> dict[str, str]:
        """SQL literals of the session variables, by name.

        GETDATE() is the start time of the statement; SYSDATE is that of the transaction.
        """
        return {
            "statement_time": f"TIMESTAMP '{now().replace(microsecond=0)}'",
            "transaction_time": f"TIMESTAMP '{self.transaction.began}'",
            "last_copy_count": str(self.last_copy[0]),
            "last_copy_id": str(self.last_copy[1]),
            "last_unload_count": str(self.last_unload[0]),
            "last_unload_id": str(self.last_unload[1]),
            "backend_pid": str(self.key[0]),
            "database": f"'{self.database}'",
            "user": "'" + self.user.replace("'", "''") + "'",
        }

    def set_default_timestamps(self) -> None:
        """Set the DuckDB variables that the defaults SYSDATE and GETDATE() read."""
        variables = self.session_variables()
        clocks = ("transaction_time", "statement_time")
        self.run("; ".join(f"SET VARIABLE {clock} = {variables[clock]}" for clock in clocks))

    # ------------------------------------------------------------------ DuckDB

    def _run_transaction(self, sql: str) -> object:
        """Run BEGIN, COMMIT or ROLLBACK; a transaction ends with the results that it has open."""
        for rows in self._open_results:
            rows.close()
        self._open_results.clear()
        return self.run(sql)

    def _relation(self, query: str) -> duckdb.DuckDBPyRelation:
        """Bind a query in DuckDB's SQL, without running it; raises RedshiftError."""
        try:
            return self.connection.sql(query)
        except duckdb.Error as error:
            raise from_duckdb(error) from error

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run DuckDB SQL; raises RedshiftError."""
        try:
            return self.connection.execute(sql)
        except duckdb.Error as error:
            raise from_duckdb(error) from error


def _until_the_last(
    batches: Iterator[pa.RecordBatch], timer: threading.Timer
) -> Iterator[pa.RecordBatch]:
    """Yield the batches; stop the statement's timeout when all are read."""
    try:
        yield from batches
    finally:
        timer.cancel()
