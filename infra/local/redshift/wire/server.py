"""The server: one thread per connection, on 127.0.0.1 only."""

import logging
import re
import signal
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import duckdb

from infra.local.redshift.engine.database import open_database
from infra.local.redshift.engine.session import Session
from infra.local.redshift.engine.table_changes import Changes
from infra.local.redshift.engine.table_locks import TableLocks
from infra.local.redshift.errors import RedshiftError
from infra.local.redshift.protocol import error_message
from infra.local.redshift.wire.connection import Connection
from infra.local.redshift.wire.iam_endpoint import CredentialsEndpoint
from infra.local.redshift.wire.memory import DEFAULT_LIMIT, MemoryWatch, limit_address_space
from infra.local.redshift.wire.tls import server_context

_STOP_SECONDS = 10
_WATCH_SECONDS = 1
_MAX_CONNECTIONS = 300
_MAX_LOGINS = 100  # connections that have not logged in yet
_log = logging.getLogger("local_redshift")


class StartError(RuntimeError):
    """The server cannot start; the message contains the reason and what to do."""


@dataclass(frozen=True)
class Reader:
    """A user who may only read some schemas."""

    user: str
    password: str | None = field(repr=False)  # None: only GetCredentials issues passwords
    schemas: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServerOptions:
    """Options of a server.

    Attributes:
        path: The DuckDB file that holds the database; the certificates are in its folder.
        password: The password of `user`.
        port: The port on 127.0.0.1; 0 takes a free one.
        user: The user who may read and write everything.
        database: The database's name: a-z, 0-9 and _.
        s3_endpoint: URL of the S3 API for COPY and UNLOAD; with None, connections to S3 fail.
        s3_keys: Access key and secret key of that S3 API.
        readers: More users, who may only read some schemas.
        iam_port: A port for GetCredentials of Redshift Serverless; None for no endpoint.
        memory_mb: Memory of the process in MB, above which statements are ended.
    """

    path: Path
    password: str = field(repr=False)
    port: int = 0
    user: str = "awsuser"
    database: str = "dev"
    s3_endpoint: str | None = None
    s3_keys: tuple[str, str] = field(default=("local", "local"), repr=False)
    readers: tuple[Reader, ...] = ()
    iam_port: int | None = None
    memory_mb: int = DEFAULT_LIMIT


