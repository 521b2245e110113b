"""Query messages of a client: Parse, Bind, Describe, Execute, Close and Query.

Source: https://www.postgresql.org/docs/8.0/protocol-flow.html
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from sqlglot.errors import SqlglotError

from infra.local.redshift.engine.result_columns import OutColumn, encode_rows
from infra.local.redshift.engine.session import Prepared, Result, Session
from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.protocol import PARAMETER_OIDS, Reader, Wire, cstring, decode_parameter
from infra.local.redshift.sql.parser import split_statements
from infra.local.redshift.sql.size_limits import check_size

_MAX_PREPARED = 1000  # statements of a session
_MAX_PORTALS = 100
_MAX_KEPT = 64 << 20  # bytes of prepared statements, and of the parameters of portals


@dataclass
class Portal:
    """A portal: a bound statement, and the rows that the client has not fetched yet."""

    prepared: Prepared
    values: list[Any]
    formats: list[int]
    size: int = 0  # bytes of its parameters
    result: Result | None = None
    rest: Iterator[pa.RecordBatch] = field(default_factory=lambda: iter(()))


class Queries:
    """Answers the query messages of one session and holds its portals."""

    def __init__(self, wire: Wire, session: Session) -> None:
        """Answer the messages of `session` over `wire`."""
        self.wire = wire
        self.session = session
        self.portals: dict[str, Portal] = {}
        self._handlers: dict[bytes, Callable[[Reader], None]] = {
            b"P": self._parse,
            b"B": self._bind,
            b"D": self._describe,
            b"E": self._execute,
            b"C": self._close,
            b"Q": self._query,
        }

    def kept_bytes(self) -> int:
        """Bytes of prepared statements and of the parameters of portals; for any thread."""
        prepared, portals = tuple(self.session.prepared.values()), tuple(self.portals.values())
        return sum(len(p.sql) for p in prepared) + sum(p.size for p in portals)

    def answer(self, kind: bytes, body: bytes) -> None:
        """Process one message and queue the answer.

        Args:
            kind: The message type, one byte.
            body: The message without its type and length.

        Raises:
            RedshiftError: The message is malformed or unknown, or its statement fails.
        """
        if kind not in self._handlers:
            raise RedshiftError("08P01", "unknown message")
        self._handlers[kind](Reader(body))

    def ready(self) -> None:
        """Send ReadyForQuery and the queued messages; drop portals outside a transaction."""
        if self.session.transaction.status == "I":
            self.portals.clear()
        self.wire.send(b"Z", self.session.transaction.status.encode())
        self.wire.flush()

    def _parse(self, body: Reader) -> None:
        name, sql, oids = body.string(), body.string(), body.many(">i")
        others = [p for other, p in self.session.prepared.items() if other != name]
        kept = len(sql) + sum(len(p.sql) for p in others)
        if len(others) >= _MAX_PREPARED or kept > _MAX_KEPT:
            raise RedshiftError("54000", "too many prepared statements: DEALLOCATE some")
        self.session.prepared[name] = self._prepare(sql, oids)
        self.wire.send(b"1")

    def _bind(self, body: Reader) -> None:
        portal, prepared = body.string(), self._statement(body.string())
        formats = body.many(">h")
        raw = [body.blob() for _ in range(body.take(">h"))]
        results = body.many(">h")
        if len(raw) != len(prepared.oids) or len(formats) not in {0, 1, len(raw)}:
            raise RedshiftError("08P01", f"{len(raw)} parameters for {len(prepared.oids)}")
        unknown = [oid for oid in prepared.oids if oid not in PARAMETER_OIDS]
        if unknown:
            raise NotEmulatedError(f"a parameter of the type with OID {unknown[0]}")
        try:
            values = [
                decode_parameter(value, oid, _pick(formats, i) == 1)
                for i, (value, oid) in enumerate(zip(raw, prepared.oids, strict=True))
            ]
        except (ValueError, struct.error, ArithmeticError) as error:
            raise RedshiftError("22P03", f"incorrect binary or text data: {error}") from error
        size = sum(len(value) for value in raw if value)
        others = [p for other, p in self.portals.items() if other != portal]
        if len(others) >= _MAX_PORTALS or size + sum(p.size for p in others) > _MAX_KEPT:
            raise RedshiftError("54000", "too many open portals: close some")
        self.portals[portal] = Portal(prepared, values, results, size)
        self.wire.send(b"2")

    def _describe(self, body: Reader) -> None:
        kind, name = body.take("c"), body.string()
        prepared = self._statement(name) if kind == b"S" else self._portal(name).prepared
        columns = self.session.describe(prepared)
        if kind == b"S":
            oids = prepared.oids
            self.wire.send(b"t", struct.pack(f">h{len(oids)}i", len(oids), *oids))
        formats = [] if kind == b"S" else self._portal(name).formats
        self._row_description(columns, formats)

    def _execute(self, body: Reader) -> None:
        self._rows(self._portal(body.string()), body.take(">i"))

    def _close(self, body: Reader) -> None:
        kind, name = body.take("c"), body.string()
        (self.session.prepared if kind == b"S" else self.portals).pop(name, None)
        self.wire.send(b"3")

    def _query(self, body: Reader) -> None:
        statements = self._split(body.string())
        for sql in statements:
            if len(statements) > 1:
                self.session.transaction.begin_implicitly()
            prepared = self._prepare(sql, [])
            columns = self.session.describe(prepared)
            if columns is not None:
                self._row_description(columns, [])
            self._rows(Portal(prepared, [], []), 0)
        self.session.transaction.end_implicit()
        self.ready()

    def _prepare(self, sql: str, oids: list[int]) -> Prepared:
        check_size(sql)
        try:
            return self.session.prepare(sql, oids)
        except RecursionError:
            raise RedshiftError("54001", "stack depth limit exceeded") from None

    def _split(self, sql: str) -> tuple[str, ...]:
        """Split a query string into statements; an empty string is one statement."""
        check_size(sql)
        if ";" not in sql.rstrip("; \n"):
            return (sql,)
        try:
            return split_statements(sql) or (sql,)
        except SqlglotError as error:
            raise RedshiftError("42601", f"syntax error: {error}") from error

    def _rows(self, portal: Portal, limit: int) -> None:
        if portal.prepared.statement is None:
            self.wire.send(b"I")
            return
        if portal.result is None:
            portal.result = self.session.execute(portal.prepared, portal.values)
            portal.rest = portal.result.batches
            if portal.result.tag in {"COMMIT", "ROLLBACK"}:  # the others have ended with it
                self.portals = {name: p for name, p in self.portals.items() if p is portal}
        columns = portal.prepared.columns
        if columns is not None:
            formats = [_pick(portal.formats, i) for i in range(len(columns))]
            oids = [column.oid for column in columns]
            digits = self.session.extra_float_digits
            sent = 0
            for batch in portal.rest:
                room = limit - sent if limit else batch.num_rows
                self.wire.send_raw(encode_rows(batch.slice(0, room), oids, formats, digits))
                sent += min(room, batch.num_rows)
                if limit and sent >= limit:
                    portal.rest = _chained(batch.slice(room), portal.rest)
                    self.wire.send(b"s")
                    return
        while self.session.notices:
            text = self.session.notices.popleft()
            self.wire.send(b"N", b"SINFO\0C00000\0M" + cstring(text) + b"\0")
        self.wire.send(b"C", cstring(portal.result.tag))

    def _row_description(self, columns: list[OutColumn] | None, formats: list[int]) -> None:
        if columns is None:
            self.wire.send(b"n")
            return
        body = struct.pack(">h", len(columns))
        for i, column in enumerate(columns):
            body += cstring(column.name) + struct.pack(
                ">ihihih", 0, 0, column.oid, -1, column.modifier, _pick(formats, i)
            )
        self.wire.send(b"T", body)

    def _statement(self, name: str) -> Prepared:
        if name not in self.session.prepared:
            raise RedshiftError("26000", f'prepared statement "{name}" does not exist')
        return self.session.prepared[name]

    def _portal(self, name: str) -> Portal:
        if name not in self.portals:
            raise RedshiftError("34000", f'portal "{name}" does not exist')
        return self.portals[name]


def _pick(formats: list[int], index: int) -> int:
    """The format of a value: text if no format is given; a single format applies to all."""
    if not formats:
        return 0
    return formats[0] if len(formats) == 1 else formats[index]


def _chained(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if first.num_rows:
        yield first
    yield from rest
