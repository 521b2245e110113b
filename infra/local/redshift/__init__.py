"""A local Redshift: the PostgreSQL wire protocol over DuckDB.

Accepted SQL behaves as on Redshift. Everything else is refused, with the reason. `COVERAGE.md`
lists both. Of the rest of the project, the package imports `infra.local.loopback` only.

    wire     sockets, TLS, login and protocol messages; starts the server
    engine   sessions, transactions, locks, tables, the system catalog
    copy     COPY and UNLOAD: statements, files in S3, type conversion
    sql      Redshift SQL to DuckDB SQL: parser → validator → scope and types → rewrite → generator

Each package imports only from those below it, and from `context`, `protocol`, `clock`, `errors`.

Start it with `olist redshift`, `python -m infra.local.redshift`, or from Python:

    from infra.local.redshift import ServerOptions, running

    with running(ServerOptions(path, password="secret")) as server:
        redshift_connector.connect(host="127.0.0.1", port=server.port, user="awsuser", ...)

For pytest: `-p infra.local.redshift.pytest_plugin` provides the fixture `local_redshift`.
"""

from infra.local.redshift.wire.server import (
    Reader,
    RedshiftServer,
    ServerOptions,
    StartError,
    running,
    serve,
)

__all__ = ["Reader", "RedshiftServer", "ServerOptions", "StartError", "running", "serve"]
