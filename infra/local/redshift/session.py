"""One connection: prepared statements, transaction state, and the rows that go back."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from infra.local.redshift import protocol
from infra.local.redshift.catalogue import Answer, answer
from infra.local.redshift.copy import Copy, copy_into, parse_copy
from infra.local.redshift.dialect import Translated, translate
from infra.local.redshift.errors import NotEmulatedError, RedshiftError, from_duckdb

_ROWS_PER_BATCH = 10_000
_OIDS = {
    "BOOLEAN": protocol.BOOL,
    "SMALLINT": protocol.INT2,
    "INTEGER": protocol.INT4,
    "BIGINT": protocol.INT8,
    "HUGEINT": protocol.INT8,  # sums of integers; Redshift gives BIGINT
    "FLOAT": protocol.FLOAT4,
    "DOUBLE": protocol.FLOAT8,
    "DATE": protocol.DATE,
    "TIMESTAMP": protocol.TIMESTAMP,
    "VARCHAR": protocol.VARCHAR,
}


@dataclass(frozen=True)
class OutColumn:
    """A column of a result, as RowDescription names it."""

    name: str
    oid: int
    modifier: int = -1


@dataclass
class Prepared:
    """A parsed statement under its name, with the types of its parameters and results."""

    statement: Translated | Copy | Answer | None  # None: an empty query
    oids: tuple[int, ...] = ()
    columns: list[OutColumn] | None = None
    described: bool = False
    sums: frozenset[int] = frozenset()  # columns that the engine holds in more than 64 bits


@dataclass
class Result:
    """What an execution gave: the command tag, and rows in batches where there are any."""

    tag: str
    batches: Iterator[pa.RecordBatch] = field(default_factory=lambda: iter(()))


class TableLocks:
    """One writer a table: a second one waits until the first one's transaction ends."""

    def __init__(self) -> None:
        """Start without locks."""
        self._condition = threading.Condition()
        self._holders: dict[str, Session] = {}

    def acquire(self, table: str, session: "Session") -> None:
        """Wait for the table and hold it until `release`."""
        with self._condition:
            self._condition.wait_for(lambda: self._holders.get(table) in {None, session})
            self._holders[table] = session

    def release(self, session: "Session") -> None:
        """Give back all tables of a session."""
        with self._condition:
            self._holders = {t: s for t, s in self._holders.items() if s is not session}
            self._condition.notify_all()


