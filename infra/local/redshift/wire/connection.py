"""The connection of one client: login, then messages in the protocol's order.

Source: https://www.postgresql.org/docs/8.0/protocol-flow.html
"""

import logging
import os
import secrets
import select
import socket
import socketserver
import ssl
import struct
import time
from contextlib import suppress

from infra.local.redshift.errors import RedshiftError
from infra.local.redshift.protocol import ConnectionEndedError, send_error
from infra.local.redshift.wire import startup
from infra.local.redshift.wire.extended_query import Queries
from infra.local.redshift.wire.server_context import ServerContext

_LOGIN_SECONDS = 30
_GOODBYE_SECONDS = 1
_NO_MEMORY = "out of memory: read fewer rows or shorter texts at a time"
_GONE = getattr(select, "POLLRDHUP", select.POLLHUP)  # the peer has closed its side
_log = logging.getLogger("local_redshift")


class Connection(socketserver.BaseRequestHandler):
    """Serves one client until it disconnects; does not trust its input."""

    server: ServerContext  # pyright: ignore[reportIncompatibleVariableOverride]
    busy_since: float | None = None  # monotonic seconds; None while it waits for its client
    logged_in = False
    began = 0.0  # monotonic seconds
    _ended_because = ""

    def handle(self) -> None:
        """Log in, then answer messages."""
        self.began = time.monotonic()
        self._raw = self.request.dup()  # stays open when TLS takes the socket over
        self.key = (os.getpid() & 0x7FFFFFFF, secrets.randbits(31))  # process ID, cancel secret
        self.server.connections.add(self)
        try:
            self._handle()
        finally:
            self.server.connections.discard(self)
            self._raw.close()

    def end_statement(self, reason: str) -> None:
        """Cancel the running statement with SQLSTATE 53200; callable from any thread."""
        session = self.server.sessions.get(self.key)
        if session is not None:
            self._ended_because = reason
            session.interrupt()

    def kept_bytes(self) -> int:
        """Bytes that the connection holds between two statements; callable from any thread."""
        if not self.logged_in:
            return 0
        with suppress(RuntimeError):  # its thread changes them right now
            return self.queries.kept_bytes() + self.wire.pending
        return 0

    def is_late(self) -> bool:
        """Whether the client has not logged in in time; callable from any thread."""
        return not self.logged_in and time.monotonic() - self.began > _LOGIN_SECONDS

    def hang_up(self) -> None:
        """Cancel the running statement and close the connection; callable from any thread."""
        session = self.server.sessions.get(self.key)
        if session is not None:
            session.interrupt()
        with suppress(OSError):  # it is already closed
            self._raw.shutdown(socket.SHUT_RDWR)

    def abandoned(self) -> bool:
        """Whether a statement runs for a disconnected client; callable from any thread."""
        poll = select.poll()
        try:
            poll.register(self._raw, _GONE)
            return self.busy_since is not None and bool(poll.poll(0))
        except (OSError, ValueError):  # the socket was closed meanwhile
            return False

    def _handle(self) -> None:
        sock: socket.socket = self.request
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(_LOGIN_SECONDS)
        try:
            if not self._start(sock):
                return
            self.wire.socket.settimeout(None)
            self._serve()
        except (OSError, ValueError, struct.error) as error:  # disconnected, or a protocol error
            _log.info("connection ended: %s", error)
        finally:
            session = self.server.sessions.pop(self.key, None)
            if session is not None:
                session.close()
            self._close_tls()

    def _close_tls(self) -> None:
        """Shut down TLS; a client that sent a cancel request waits for this."""
        if isinstance(self.request, ssl.SSLSocket):
            with suppress(OSError, ValueError):
                self.request.settimeout(_GOODBYE_SECONDS)
                self.request.unwrap()

    def _start(self, sock: socket.socket) -> bool:
        start = startup.greet(sock, self.server.tls)
        self.request, self.wire = start.wire.socket, start.wire
        if start.cancels is not None:
            session = self.server.sessions.get(start.cancels)
            if session is not None:
                session.interrupt()
            return False
        user = start.options.get("user", "")
        try:
            startup.authenticate(self.wire, user, self.server.password_of(user))
            startup.require_database(start.options.get("database") or user, self.server.name)
        except RedshiftError as error:
            send_error(self.wire, error, "FATAL")
            self.wire.flush()
            return False
        startup.welcome(self.wire, self.key)
        session = self.server.new_session(self.key, user)
        self.server.sessions[self.key] = session
        self.queries = Queries(self.wire, session)
        self.logged_in = True  # last: other threads then ask for what `queries` holds
        self.queries.ready()
        return True

    # ------------------------------------------------------------------ messages

    def _serve(self) -> None:
        skipping = False  # after an error, messages are skipped until the client sends Sync
        while True:
            kind, body = self.wire.read()
            if kind == b"X":
                return
            if kind == b"S":
                skipping = False
                self.queries.ready()
            elif kind == b"H":
                self.wire.flush()
            elif not skipping:
                try:
                    self.busy_since, self._ended_because = time.monotonic(), ""
                    self.queries.answer(kind, body)
                except RedshiftError as error:
                    skipping = self._failed(error, kind)
                except ConnectionEndedError:
                    raise
                except MemoryError:
                    skipping = self._failed(RedshiftError("53200", _NO_MEMORY), kind)
                except Exception as error:  # noqa: BLE001 (logged, and sent to the client)
                    # an error in a statement must not end its connection or the server
                    _log.exception("internal error")
                    reason = (
                        f"internal error of the local Redshift: {type(error).__name__}: {error}"
                    )
                    skipping = self._failed(RedshiftError("XX000", reason), kind)
                finally:
                    self.busy_since = None

    def _failed(self, error: RedshiftError, kind: bytes) -> bool:
        if error.sqlstate == "57014" and self._ended_because:
            error = RedshiftError("53200", self._ended_because)
        self.queries.session.transaction.fail()
        send_error(self.wire, error)
        if kind == b"Q":
            self.queries.ready()
            return False
        self.wire.flush()
        return True
