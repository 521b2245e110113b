"""The Redshift under test: the local one, or a real workgroup if OLIST_REDSHIFT_DSN is set.

`OLIST_REDSHIFT_DSN=redshift://user:password@host:5439/database` runs the same tests, unchanged,
against it. Tests of COPY and UNLOAD then also need `OLIST_BUCKET` and `OLIST_COPY_ROLE`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import pytest
import redshift_connector
from redshift_connector.error import InterfaceError, ProgrammingError

from infra.warehouse import connection_parameters
from tests.infra.local.redshift.ledger import MARKS, marked

HERE = Path(__file__).parent
DSN = os.environ.get("OLIST_REDSHIFT_DSN", "")
REAL = {name: os.environ.get(name, "") for name in ("OLIST_BUCKET", "OLIST_COPY_ROLE")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Require exactly one mark per test: `documented` or `emulator_only`."""
    for item in items:
        if HERE not in item.path.parents:
            continue
        if len(marked(item)) != 1:
            raise pytest.UsageError(
                f"{item.nodeid} needs exactly one mark of {', '.join(MARKS)}, has {len(marked(item))}"
            )
        if DSN and item.get_closest_marker("emulator_only"):
            item.add_marker(pytest.mark.skip(reason="about the local Redshift only"))


@dataclass
class Place:
    """A bucket and a role for COPY and UNLOAD."""

    bucket: str
    role: str
    s3: Any

    def put(self, key: str, body: bytes | str) -> str:
        """Write an object; returns its URL."""
        data = body.encode() if isinstance(body, str) else body
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data)
        return f"s3://{self.bucket}/{key}"

    def keys(self, prefix: str) -> list[str]:
        """Keys under a prefix, sorted."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return sorted(item["Key"] for item in listed.get("Contents", []))

    def get(self, key: str) -> bytes:
        """The bytes of an object."""
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()


@pytest.fixture(scope="module")
def parameters(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Arguments of `redshift_connector.connect`."""
    if not DSN:
        return connection_parameters(request.getfixturevalue("stack"))
    parts = urlsplit(DSN)
    return {
        "host": parts.hostname,
        "port": parts.port or 5439,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": parts.path.strip("/"),
    }


@pytest.fixture
def connect(parameters: dict[str, Any]) -> Iterator[Callable[..., redshift_connector.Connection]]:
    """Factory of connections that are closed after the test."""
    opened: list[redshift_connector.Connection] = []

    def open_one(**more: Any) -> redshift_connector.Connection:
        connection = redshift_connector.connect(**{**parameters, **more})
        opened.append(connection)
        return connection

    yield open_one
    for connection in opened:
        with suppress(InterfaceError):  # the test may have closed it
            connection.close()


@dataclass
class Database:
    """One connection in autocommit mode, with short helper methods for tests."""

    connection: redshift_connector.Connection

    def run(self, sql: str, parameters: tuple = ()) -> None:
        """Run a statement."""
        cursor = self.connection.cursor()
        cursor.execute(sql, parameters) if parameters else cursor.execute(sql)

    def rows(self, sql: str, parameters: tuple = ()) -> list[tuple]:
        """Rows of a query."""
        cursor = self.connection.cursor()
        cursor.execute(sql, parameters) if parameters else cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]

    def value(self, sql: str, parameters: tuple = ()) -> Any:
        """The only value of a query."""
        return self.rows(sql, parameters)[0][0]

    def error(self, sql: str, parameters: tuple = ()) -> dict[str, str]:
        """Fields of the error that the statement raises."""
        with pytest.raises(ProgrammingError) as caught:
            self.rows(sql, parameters)
        return caught.value.args[0]

    def notices(self) -> list[str]:
        """Notices received on the connection so far."""
        return [str(notice.get(b"M", b""), "utf8") for notice in self.connection.notices]


@pytest.fixture
def db(connect: Callable[..., redshift_connector.Connection]) -> Database:
    """A connection in autocommit."""
    connection = connect()
    connection.autocommit = True
    return Database(connection)


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    """A bucket that the database can read and write."""
    if DSN:
        if not all(REAL.values()):
            pytest.skip("COPY and UNLOAD on a real workgroup need OLIST_BUCKET and OLIST_COPY_ROLE")
        return Place(REAL["OLIST_BUCKET"], REAL["OLIST_COPY_ROLE"], boto3.client("s3"))
    stack = request.getfixturevalue("stack")
    client = boto3.Session().client(
        "s3", endpoint_url=stack.s3_endpoint_url, region_name="us-east-1"
    )
    return Place(stack.bucket, "arn:aws:iam::000000000000:role/olist-copy", client)


@pytest.fixture
def sales(db: Database) -> Database:
    """A small table `sales` with one column per type."""
    db.run("DROP TABLE IF EXISTS sales")
    db.run(
        "CREATE TABLE sales (i INTEGER, m DECIMAL(8, 2), f DOUBLE PRECISION, s VARCHAR(20), "
        "d DATE, ts TIMESTAMP, b BOOLEAN)"
    )
    db.run(
        "INSERT INTO sales VALUES "
        "(1, 10.50, 1.5, 'ab', '2018-01-31', '2018-01-31 23:59:58.189717', TRUE), "
        "(2, 20.25, 2.5, 'cd', '2018-02-28', '2018-02-28 00:00:03.500000', FALSE), "
        "(2, NULL, 4.0, NULL, NULL, NULL, NULL)"
    )
    return db