class Session:
    """The state of one connection. Not safe for use by several threads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, locks: TableLocks, s3: Any) -> None:  # noqa: ANN401
        """Use a DuckDB connection of its own; `s3` is a boto3 client."""
        self._connection = connection
        self._locks = locks
        self._s3 = s3
        self.status = "I"  # I idle, T in a transaction, E in a failed one
        self.notices: deque[str] = deque()
        self._read_only = False
        self._last_copy_count = 0

    def prepare(self, sql: str, oids: Sequence[int]) -> Prepared:
        """Parse a statement; raises RedshiftError when it is wrong or refused."""
        if not sql.strip(" \t\r\n;"):
            return Prepared(None)
        statement = answer(sql) or parse_copy(sql) or translate(sql)
        wanted = statement.parameters if isinstance(statement, Translated) else 0
        padded = [*oids, *[protocol.UNKNOWN] * (wanted - len(oids))]
        return Prepared(statement, tuple(oid or protocol.UNKNOWN for oid in padded))

    def describe(self, prepared: Prepared) -> list[OutColumn] | None:
        """Columns that the statement will return, before its parameters are known."""
        if not prepared.described:
            statement = prepared.statement
            if isinstance(statement, Answer) and statement.columns:
                prepared.columns = [OutColumn(n, protocol.VARCHAR) for n in statement.columns]
            elif isinstance(statement, Translated) and statement.returns_rows:
                self._refuse_in_failed_transaction()
                sql = statement.bind([_typed_null(oid) for oid in prepared.oids])
                rows = self._run(f"DESCRIBE {sql}").fetchall()
                prepared.columns = [_out_column(name, kind) for name, kind, *_ in rows]
                prepared.sums = frozenset(i for i, row in enumerate(rows) if row[1] == "HUGEINT")
            prepared.described = True
        return prepared.columns

    def execute(self, prepared: Prepared, values: Sequence[Any] = ()) -> Result:
        """Run a statement. An error inside a transaction makes it a failed one."""
        statement = prepared.statement
        try:
            if statement is None:
                return Result("")
            if isinstance(statement, Translated) and statement.tag in {"COMMIT", "ROLLBACK"}:
                return Result(self._end(statement.tag))
            self._refuse_in_failed_transaction()
            if isinstance(statement, Answer):
                return Result(statement.tag, iter(statement.batches(self._last_copy_count)))
            if isinstance(statement, Copy):
                return self._copy(statement)
            literals = [_literal(v, o) for v, o in zip(values, prepared.oids, strict=True)]
            if statement.returns_rows:
                return Result("SELECT", self._stream(self._query(prepared, literals)))
            return self._execute(statement, literals)
        except RedshiftError:
            self.fail()
            raise

    def fail(self) -> None:
        """Mark a running transaction as failed."""
        if self.status == "T":
            self.status = "E"
        elif self.status == "I":
            self._locks.release(self)

    def close(self) -> None:
        """Roll back what is open and give the locks back."""
        try:
            self._end("ROLLBACK")
        finally:
            self._connection.close()

    def interrupt(self) -> None:
        """Cancel the running statement; may be called from another thread."""
        self._connection.interrupt()

    # ------------------------------------------------------------------ statements

    def _execute(self, statement: Translated, literals: list[str]) -> Result:
        if statement.tag == "BEGIN":
            return Result(self._begin(statement.read_only))
        if statement.writes:
            self._lock(statement.writes)
        if statement.tag == "TRUNCATE":
            raise NotEmulatedError("TRUNCATE commits the transaction; use DELETE")
        if statement.tag == "CREATE TABLE":
            self._create(statement, literals)
            return self._done(statement.tag)
        row = self._run(statement.bind(literals)).fetchone()
        count = row[0] if row and statement.tag in {"INSERT", "DELETE", "UPDATE"} else None
        tag = {"INSERT": f"INSERT 0 {count}"}.get(
            statement.tag, statement.tag if count is None else f"{statement.tag} {count}"
        )
        return self._done(tag)

    def _query(self, prepared: Prepared, literals: list[str]) -> str:
        assert isinstance(prepared.statement, Translated)  # noqa: S101
        columns = self.describe(prepared) or []
        sql = prepared.statement.bind(literals)
        if not prepared.sums:
            return sql
        # a sum of integers is a BIGINT in Redshift, and an error beyond
        names = [f"c{i}" for i in range(len(columns))]
        casts = [f"CAST({n} AS BIGINT)" if i in prepared.sums else n for i, n in enumerate(names)]
        return f"SELECT {', '.join(casts)} FROM ({sql}) AS t({', '.join(names)})"

    def _create(self, statement: Translated, literals: list[str]) -> None:
        own = self.status == "I"
        if own:
            self._run("BEGIN")
        try:
            if statement.like is not None:
                self._create_like(*statement.like)
            else:
                self._run(statement.bind(literals))
                if statement.writes and statement.column_types:
                    self._note_types(statement.writes, statement.column_types)
            if own:
                self._run("COMMIT")
        except RedshiftError:
            if own:
                self._run("ROLLBACK")
            raise

    def _create_like(self, target: str, model: str) -> None:
        schema, table = model.split(".")
        columns = self._run(
            "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
            f"WHERE schema_name = '{schema}' AND table_name = '{table}' ORDER BY column_index"
        ).fetchall()
        if not columns:
            raise RedshiftError("42P01", f'relation "{model}" does not exist')
        definitions = ", ".join(
            f'"{name}" {comment or kind}{"" if nullable else " NOT NULL"}'
            for name, kind, nullable, comment in columns
        )
        created = translate(f"CREATE TABLE {target} ({definitions})")
        self._run(created.sql)
        self._note_types(target, created.column_types)

    def _note_types(self, table: str, types: dict[str, str]) -> None:
        # the engine forgets VARCHAR lengths; a comment keeps Redshift's own words for a column
        quoted = ".".join(f'"{part}"' for part in table.split("."))
        for name, kind in types.items():
            self._run(f"COMMENT ON COLUMN {quoted}.\"{name}\" IS '{kind}'")

    def _copy(self, statement: Copy) -> Result:
        self._lock(statement.table)
        own = self.status == "I"
        self._last_copy_count = 0
        if own:
            self._run("BEGIN")
        try:
            count = copy_into(self._connection, self._s3, statement)
        except (RedshiftError, duckdb.Error) as error:
            if own:
                self._run("ROLLBACK")
            raise error if isinstance(error, RedshiftError) else from_duckdb(error) from error
        if own:
            self._run("COMMIT")
        self._last_copy_count = count
        name = statement.table.split(".")[-1]
        self.notices.append(
            f"Load into table '{name}' completed, {count} record(s) loaded successfully."
        )
        return self._done("COPY")

    # ------------------------------------------------------------------ transactions

    def _begin(self, read_only: bool) -> str:
        if self.status == "I":
            self._run("BEGIN")
            self.status = "T"
            self._read_only = read_only
        else:
            self.notices.append("there is already a transaction in progress")
        return "BEGIN"

    def _end(self, tag: str) -> str:
        if self.status == "I":
            self._locks.release(self)
            return tag
        failed = self.status == "E" or tag == "ROLLBACK"
        self.status = "I"
        self._read_only = False
        try:
            self._run("ROLLBACK" if failed else "COMMIT")
        finally:
            self._locks.release(self)
        return "ROLLBACK" if failed else "COMMIT"

    def _done(self, tag: str) -> Result:
        if self.status == "I":
            self._locks.release(self)
        return Result(tag)

    def _lock(self, table: str) -> None:
        if self._read_only:
            raise RedshiftError("25006", "transaction is read-only")
        self._locks.acquire(table, self)

    def _refuse_in_failed_transaction(self) -> None:
        if self.status == "E":
            raise RedshiftError(
                "25P02",
                "current transaction is aborted, commands ignored until end of transaction block",
            )

    # ------------------------------------------------------------------ engine

    def _stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._connection.sql(sql).to_arrow_reader(_ROWS_PER_BATCH)
        except duckdb.Error as error:
            raise from_duckdb(error) from error
        except pa.ArrowException as error:  # an engine error in the middle of the rows
            raise from_duckdb(duckdb.Error(str(error))) from error

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql)
        except duckdb.Error as error:
            raise from_duckdb(error) from error


def _out_column(name: str, kind: str) -> OutColumn:
    if kind.startswith("DECIMAL"):
        precision, scale = (int(n) for n in kind[8:-1].split(","))
        return OutColumn(name, protocol.NUMERIC, (precision << 16 | scale) + 4)
    if kind == '"NULL"':
        return OutColumn(name, protocol.VARCHAR)
    if kind not in _OIDS:
        raise NotEmulatedError(f"a result column of type {kind} ({name})")
    return OutColumn(name, _OIDS[kind])


_SQL_TYPES = {
    protocol.BOOL: "boolean",
    protocol.INT2: "smallint",
    protocol.INT4: "int",
    protocol.INT8: "bigint",
    protocol.FLOAT4: "float",
    protocol.FLOAT8: "double",
    protocol.DATE: "date",
    protocol.TIMESTAMP: "timestamp",
}


def _typed_null(oid: int) -> str:
    kind = _SQL_TYPES.get(oid)
    return f"CAST(NULL AS {kind})" if kind else "NULL"


def _literal(value: Any, oid: int) -> str:  # noqa: ANN401
    """A parameter as a literal: text stays of unknown type, as an untyped literal does."""
    if value is None:
        return _typed_null(oid)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, Decimal)):
        return f"({value:f})" if isinstance(value, Decimal) else f"({value})"
    text = value.isoformat(" ") if isinstance(value, datetime) else str(value)
    quoted = "'" + text.replace("'", "''") + "'"
    return f"CAST({quoted} AS {_SQL_TYPES[oid]})" if oid in _SQL_TYPES else quoted
