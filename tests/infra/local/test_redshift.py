"""The local Redshift, through the unmodified driver: what it accepts is right, the rest refused."""

import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redshift_connector
from redshift_connector.error import ProgrammingError

from infra.lake import Lake
from infra.settings import Settings
from infra.warehouse import connection_parameters

ROLE = "IAM_ROLE 'arn:aws:iam::000000000000:role/olist-copy'"


@pytest.fixture
def cursor(stack: Settings) -> Iterator[redshift_connector.Cursor]:
    connection = redshift_connector.connect(**connection_parameters(stack))
    yield connection.cursor()
    connection.close()


def _one(cursor: redshift_connector.Cursor, sql: str) -> object:
    cursor.execute(sql)
    return cursor.fetchall()[0][0]


@pytest.mark.parametrize(
    ("sql", "result"),
    [
        ("SELECT 7 / 2", 3),  # integers divide to an integer
        ("SELECT ROUND(CAST(5.35 AS DECIMAL(18, 2)) / CAST(2 AS DECIMAL(10, 0)), 2)", Decimal("2.68")),
        ("SELECT ROUND(CAST(-5.35 AS DECIMAL(18, 2)) / CAST(2 AS DECIMAL(10, 0)), 2)", Decimal("-2.68")),
        ("SELECT CAST(1.7 AS DECIMAL)", Decimal(2)),  # DECIMAL alone is DECIMAL(18, 0)
        ("SELECT CAST('Incomplete' AS CHAR(3))", "Inc"),  # an explicit cast cuts
        ("SELECT STRTOL('ff', 16)", 255),
        ("SELECT REGEXP_REPLACE('a  b  c', ' +', ' ')", "a b c"),  # every match, not the first
        ("SELECT TO_CHAR(CAST('2018-03-04 05:06:07' AS TIMESTAMP), 'YYYY-MM-DD HH24:MI:SS')", "2018-03-04 05:06:07"),
        ("SELECT DATEDIFF(DAY, CAST('2018-01-01 23:59:59' AS TIMESTAMP), CAST('2018-01-02' AS TIMESTAMP))", 1),
        ("SELECT EXTRACT(DOW FROM CAST('2018-01-07' AS DATE))", 0),  # a Sunday
        ("SELECT 'a' || NULL", None),
        ("SELECT SUM(x) FROM (SELECT 1 AS x UNION ALL SELECT 2 AS x) AS t", 3),
        ("SELECT x FROM (SELECT 1 AS x UNION ALL SELECT NULL AS x) AS t ORDER BY x DESC LIMIT 1", None),
    ],
)  # fmt: skip
def test_accepted_sql_gives_the_documented_result(
    cursor: redshift_connector.Cursor, sql: str, result: object
) -> None:
    assert _one(cursor, sql) == result


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ARRAY_AGG(a) FROM (SELECT 1 AS a) AS t",
        "SELECT STRING_AGG(a, ',') FROM (SELECT 'x' AS a) AS t",
        "SELECT DISTINCT ON (a) a FROM (SELECT 1 AS a) AS t",
        "SELECT COUNT(*) FILTER (WHERE a > 1) FROM (SELECT 1 AS a) AS t",
        "SELECT SUM(a) OVER (ORDER BY a) FROM (SELECT 1 AS a) AS t",
        "SELECT MEDIAN(a), MEDIAN(b) FROM (SELECT CAST(1 AS DOUBLE PRECISION) AS a, CAST(2 AS DOUBLE PRECISION) AS b) AS t",
        "SELECT MEDIAN(a) FROM (SELECT 1.50 AS a) AS t",
        "SELECT AVG(a) FROM (SELECT 1 AS a) AS t",
        "SELECT 1.50 / 2",
        "SELECT * FROM (VALUES (1)) AS t",
        "SELECT * FROM generate_series(1, 3)",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        'SELECT * FROM "/etc/hostname"',
        "SELECT TO_CHAR(CAST('2018-01-01' AS DATE), 'Month')",
        "CREATE OR REPLACE TABLE t (a INTEGER)",
        "CREATE INDEX i ON t (a)",
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "INSERT INTO t VALUES (1) RETURNING a",
        "PRAGMA database_list",
        "SET memory_limit = '1GB'",
        "ATTACH '/tmp/x.duckdb'",
        "COPY t TO '/tmp/x.csv'",
        "SELECT 1 AS a; SELECT 2 AS b",
        "SELECT version() AS v",  # it would tell the engine's version
        "SELECT current_setting('x')",
        "VACUUM",
    ],
)  # fmt: skip
def test_what_redshift_lacks_or_the_engine_does_otherwise_is_refused(
    cursor: redshift_connector.Cursor, sql: str
) -> None:
    with pytest.raises(ProgrammingError):
        _one(cursor, sql)


def test_division_by_zero_is_an_error(cursor: redshift_connector.Cursor) -> None:
    with pytest.raises(ProgrammingError, match="Divide by zero"):
        _one(cursor, "SELECT 1 / 0")


def test_lengths_count_bytes_and_are_kept(cursor: redshift_connector.Cursor) -> None:
    cursor.execute("CREATE TABLE lengths (a VARCHAR(3))")
    cursor.execute("INSERT INTO lengths VALUES (%s)", ("abc",))
    with pytest.raises(ProgrammingError, match="too long"):
        cursor.execute("INSERT INTO lengths VALUES (%s)", ("éé",))  # two letters, four bytes