class RedshiftServer(socketserver.ThreadingTCPServer):
    """A server over one DuckDB file."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options: ServerOptions) -> None:
        """Open the DuckDB file and bind the port.

        Raises:
            StartError: The file or the port cannot be used, or the database's name is not allowed.
        """
        if not re.fullmatch(r"[a-z_][a-z0-9_]*", options.database):
            raise StartError(
                f"{options.database!r} cannot be the name of a database: a-z, 0-9 and _"
            )
        self._options = options
        self.name = options.database
        self.locks = TableLocks()
        self.changes = Changes()
        self.sessions: dict[tuple[int, int], Session] = {}
        self.connections: set[Connection] = set()
        self.closing = threading.Event()
        self.memory = MemoryWatch(options.memory_mb, lambda: tuple(self.connections))
        self._sockets: set[socket.socket] = set()
        self.credentials: CredentialsEndpoint | None = None
        address = ("127.0.0.1", options.port)
        try:
            super().__init__(address, Connection, bind_and_activate=False)
            options.path.parent.mkdir(parents=True, exist_ok=True)
            self.tls = server_context(options.path.parent)
            self.server_bind()
            if options.iam_port is not None:
                self.credentials = CredentialsEndpoint(
                    options.iam_port,
                    options.user,
                    options.password,
                    self.port,
                    [reader.user for reader in options.readers],
                )
        except OSError as error:
            self.server_close()
            raise StartError(
                f"cannot listen on 127.0.0.1:{options.port}, or write to {options.path.parent}: "
                f"{error}. Give another --port or --path"
            ) from error
        try:
            self.database = open_database(options.path, options.database, options.memory_mb)
        except duckdb.Error as error:
            self.server_close()
            raise StartError(f"cannot open {options.path}: {error}. Give another --path") from error
        access_key, secret_key = options.s3_keys
        self.s3 = boto3.client(
            "s3",
            endpoint_url=options.s3_endpoint or "http://127.0.0.1:9",  # nothing listens there
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name="us-east-1",
        )
        self.server_activate()

    @property
    def port(self) -> int:
        """The port that the server listens on."""
        return int(self.server_address[1])

    @property
    def certificate(self) -> Path:
        """The certificate authority that clients must trust for TLS."""
        return self._options.path.parent / "ca.pem"

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection for a new session."""
        connection = self.database.cursor()
        connection.execute("USE public")  # the schema of unqualified names in Redshift
        return connection

    def new_session(self, key: tuple[int, int], user: str) -> Session:
        """Open a session for a user who has logged in.

        Args:
            key: Process ID and secret of the client's cancel requests.
            user: The user; those of `ServerOptions.readers` may only read some schemas.
        """
        reader = self._reader(user)
        return Session(
            self.connect,
            self.locks,
            self.changes,
            self.s3,
            key,
            user,
            self.name,
            readable_schemas=reader.schemas if reader else None,
        )

    def password_of(self, user: str) -> bytes | None:
        """The password that a user must send; None for an unknown user."""
        options = self._options
        if user == options.user:
            return options.password.encode()
        reader = self._reader(user)
        if reader is not None and reader.password is not None:
            return reader.password.encode()
        return self.credentials.password_of(user) if self.credentials else None

    def _reader(self, user: str) -> Reader | None:
        """The user who may only read, of this name."""
        return next((known for known in self._options.readers if known.user == user), None)

    def watch(self) -> None:
        """End statements of disconnected clients and late logins, until the server closes."""
        while not self.closing.wait(_WATCH_SECONDS):
            for connection in tuple(self.connections):
                try:
                    if connection.abandoned() or connection.is_late():
                        connection.hang_up()
                except Exception:  # noqa: BLE001 (the watch has to go on)
                    _log.exception("ending a connection failed")

    def watch_memory(self) -> None:
        """End statements that take too much memory, until the server closes."""
        self.memory.run(self.closing)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve a client in a thread, unless there are too many."""
        if len(self._sockets) >= _MAX_CONNECTIONS:
            error = RedshiftError("53300", f"too many connections: at most {_MAX_CONNECTIONS}")
            with suppress(OSError):
                request.settimeout(1)
                request.sendall(error_message(error, "FATAL"))
            self.shutdown_request(request)
            return
        waiting = [client for client in tuple(self.connections) if not client.logged_in]
        if len(waiting) >= _MAX_LOGINS:  # a stranger must not take the place of users
            min(waiting, key=lambda client: client.began).hang_up()
        self._sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """Close the socket of a client."""
        self._sockets.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close the socket, then all connections, then the database."""
        super().server_close()
        self.closing.set()
        if self.credentials is not None:
            self.credentials.shutdown()
        until = time.monotonic() + _STOP_SECONDS
        while self.connections and time.monotonic() < until:
            for connection in tuple(self.connections):
                connection.hang_up()
            time.sleep(0.02)
        if hasattr(self, "database"):
            self.database.close()


@contextmanager
def running(options: ServerOptions) -> Iterator[RedshiftServer]:
    """Run a server in threads of this process.

    Args:
        options: The file, port and users of the server.

    Yields:
        The server; `server.port` is the port that it listens on.

    Raises:
        StartError: The server cannot start.

    Example:
        >>> with running(ServerOptions(Path("warehouse.duckdb"), password="secret")) as server:
        ...     redshift_connector.connect(host="127.0.0.1", port=server.port, ...)
    """
    server = RedshiftServer(options)
    threads = [
        threading.Thread(target=run)
        for run in (server.watch, server.watch_memory, server.serve_forever)
    ]
    for thread in threads:
        thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        for thread in threads:
            thread.join()


def serve(options: ServerOptions, ready: Callable[[RedshiftServer], object]) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        options: The file, port and users of the server.
        ready: Called with the server when clients can connect.

    Raises:
        StartError: The server cannot start.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it warns of dropped DISTKEYs
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: sys.exit(0))
    server = RedshiftServer(options)
    limit_address_space(options.memory_mb)
    watches = [threading.Thread(target=run) for run in (server.watch, server.watch_memory)]
    for watch in watches:
        watch.start()
    try:
        ready(server)
        server.serve_forever()
    finally:
        server.server_close()
        for watch in watches:
            watch.join()


def print_addresses(server: RedshiftServer) -> None:
    """Print `ready HOST:PORT`, the certificate to trust, and the IAM endpoint, if any."""
    print(f"ready 127.0.0.1:{server.port}", flush=True)
    print(f"TLS: trust {server.certificate}", flush=True)
    if server.credentials is not None:
        print(f"IAM: endpoint http://127.0.0.1:{server.credentials.port}", flush=True)
