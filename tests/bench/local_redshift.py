"""Compare the local Redshift with in-process DuckDB: the cost of protocol and emulation.

Run by `make bench`. Targets: a point query in 3 ms (median), 150,000 rows a second to the driver,
COPY of a million Parquet rows within 1.5 times the same load by DuckDB itself.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import boto3
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import redshift_connector
from rich.console import Console
from rich.table import Table

from infra.local.services import running
from infra.settings import Settings
from infra.warehouse import connection_parameters
from tests.infra.local.redshift.raw import Raw, logged_in, text

ROWS = 1_000_000
POINT_QUERIES = 300
TABLE = (
    "CREATE TABLE sales (id INTEGER NOT NULL, customer VARCHAR(32), amount DECIMAL(10, 2), "
    "sold_on DATE, sold_at TIMESTAMP)"
)
POINT = "SELECT customer, amount, sold_on FROM sales WHERE id = "
# with five columns, the driver alone needs longer to create its objects than the target allows
ALL = "SELECT customer, amount, sold_on FROM sales"
WIDE = "SELECT id, customer, amount, sold_on, sold_at FROM sales"


def rows() -> pa.Table:
    """A million rows with the column types of the facts."""
    ids = pa.array(range(ROWS), pa.int32())
    days = pa.array([i % 700 for i in range(ROWS)], pa.int32())
    return pa.table(
        {
            "id": ids,
            "customer": pa.array([f"{i * 7919:032x}" for i in range(ROWS)]),
            "amount": pa.array([i % 100_000 for i in range(ROWS)], pa.int64())
            .cast(pa.decimal128(19, 0))
            .cast(pa.decimal128(10, 2)),
            "sold_on": days.cast(pa.date32()),
            "sold_at": pa.array(
                [1_500_000_000_000_000 + i for i in range(ROWS)], pa.timestamp("us")
            ),
        }
    )


def seconds(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of several runs."""
    return min(seconds(work) for _ in range(times))


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sales.parquet"
        pq.write_table(rows(), path)
        own = duckdb.connect(str(Path(folder) / "own.duckdb"))
        with (
            running(Settings(home=Path(folder) / "home")) as settings,
            redshift_connector.connect(**connection_parameters(settings)) as connection,
        ):
            connection.autocommit = True
            _print(_measured(connection, own, settings, path))


def _measured(
    connection: redshift_connector.Connection,
    own: duckdb.DuckDBPyConnection,
    settings: Settings,
    path: Path,
) -> list[tuple[str, str, str, float, str]]:
    cursor = connection.cursor()
    s3 = boto3.Session().client(
        "s3", endpoint_url=settings.s3_endpoint_url, region_name="us-east-1"
    )
    s3.upload_fileobj(io.BytesIO(path.read_bytes()), settings.bucket, "bench/sales.parquet")

    def copy() -> None:
        cursor.execute("DROP TABLE IF EXISTS sales")
        cursor.execute(TABLE)
        cursor.execute(
            f"COPY sales FROM 's3://{settings.bucket}/bench/sales.parquet' "
            "IAM_ROLE 'arn:aws:iam::000000000000:role/olist-copy' FORMAT AS PARQUET"
        )

    def load() -> None:
        own.execute("DROP TABLE IF EXISTS sales")
        own.execute(TABLE)
        own.execute(f"INSERT INTO sales SELECT * FROM read_parquet('{path}')")

    copied, loaded = best(copy), best(load)

    def points(run: Callable[[int], object]) -> float:
        return statistics.median(seconds(lambda n=n: run(n * 331)) for n in range(POINT_QUERIES))

    def over_the_wire(sql: str, parameters: tuple = ()) -> None:
        cursor.execute(sql, parameters) if parameters else cursor.execute(sql)
        cursor.fetchall()

    one = points(lambda n: over_the_wire(f"{POINT}%s", (100_000 + n,)))
    own_one = points(lambda n: own.execute(f"{POINT}$1", [100_000 + n]).fetchall())
    with logged_in(connection_parameters(settings)) as raw:
        lines = [
            _rate("to the driver, 3 columns", best(lambda: over_the_wire(ALL), 2), own, ALL),
            _rate("to the driver, 5 columns", best(lambda: over_the_wire(WIDE), 2), own, WIDE),
            _rate("to the socket, 5 columns", best(lambda: _drained(raw, WIDE), 2), own, WIDE),
        ]
    return [
        (
            "point query, median",
            f"{one * 1000:.1f} ms",
            f"{own_one * 1000:.1f} ms",
            one / own_one,
            "3 ms",
        ),
        *lines,
        (f"COPY of {ROWS:,} rows", f"{copied:.2f} s", f"{loaded:.2f} s", copied / loaded, "1.5 x"),
    ]


def _rate(
    what: str, taken: float, own: duckdb.DuckDBPyConnection, sql: str
) -> tuple[str, str, str, float, str]:
    theirs = best(lambda: own.execute(sql).fetchall(), 2)
    return (
        f"rows of a SELECT {what}",
        f"{ROWS / taken:,.0f}/s",
        f"{ROWS / theirs:,.0f}/s",
        taken / theirs,
        "150,000/s",
    )


def _drained(raw: Raw, sql: str) -> None:
    raw.send(b"Q", text(sql))
    while not raw.socket.recv(1 << 20).endswith(b"Z\0\0\0\5I"):
        pass


def _print(lines: list[tuple[str, str, str, float, str]]) -> None:
    table = Table(title="Local Redshift, beside DuckDB in one process")
    for heading in ("what", "local Redshift", "DuckDB", "ratio", "target"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, ours, theirs, ratio, target in lines:
        table.add_row(what, ours, theirs, f"{ratio:.1f}", target)
    Console().print(table)


if __name__ == "__main__":
    main()
