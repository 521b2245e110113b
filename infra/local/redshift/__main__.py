"""`python -m infra.local.redshift`: start the server from the command line."""

import argparse
import os
from pathlib import Path

from infra.local.redshift.wire.server import (
    Reader,
    ServerOptions,
    StartError,
    print_addresses,
    serve,
)


def _required(name: str, purpose: str) -> str:
    if value := os.environ.get(name):
        return value
    raise StartError(f"set {name} to the password that {purpose} needs")


def main() -> None:
    """Parse the command line and serve; read the passwords from the environment."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.redshift",
        description="A local Redshift over a DuckDB file. LOCAL_REDSHIFT_PASSWORD and "
        "LOCAL_REDSHIFT_READER_PASSWORD hold the passwords; COPY and UNLOAD use the S3 API at "
        "LOCAL_REDSHIFT_S3_ENDPOINT.",
    )
    parser.add_argument("--path", type=Path, required=True, help="file that holds the database")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0: a free one")
    parser.add_argument("--user", default="awsuser", help="user who may read and write everything")
    parser.add_argument("--database", default="dev", help="the database's name")
    parser.add_argument("--reader", help="a user who may only read --reader-schemas")
    parser.add_argument("--reader-schemas", default="public", help="comma-separated schemas")
    parser.add_argument("--iam-port", type=int, help="port of the GetCredentials endpoint")
    given = parser.parse_args()
    reader = None
    try:
        if given.reader:
            password = _required("LOCAL_REDSHIFT_READER_PASSWORD", given.reader)
            reader = Reader(given.reader, password, tuple(given.reader_schemas.split(",")))
        options = ServerOptions(
            path=given.path,
            password=_required("LOCAL_REDSHIFT_PASSWORD", given.user),
            port=given.port,
            user=given.user,
            database=given.database,
            s3_endpoint=os.environ.get("LOCAL_REDSHIFT_S3_ENDPOINT"),
            reader=reader,
            iam_port=given.iam_port,
        )
        serve(options, print_addresses)
    except StartError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
