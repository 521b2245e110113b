"""Commands that serve: `redshift`."""

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
    from infra.local.redshift.server import serve  # noqa: PLC0415

    serve(path.expanduser().resolve(), port, user, database=database, iam_port=iam_port)
