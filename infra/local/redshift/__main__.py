"""`python -m infra.local.redshift`: start the server from the command line.

Secrets come from the environment: the process list shows arguments to every user of a machine.
"""

import argparse
import os
from pathlib import Path

from infra.local.redshift.wire.memory import DEFAULT_LIMIT
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


def _reader(text: str) -> Reader:
    """A reader, from `user:schema,schema`; a user of an IAM role, `IAMR:…`, has no password."""
    user, _, schemas = text.rpartition(":")
    password = None
    if not user.startswith("IAMR:"):
        password = _required(f"LOCAL_REDSHIFT_PASSWORD_{user.upper()}", user)
    return Reader(user, password, tuple(schemas.split(",")))


def main() -> None:
    """Parse the command line and serve; read the passwords from the environment."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.redshift",
        description="A local Redshift over a DuckDB file. LOCAL_REDSHIFT_PASSWORD holds the "
        "password of --user, LOCAL_REDSHIFT_PASSWORD_<READER> that of each reader. COPY and UNLOAD "
        "use the S3 API at LOCAL_REDSHIFT_S3_ENDPOINT, with LOCAL_REDSHIFT_S3_ACCESS_KEY and "
        "LOCAL_REDSHIFT_S3_SECRET_KEY.",
    )
    parser.add_argument("--path", type=Path, required=True, help="file that holds the database")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0: a free one")
    parser.add_argument("--user", default="awsuser", help="user who may read and write everything")
    parser.add_argument("--database", default="dev", help="the database's name")
    parser.add_argument(
        "--reader",
        action="append",
        default=[],
        metavar="USER:SCHEMA,…",
        help="a user who may only read these schemas; may be repeated",
    )
    parser.add_argument("--iam-port", type=int, help="port of the GetCredentials endpoint")
    parser.add_argument(
        "--memory-mb",
        type=int,
        default=DEFAULT_LIMIT,
        help="memory of the process above which statements are ended",
    )
    given = parser.parse_args()
    try:
        options = ServerOptions(
            path=given.path,
            password=_required("LOCAL_REDSHIFT_PASSWORD", given.user),
            port=given.port,
            user=given.user,
            database=given.database,
            s3_endpoint=os.environ.get("LOCAL_REDSHIFT_S3_ENDPOINT"),
            s3_keys=(
                os.environ.get("LOCAL_REDSHIFT_S3_ACCESS_KEY", "local"),
                os.environ.get("LOCAL_REDSHIFT_S3_SECRET_KEY", "local"),
            ),
            readers=tuple(map(_reader, given.reader)),
            iam_port=given.iam_port,
            memory_mb=given.memory_mb,
        )
        serve(options, print_addresses)
    except StartError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
