"""One client: its messages, in the order in which the protocol wants them.

Source: https://www.postgresql.org/docs/8.0/protocol-flow.html
"""

import logging
import os
import secrets
import socket
import socketserver
import ssl
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot.errors import SqlglotError

from infra.local.redshift import login
from infra.local.redshift.errors import RedshiftError
from infra.local.redshift.protocol import Reader, cstring, decode_parameter
from infra.local.redshift.results import OutColumn, encode_rows
from infra.local.redshift.session import Prepared, Result, Session
from infra.statements import split

if TYPE_CHECKING:
    from infra.local.redshift.server import RedshiftServer

_LOGIN_SECONDS = 30
_GOODBYE_SECONDS = 1
_MAX_STATEMENT = 16 * 1024 * 1024
_log = logging.getLogger("local_redshift")


@dataclass
class Portal:
    """A bound statement, and where its rows have got to when they are fetched in parts."""

    prepared: Prepared
    values: list[Any]
    formats: list[int]
    result: Result | None = None
    rest: Iterator[pa.RecordBatch] = field(default_factory=lambda: iter(()))


class Connection(socketserver.BaseRequestHandler):
    """Serves one client until it leaves; what it sends may be anything."""

    server: "RedshiftServer"  # pyright: ignore[reportIncompatibleVariableOverride]
    busy = False

    def handle(self) -> None:
        """Log in, then answer messages."""
        self.key = (os.getpid() & 0x7FFFFFFF, secrets.randbits(31))  # what a client cancels with
        self.server.connections.add(self)
        try:
            self._handle()
        finally:
            self.server.connections.discard(self)

    def hang_up(self) -> None:
        """End what is running, and the connection; may be called from another thread."""
        session = self.server.sessions.get(self.key)
        if session is not None:
            session.interrupt()
        with suppress(OSError):  # it has ended by itself
            self.request.shutdown(socket.SHUT_RDWR)

    def abandoned(self) -> bool:
        """Whether a statement runs for a client that has gone; asked from another thread."""
        if not self.busy:
            return False
        try:
            # beneath TLS, too: nothing more will come once the peer has closed
            return not socket.socket.recv(self.request, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except (OSError, ValueError):
            return True

    def _handle(self) -> None:
        sock: socket.socket = self.request
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(_LOGIN_SECONDS)
        try:
            if not self._start(sock):
                return
            self.wire.socket.settimeout(None)
            self.prepared: dict[str, Prepared] = {}
            self.portals: dict[str, Portal] = {}
            self._serve()
        except (OSError, ValueError, struct.error) as error:  # gone, or not speaking the protocol
            _log.info("connection ended: %s", error)
        finally:
            session = self.server.sessions.pop(self.key, None)
            if session is not None:
                session.close()
            self._say_goodbye()

    def _say_goodbye(self) -> None:
        """End TLS properly: a client that cancels waits for it."""
        if isinstance(self.request, ssl.SSLSocket):
            with suppress(OSError, ValueError):
                self.request.settimeout(_GOODBYE_SECONDS)
                self.request.unwrap()

    def _start(self, sock: socket.socket) -> bool:
        start = login.greet(sock, self.server.tls)
        self.request, self.wire = start.wire.socket, start.wire
        if start.cancels is not None:
            session = self.server.sessions.get(start.cancels)
            if session is not None:
                session.interrupt()
            return False
        user = start.options.get("user", "")
        try:
            login.authenticate(self.wire, user, self.server.password_of(user))
            login.require_database(start.options.get("database") or user, self.server.name)
        except RedshiftError as error:
            self._error(error, "FATAL")
            self.wire.flush()
            return False
        login.welcome(self.wire, self.key)
        self.session = Session(
            self.server.connect,
            self.server.locks,
            self.server.changes,
            self.server.s3,
            self.key,
            user,
            self.server.name,
        )
        self.server.sessions[self.key] = self.session
        self._ready()
        return True

    # ------------------------------------------------------------------ messages

    def _serve(self) -> None:
        handlers = {
            b"P": self._parse,
            b"B": self._bind,
            b"D": self._describe,
            b"E": self._execute,
            b"C": self._close,
            b"Q": self._query,
        }
        skipping = False  # after an error, until the client syncs
        while True:
            kind, body = self.wire.read()
            if kind == b"X":
                return
            if kind == b"S":
                skipping = False
                self._ready()
            elif kind == b"H":
                self.wire.flush()
            elif not skipping:
                try:
                    self.busy = True
                    handlers.get(kind, self._unknown)(Reader(body))
                except RedshiftError as error:
                    skipping = self._failed(error, kind)
                except OSError:
                    raise
                except Exception as error:  # noqa: BLE001 (logged, and told to the client)
                    # a statement must not take its connection down, let alone the server
                    _log.exception("internal error")
                    reason = (
                        f"internal error of the local Redshift: {type(error).__name__}: {error}"
                    )
                    skipping = self._failed(RedshiftError("XX000", reason), kind)
                finally:
                    self.busy = False

    def _failed(self, error: RedshiftError, kind: bytes) -> bool:
        self.session.transaction.fail()
        self._error(error)
        if kind == b"Q":
            self._ready()
            return False
        self.wire.flush()
        return True

    def _unknown(self, body: Reader) -> None:
        raise RedshiftError("08P01", "unknown message")

    def _parse(self, body: Reader) -> None:
        name, sql, oids = body.string(), body.string(), body.many(">i")
        self.prepared[name] = self._prepare(sql, oids)
        self.wire.send(b"1")

    def _prepare(self, sql: str, oids: list[int]) -> Prepared:
        if len(sql) > _MAX_STATEMENT:
            raise RedshiftError("54000", "Statement is too large. Statement Size: more than 16 MB")
        try:
            return self.session.prepare(sql, oids)
        except RecursionError:
            raise RedshiftError("54001", "stack depth limit exceeded") from None

    def _bind(self, body: Reader) -> None:
        portal, prepared = body.string(), self._statement(body.string())
        formats = body.many(">h")
        raw = [body.blob() for _ in range(body.take(">h"))]
        results = body.many(">h")
        if len(raw) != len(prepared.oids) or len(formats) not in {0, 1, len(raw)}:
            raise RedshiftError("08P01", f"{len(raw)} parameters for {len(prepared.oids)}")
        try:
            values = [
                decode_parameter(value, oid, _pick(formats, i) == 1)
                for i, (value, oid) in enumerate(zip(raw, prepared.oids, strict=True))
            ]
        except (ValueError, struct.error, ArithmeticError) as error:
            raise RedshiftError("22P03", f"incorrect binary or text data: {error}") from error
        self.portals[portal] = Portal(prepared, values, results)
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
        (self.prepared if kind == b"S" else self.portals).pop(name, None)
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
        self._ready()

    def _split(self, sql: str) -> tuple[str, ...]:
        """The statements of a text; an empty one counts as a statement."""
        if ";" not in sql.rstrip("; \n"):
            return (sql,)
        try:
            return split(sql) or (sql,)
        except SqlglotError as error:
            raise RedshiftError("42601", f"syntax error: {error}") from error

    def _rows(self, portal: Portal, limit: int) -> None:
        if portal.prepared.statement is None:
            self.wire.send(b"I")
            return
        if portal.result is None:
            portal.result = self.session.execute(portal.prepared, portal.values)
            portal.rest = portal.result.batches
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
        if name not in self.prepared:
            raise RedshiftError("26000", f'prepared statement "{name}" does not exist')
        return self.prepared[name]

    def _portal(self, name: str) -> Portal:
        if name not in self.portals:
            raise RedshiftError("34000", f'portal "{name}" does not exist')
        return self.portals[name]

    def _error(self, error: RedshiftError, severity: str = "ERROR") -> None:
        fields = {b"S": severity, b"C": error.sqlstate, b"M": error.message, b"D": error.detail}
        body = b"".join(kind + cstring(text) for kind, text in fields.items() if text)
        self.wire.send(b"E", body + b"\0")

    def _ready(self) -> None:
        if self.session.transaction.status == "I":
            self.portals.clear() if hasattr(self, "portals") else None
        self.wire.send(b"Z", self.session.transaction.status.encode())
        self.wire.flush()


def _pick(formats: list[int], index: int) -> int:
    """Format of a value: none given means text, one given means it for all."""
    if not formats:
        return 0
    return formats[0] if len(formats) == 1 else formats[index]


def _chained(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if first.num_rows:
        yield first
    yield from rest