def test_a_table_like_another_has_its_columns_lengths_and_not_nulls(
    cursor: redshift_connector.Cursor,
) -> None:
    cursor.execute("CREATE TABLE model (a VARCHAR(2) NOT NULL, b DECIMAL(12, 2))")
    cursor.execute("CREATE TABLE copied (LIKE model)")
    cursor.execute("INSERT INTO copied VALUES ('ab', 1.005)")
    assert _one(cursor, "SELECT b FROM copied") == Decimal("1.01")  # INSERT rounds
    with pytest.raises(ProgrammingError, match="NULL"):
        cursor.execute("INSERT INTO copied VALUES (NULL, 1)")


def test_keys_are_informational(cursor: redshift_connector.Cursor) -> None:
    cursor.execute("CREATE TABLE keyed (a INTEGER NOT NULL, PRIMARY KEY (a))")
    cursor.execute("INSERT INTO keyed VALUES (1), (1)")
    assert _one(cursor, "SELECT COUNT(*) FROM keyed") == 2


def test_after_an_error_a_transaction_takes_only_a_rollback(
    cursor: redshift_connector.Cursor,
) -> None:
    with pytest.raises(ProgrammingError):
        cursor.execute("SELECT * FROM nowhere")
    with pytest.raises(ProgrammingError, match="aborted"):
        cursor.execute("SELECT 1")
    cursor.connection.rollback()
    assert _one(cursor, "SELECT 1") == 1


def test_a_second_writer_of_a_table_waits(stack: Settings) -> None:
    import threading

    first = redshift_connector.connect(**connection_parameters(stack))
    second = redshift_connector.connect(**connection_parameters(stack))
    first.cursor().execute("CREATE TABLE shared (a INTEGER)")
    first.commit()
    first.cursor().execute("INSERT INTO shared VALUES (1)")
    done = threading.Event()

    def write() -> None:
        second.cursor().execute("INSERT INTO shared VALUES (2)")
        second.commit()
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert not done.wait(0.3)
    first.commit()
    assert done.wait(5)
    writer.join()
    first.close()
    second.close()


def _parquet(lake: Lake, tmp_path, table: pa.Table, key: str, length: int | None = None) -> str:
    path = tmp_path / "part.parquet"
    pq.write_table(table, path)
    size = lake.put_file(f"{key}/part.parquet", path)
    entry = {
        "url": lake.url(f"{key}/part.parquet"),
        "mandatory": True,
        "meta": {"content_length": size if length is None else length},
    }
    lake.put_json(f"{key}/manifest.json", {"entries": [entry]})
    return lake.url(f"{key}/manifest.json")


@pytest.fixture
def target(cursor: redshift_connector.Cursor) -> str:
    cursor.execute("CREATE TABLE copied_into (a INTEGER, b VARCHAR(4))")
    cursor.connection.commit()
    yield "copied_into"
    cursor.connection.rollback()
    cursor.execute("DROP TABLE copied_into")
    cursor.connection.commit()


def _copy(cursor: redshift_connector.Cursor, table: str, url: str, options: str = "") -> None:
    cursor.execute(f"COPY {table} FROM '{url}' {ROLE} FORMAT AS PARQUET MANIFEST {options}")


def test_copy_loads_by_position(stack, tmp_path, cursor, target) -> None:
    rows = pa.table({"x": pa.array([1, 2], pa.int32()), "y": ["é", None]})
    _copy(cursor, target, _parquet(Lake(stack), tmp_path, rows, "good"))
    assert _one(cursor, "SELECT SUM(a) FROM copied_into") == 3
    assert _one(cursor, "SELECT pg_last_copy_count()") == "2"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pa.table({"a": pa.array([1], pa.int64()), "b": ["x"]}), "incompatible Parquet schema"),
        (pa.table({"a": pa.array([1.0]), "b": ["x"]}), "incompatible Parquet schema"),
        (pa.table({"a": pa.array([1], pa.int32())}), "Unmatched number of columns"),
        (pa.table({"a": pa.array([1], pa.int32()), "b": ["ééé"]}), "too long"),
    ],
)
def test_copy_refuses_files_that_redshift_refuses(
    stack, tmp_path, cursor, target, rows: pa.Table, message: str
) -> None:
    url = _parquet(Lake(stack), tmp_path, rows, "bad")
    with pytest.raises(ProgrammingError, match=message):
        _copy(cursor, target, url)


def test_copy_checks_the_length_that_the_manifest_names(stack, tmp_path, cursor, target) -> None:
    rows = pa.table({"a": pa.array([1], pa.int32()), "b": ["x"]})
    url = _parquet(Lake(stack), tmp_path, rows, "short", length=7)
    with pytest.raises(ProgrammingError, match="content_length"):
        _copy(cursor, target, url)


def test_copy_refuses_options_that_parquet_does_not_take(stack, cursor, target) -> None:
    with pytest.raises(ProgrammingError, match="MAXERROR"):
        _copy(cursor, target, "s3://olist-lake/x", "MAXERROR 5")


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
def test_psql_connects(stack: Settings) -> None:
    answer = subprocess.run(
        [
            "psql",
            "-h",
            "127.0.0.1",
            "-p",
            str(stack.redshift_port),
            "-U",
            stack.redshift_user,
            "-At",
            "-c",
            "SELECT 7 / 2",
            stack.redshift_database,
        ],
        env={"PGPASSWORD": stack.redshift_password.get_secret_value()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout == "3\n", answer.stderr
