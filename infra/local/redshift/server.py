"""The server: one thread a connection, on 127.0.0.1 only.

`olist redshift` runs it alone; the password comes from `OLIST_REDSHIFT_PASSWORD`, the S3 endpoint
from `OLIST_S3_ENDPOINT_URL`.
"""

import argparse
import logging
import os
import re
import signal
import socketserver
import ssl
import sys
import threading
import time
from pathlib import Path

import boto3
import duckdb

from infra.local.lifetime import end_with_parent
from infra.local.redshift.catalogue import CATALOGUE
from infra.local.redshift.connection import Connection
from infra.local.redshift.credentials import CredentialsEndpoint
from infra.local.redshift.dialect import PRELUDE
from infra.local.redshift.locks import TableLocks
from infra.local.redshift.session import Session
from infra.local.redshift.tables import Changes
from infra.local.redshift.tls import server_context

_STOP_SECONDS = 10
_WATCH_SECONDS = 1


class StartError(RuntimeError):
    """The server cannot start; the message says why and what to do."""


class RedshiftServer(socketserver.ThreadingTCPServer):
    """A server over one DuckDB file."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        path: Path,
        user: str,
        password: str,
        s3_endpoint: str | None,
        tls: ssl.SSLContext | None = None,
        name: str = "dev",
        reader: tuple[str, str] | None = None,
    ) -> None:
        """Open the file as the database `name` and bind the port (0: a free one).

        `reader` is the name and the password of a user who only reads what is published.
        """
        super().__init__(("127.0.0.1", port), Connection, bind_and_activate=False)
        self.user = user
        self.reader, self._reader_password = reader or (None, "")
        self.password = password
        self.tls = tls
        self.name = name
        self.credentials: CredentialsEndpoint | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        self.database = duckdb.connect(
            str(path),
            # `/` is bound when a macro is made, so this comes before the prelude
            config={"integer_division": "true", "python_enable_replacements": "false"},
        )
        self.database.execute(PRELUDE)
        self.database.execute(CATALOGUE.replace("'dev'", f"'{name}'"))
        for setting in (
            "SET GLOBAL preserve_insertion_order = false",
            "SET GLOBAL TimeZone = 'UTC'",
            # a join without a condition ends with an error, not with a full disk
            "SET GLOBAL max_temp_directory_size = '10GB'",
            # the log carries commits; folding it into the file each time would double the writes
            "SET GLOBAL checkpoint_threshold = '1GB'",
            "SET GLOBAL enable_external_access = false",
            "SET GLOBAL lock_configuration = true",
        ):
            self.database.execute(setting)
        self.locks = TableLocks()
        self.changes = Changes()
        self.sessions: dict[tuple[int, int], Session] = {}
        self.connections: set[Connection] = set()
        self.closing = threading.Event()
        # the stand-in for S3 asks for a signature but does not check it
        self.s3 = boto3.client(
            "s3",
            endpoint_url=s3_endpoint or "http://127.0.0.1:9",  # nothing listens on that port
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106
            region_name="us-east-1",
        )
        self.server_bind()
        self.server_activate()

    def connect(self) -> duckdb.DuckDBPyConnection:
        """An engine connection for a new session."""
        connection = self.database.cursor()
        connection.execute("USE public")  # where Redshift looks for a table without a schema
        return connection

    def password_of(self, user: str) -> bytes | None:
        """The password that a user must give, None for an unknown one."""
        if user == self.user:
            return self.password.encode()
        if user == self.reader:
            return self._reader_password.encode()
        return self.credentials.password_of(user) if self.credentials else None

    def watch(self) -> None:
        """End what runs for clients that have gone."""
        while not self.closing.wait(_WATCH_SECONDS):
            for connection in tuple(self.connections):
                if connection.abandoned():
                    connection.hang_up()

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
        self.database.close()


def serve(
    path: Path,
    port: int,
    user: str,
    *,
    database: str = "dev",
    iam_port: int | None = None,
    reader: str | None = None,
    with_parent: bool = False,
) -> None:
    """Serve until SIGTERM or Ctrl-C; print the address once ready.

    Raises StartError with what to do when it cannot start.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # dropped DISTKEY and the like
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: sys.exit(0))
    if with_parent:
        end_with_parent()
    server = _start(path, port, user, database, iam_port, reader)
    watch = threading.Thread(target=server.watch)
    watch.start()
    print(f"ready 127.0.0.1:{server.server_address[1]}", flush=True)
    print(f"TLS: trust {path.parent / 'ca.pem'}", flush=True)
    if server.credentials is not None:
        print(f"IAM: endpoint http://127.0.0.1:{server.credentials.port}", flush=True)
    try:
        server.serve_forever()
    finally:
        server.server_close()
        watch.join()


def _start(
    path: Path, port: int, user: str, database: str, iam_port: int | None, reader: str | None
) -> RedshiftServer:
    password = os.environ.get("OLIST_REDSHIFT_PASSWORD")
    reads = os.environ.get("OLIST_REDSHIFT_READER_PASSWORD", "")
    if reader and not reads:
        raise StartError(f"set OLIST_REDSHIFT_READER_PASSWORD to the password that {reader} needs")
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", database):
        raise StartError(f"{database!r} cannot be the name of a database: a-z, 0-9 and _")
    if not password:
        raise StartError(f"set OLIST_REDSHIFT_PASSWORD to the password that {user} will need")
    try:
        server = RedshiftServer(
            port,
            path,
            user,
            password,
            os.environ.get("OLIST_S3_ENDPOINT_URL"),
            server_context(path.parent),
            database,
            (reader, reads) if reader else None,
        )
        if iam_port is not None:
            bound = int(server.server_address[1])
            server.credentials = CredentialsEndpoint(iam_port, user, password, bound)
    except OSError as error:
        raise StartError(
            f"cannot listen on 127.0.0.1:{port}, or write to {path.parent}: {error}. "
            "Give another --port or --path"
        ) from error
    except duckdb.Error as error:
        raise StartError(f"cannot open {path}: {error}. Give another --path") from error
    return server


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="A local Redshift over a DuckDB file.")
    parser.add_argument("--path", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="olist")
    parser.add_argument("--database", default="dev")
    parser.add_argument("--reader", help="a user who only reads what is published")
    parser.add_argument("--iam-port", type=int, help="serve GetCredentials there, too")
    parser.add_argument("--with-parent", action="store_true", help="end when the parent does")
    arguments = parser.parse_args()
    serve(
        arguments.path,
        arguments.port,
        arguments.user,
        database=arguments.database,
        iam_port=arguments.iam_port,
        reader=arguments.reader,
        with_parent=arguments.with_parent,
    )


if __name__ == "__main__":
    main()
