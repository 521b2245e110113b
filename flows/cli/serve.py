"""The command `redshift`: serve the local Redshift on its own."""

import os
from pathlib import Path
from typing import Annotated

import typer


def redshift(
    path: Annotated[Path, typer.Option(help="File that holds the database.")],
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 picks a free one.")] = 5439,
    user: Annotated[str, typer.Option(help="Name of the user.")] = "olist",
    database: Annotated[str, typer.Option(help="Name of the database.")] = "dev",
    iam_port: Annotated[
        int | None, typer.Option(help="Port that serves GetCredentials of Redshift Serverless.")
    ] = None,
) -> None:
    """Serve the local Redshift on its own; OLIST_REDSHIFT_PASSWORD sets its password.

    COPY and UNLOAD use the S3 API at OLIST_S3_ENDPOINT_URL, with AWS_ACCESS_KEY_ID and
    AWS_SECRET_ACCESS_KEY.
    """
    from infra.local.redshift.wire.server import (  # noqa: PLC0415 (DuckDB is slow to import)
        ServerOptions,
        StartError,
        print_addresses,
        serve,
    )

    password = os.environ.get("OLIST_REDSHIFT_PASSWORD")
    if not password:
        raise StartError(f"set OLIST_REDSHIFT_PASSWORD to the password of the user {user}")
    options = ServerOptions(
        path=path.expanduser().resolve(),
        password=password,
        port=port,
        user=user,
        database=database,
        s3_endpoint=os.environ.get("OLIST_S3_ENDPOINT_URL"),
        s3_keys=(
            os.environ.get("AWS_ACCESS_KEY_ID", "local"),
            os.environ.get("AWS_SECRET_ACCESS_KEY", "local"),
        ),
        iam_port=iam_port,
    )
    serve(options, print_addresses)
