"""The sockets: one thread a connection, on 127.0.0.1 only.

Run it alone with `python -m infra.local.redshift.server --path FILE --port N`; the password comes
from `OLIST_REDSHIFT_PASSWORD`, the S3 endpoint from `OLIST_S3_ENDPOINT_URL`.
"""

import argparse
import hmac
import logging
import os
import secrets
import signal
import socket
import socketserver
import struct
import sys
from pathlib import Path

import boto3
import duckdb

from infra.local.lifetime import end_with_parent
from infra.local.redshift.dialect import PRELUDE
from infra.local.redshift.errors import RedshiftError
from infra.local.redshift.protocol import (
    Reader,
    Wire,
    cstring,
    decode_parameter,
    encode_rows,
)
from infra.local.redshift.session import OutColumn, Prepared, Session, TableLocks

_SSL_REQUEST, _CANCEL_REQUEST, _PROTOCOL_3 = 80877103, 80877102, 196608
_log = logging.getLogger("local_redshift")


class RedshiftServer(socketserver.ThreadingTCPServer):
    """A server over one DuckDB file."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, path: Path, user: str, password: str, s3_endpoint: str) -> None:
        """Open the file and bind the port (0: a free one)."""
        super().__init__(("127.0.0.1", port), _Connection)
        self.user = user
        self.password = password
        path.parent.mkdir(parents=True, exist_ok=True)
        self.database = duckdb.connect(
            str(path),
            # `/` is bound when a macro is made, so this comes before the prelude
            config={"integer_division": "true", "python_enable_replacements": "false"},
        )
        self.database.execute(PRELUDE)
        for setting in (
            "SET GLOBAL preserve_insertion_order = false",
            "SET GLOBAL TimeZone = 'UTC'",
            # the log carries commits; folding it into the file each time would double the writes
            "SET GLOBAL checkpoint_threshold = '1GB'",
            "SET GLOBAL enable_external_access = false",
            "SET GLOBAL lock_configuration = true",
        ):
            self.database.execute(setting)
        self.locks = TableLocks()
        self.sessions: dict[tuple[int, int], Session] = {}
        # the stand-in for S3 asks for a signature but does not check it
        self.s3 = boto3.client(
            "s3",
            endpoint_url=s3_endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106
            region_name="us-east-1",
        )

    def server_close(self) -> None:
        """Close the socket and the database."""
        super().server_close()
        self.database.close()


class _Connection(socketserver.BaseRequestHandler):
    server: RedshiftServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def handle(self) -> None:
        sock: socket.socket = self.request
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire = Wire(sock)
        key = (os.getpid() & 0x7FFFFFFF, secrets.randbits(31))
        try:
            if not self._start(key):
                return
            self.prepared: dict[str, Prepared] = {}
            self.portals: dict[str, tuple[Prepared, list, list[int]]] = {}
            self.columns: dict[int, list[OutColumn]] = {}
            self._serve()
        except (ConnectionError, UnicodeDecodeError, struct.error, ValueError) as error:
            _log.info("connection ended: %s", error)
        finally:
            session = self.server.sessions.pop(key, None)
            if session is not None:
                session.close()

    def _start(self, key: tuple[int, int]) -> bool:
        code, body = self.wire.read_startup()
        if code == _SSL_REQUEST:
            self.wire.raw(b"N")
            code, body = self.wire.read_startup()
        if code == _CANCEL_REQUEST:
            session = self.server.sessions.get(struct.unpack(">ii", body))
            if session is not None:
                session.interrupt()
            return False
        if code != _PROTOCOL_3:
            raise ConnectionError("not a PostgreSQL 3.0 client")
        words = body.decode().split("\0")
        options = dict(zip(words[::2], words[1::2], strict=False))
        self.wire.send(b"R", struct.pack(">i", 3))  # cleartext password, over loopback
        self.wire.flush()
        _, answer = self.wire.read()
        given = answer.rstrip(b"\0")
        known = options.get("user") == self.server.user
        if not hmac.compare_digest(given, self.server.password.encode()) or not known:
            self._error(
                RedshiftError(
                    "28000", f'password authentication failed for user "{options.get("user")}"'
                )
            )
            self.wire.flush()
            return False
        self.wire.send(b"R", struct.pack(">i", 0))
        for name, value in {
            "server_version": "8.0.2",
            "server_encoding": "UTF8",
            "client_encoding": "UTF8",
            "DateStyle": "ISO, MDY",
            "integer_datetimes": "on",
            "server_protocol_version": "0",
        }.items():
            self.wire.send(b"S", cstring(name) + cstring(value))
        self.wire.send(b"K", struct.pack(">ii", *key))
        connection = self.server.database.cursor()
        connection.execute("USE public")  # where Redshift looks for a table without a schema
        self.session = Session(connection, self.server.locks, self.server.s3)
        self.server.sessions[key] = self.session
        self._ready()
        return True

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
                    handlers.get(kind, self._unknown)(Reader(body))
                except RedshiftError as error:
                    self.session.fail()
                    self._error(error)
                    if kind == b"Q":
                        self._ready()
                    else:
                        skipping = True
                        self.wire.flush()

    def _unknown(self, body: Reader) -> None:
        raise RedshiftError("08P01", "unknown message")

    def _parse(self, body: Reader) -> None:
        name, sql, oids = body.string(), body.string(), body.many(">i")
        self.prepared[name] = self.session.prepare(sql, oids)
        self.wire.send(b"1")

    def _bind(self, body: Reader) -> None:
        portal, prepared = body.string(), self._statement(body.string())
        formats = body.many(">h")
        raw = [body.blob() for _ in range(body.take(">h"))]
        results = body.many(">h")
        if len(raw) != len(prepared.oids):
            raise RedshiftError("08P01", f"{len(raw)} parameters for {len(prepared.oids)}")
        values = [
            decode_parameter(value, oid, _pick(formats, i) == 1)
            for i, (value, oid) in enumerate(zip(raw, prepared.oids, strict=True))
        ]
        self.portals[portal] = (prepared, values, results)
        self.wire.send(b"2")

    def _describe(self, body: Reader) -> None:
        kind, name = body.take("c"), body.string()
        prepared = self._statement(name) if kind == b"S" else self._portal(name)[0]
        columns = self.session.describe(prepared)
        if kind == b"S":
            oids = prepared.oids
            self.wire.send(b"t", struct.pack(f">h{len(oids)}i", len(oids), *oids))
        self._row_description(columns)

    def _execute(self, body: Reader) -> None:
        prepared, values, formats = self._portal(body.string())
        if body.take(">i") != 0:
            raise RedshiftError("0A000", "fetching a portal in parts is not emulated")
        self._rows(prepared, values, formats)

    def _close(self, body: Reader) -> None:
        kind, name = body.take("c"), body.string()
        (self.prepared if kind == b"S" else self.portals).pop(name, None)
        self.wire.send(b"3")

    def _query(self, body: Reader) -> None:
        prepared = self.session.prepare(body.string(), [])
        columns = self.session.describe(prepared)
        if columns is not None:
            self._row_description(columns)
        self._rows(prepared, [], [])
        self._ready()

    def _rows(self, prepared: Prepared, values: list, formats: list[int]) -> None:
        if prepared.statement is None:
            self.wire.send(b"I")
            return
        result = self.session.execute(prepared, values)
        columns = prepared.columns
        if columns is not None:
            result_formats = [_pick(formats, i) for i in range(len(columns))]
            oids = [column.oid for column in columns]
            for batch in result.batches:
                for row in encode_rows(batch, oids, result_formats):
                    self.wire.send(b"D", row)
        while self.session.notices:
            text = self.session.notices.popleft()
            self.wire.send(b"N", b"SINFO\0C00000\0M" + cstring(text) + b"\0")
        self.wire.send(b"C", cstring(result.tag))

    def _row_description(self, columns: list[OutColumn] | None) -> None:
        if columns is None:
            self.wire.send(b"n")
            return
        body = struct.pack(">h", len(columns))
        for column in columns:
            body += cstring(column.name) + struct.pack(
                ">ihihih", 0, 0, column.oid, -1, column.modifier, 0
            )
        self.wire.send(b"T", body)

    def _statement(self, name: str) -> Prepared:
        if name not in self.prepared:
            raise RedshiftError("26000", f'prepared statement "{name}" does not exist')
        return self.prepared[name]

    def _portal(self, name: str) -> tuple[Prepared, list, list[int]]:
        if name not in self.portals:
            raise RedshiftError("34000", f'portal "{name}" does not exist')
        return self.portals[name]

    def _error(self, error: RedshiftError) -> None:
        body = b"SERROR\0" + b"C" + cstring(error.sqlstate) + b"M" + cstring(error.message)
        if error.detail:
            body += b"D" + cstring(error.detail)
        self.wire.send(b"E", body + b"\0")

    def _ready(self) -> None:
        self.wire.send(b"Z", self.session.status.encode())
        self.wire.flush()


def _pick(formats: list[int], index: int) -> int:
    """Format of a value: none given means text, one given means it for all."""
    if not formats:
        return 0
    return formats[0] if len(formats) == 1 else formats[index]


def main() -> None:
    """Serve until SIGTERM; print the address once ready."""
    parser = argparse.ArgumentParser(description="A local Redshift over a DuckDB file.")
    parser.add_argument("--path", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="olist")
    parser.add_argument("--with-parent", action="store_true", help="end when the parent does")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # dropped DISTKEY and the like
    server = RedshiftServer(
        arguments.port,
        arguments.path,
        arguments.user,
        os.environ["OLIST_REDSHIFT_PASSWORD"],
        os.environ["OLIST_S3_ENDPOINT_URL"],
    )

    def stop(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    if arguments.with_parent:
        end_with_parent()
    print(f"ready 127.0.0.1:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
