"""Commands that serve: `redshift`."""

import os
from pathlib import Path
from typing import Annotated

import typer


def redshift(
    path: Annotated[Path, typer.Option(help="File that holds the database.")],
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 5439,
    user: Annotated[str, typer.Option(help="The user that may log in.")] = "olist",
    database: Annotated[str, typer.Option(help="The database that they find.")] = "dev",
    iam_port: Annotated[
        int | None, typer.Option(help="Also answer GetCredentials of Redshift Serverless there.")
    ] = None,
) -> None:
    """Serve the local Redshift alone; its password comes from OLIST_REDSHIFT_PASSWORD.

    COPY and UNLOAD use the S3 API at OLIST_S3_ENDPOINT_URL.
    """
    from infra.local.redshift.wire.server import (  # noqa: PLC0415 (DuckDB takes its time)
        ServerOptions,
        StartError,
        print_addresses,
        serve,
    )

    password = os.environ.get("OLIST_REDSHIFT_PASSWORD")
    if not password:
        raise StartError(f"set OLIST_REDSHIFT_PASSWORD to the password that {user} needs")
    options = ServerOptions(
        path=path.expanduser().resolve(),
        password=password,
        port=port,
        user=user,
        database=database,
        s3_endpoint=os.environ.get("OLIST_S3_ENDPOINT_URL"),
        iam_port=iam_port,
    )
    serve(options, print_addresses)
