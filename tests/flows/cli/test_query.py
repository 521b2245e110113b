"""`olist query` reads as a user who may do nothing else."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.lake import Lake
from infra.settings import Settings
from infra.warehouse import WarehouseError, transaction
from tests.flows.cli.conftest import Ended

ROLE = "IAM_ROLE 'arn:aws:iam::000000000000:role/olist-copy'"
# everything that is not one SELECT, with text around it that a look at the text could miss
NOT_A_READ = [
    f"UNLOAD ('SELECT 1 AS n') TO 's3://olist-lake/raw/' {ROLE} FORMAT AS PARQUET CLEANPATH",
    f"  -- SELECT\n unload ('select 1 as n') to 's3://olist-lake/raw/x' {ROLE} parquet",
    f"COPY kept.rows FROM 's3://olist-lake/raw/x.parquet' {ROLE} FORMAT AS PARQUET",
    "INSERT INTO kept.rows VALUES (2)",
    "UPDATE kept.rows SET n = 2",
    "DELETE FROM kept.rows",
    "TRUNCATE kept.rows",
    "MERGE INTO kept.rows USING kept.rows AS r ON rows.n = r.n REMOVE DUPLICATES",
    "DROP TABLE kept.rows",
    "DROP SCHEMA kept CASCADE",
    "ALTER TABLE kept.rows ADD COLUMN m INTEGER",
    "CREATE TABLE kept.more AS SELECT 1 AS n",
    "CREATE TEMP TABLE more AS SELECT 1 AS n",
    "SELECT n INTO kept.more FROM kept.rows",
    "CREATE OR REPLACE VIEW kept.seen AS SELECT 1 AS n",
    "CREATE FUNCTION f_one() RETURNS INTEGER IMMUTABLE AS $$ SELECT 1 $$ LANGUAGE sql",
    "COMMENT ON COLUMN kept.rows.n IS 'changed'",
    "GRANT ALL ON SCHEMA kept TO bi",
    "LOCK kept.rows",
    "VACUUM kept.rows",
    "SELECT 1 AS n; DELETE FROM kept.rows",
    "COMMIT; DELETE FROM kept.rows",
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_cancel_backend(1)",
    "SELECT set_config('search_path', 'kept', FALSE)",
    "SELECT nextval('s')",
    "EXPLAIN DELETE FROM kept.rows",
    "WITH gone AS (DELETE FROM kept.rows RETURNING n) SELECT n FROM gone",
    "CALL kept.procedure()",
]


@pytest.fixture(scope="module")
def home(stack: Settings) -> Path:
    """A warehouse with one row, and a lake with one object."""
    Lake(stack).put_text("raw/orders", "1", "text/plain")
    with transaction(stack) as work:
        work.create_schemas()
        work.run("CREATE SCHEMA kept")
        work.run("CREATE TABLE kept.rows (n INTEGER)")
        work.run("INSERT INTO kept.rows VALUES (1)")
        work.run("CREATE TABLE staging.orders_seen (n INTEGER)")
    return stack.state


@pytest.mark.parametrize("sql", NOT_A_READ)
def test_whatever_is_not_a_select_is_refused(
    home: Path, stack: Settings, olist: Callable[..., Ended], sql: str
) -> None:
    done = olist(home, "query", sql)
    assert done.returncode == 1
    assert "olist query, which only reads: " in done.stderr
    assert list(Lake(stack).keys("")) == ["raw/orders"]
    with transaction(stack, read_only=True) as work:
        assert work.query("SELECT n FROM kept.rows") == [(1,)]
        assert work.query("SELECT table_name FROM svv_tables WHERE table_schema = 'kept'") == [
            ("rows",)
        ]


def test_a_refused_write_is_answered_with_what_to_do(
    home: Path, olist: Callable[..., Ended]
) -> None:
    done = olist(home, "query", "DELETE FROM analytics.fact_order")
    assert "What to do: `olist query` takes one SELECT" in " ".join(done.stderr.split())


def test_every_schema_of_the_pipeline_can_be_read(home: Path, olist: Callable[..., Ended]) -> None:
    done = olist(home, "query", "SELECT COUNT(*) AS n FROM staging.orders_seen", "--format", "csv")
    assert done.stdout.split() == ["n", "0"]
    who = olist(home, "query", "SELECT current_user AS name", "--format", "csv")
    assert who.stdout.split() == ["name", "inspector"]


def test_a_query_reads_while_another_transaction_writes(
    home: Path, stack: Settings, olist: Callable[..., Ended]
) -> None:
    written, read = threading.Event(), threading.Event()

    def write() -> None:
        with transaction(stack, undone=True) as work:
            work.run("INSERT INTO staging.orders_seen VALUES (1)")
            written.set()
            assert read.wait(60)

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(60)
    try:
        done = olist(
            home, "query", "SELECT COUNT(*) AS n FROM staging.orders_seen", "--format", "csv"
        )
    finally:
        read.set()
        writer.join()
    assert done.stdout.split() == ["n", "0"], "the write is not committed"


def test_a_warehouse_without_such_a_user_is_not_queried(stack: Settings) -> None:
    without = stack.model_copy(update={"inspector_user": None})
    with (
        pytest.raises(WarehouseError, match="OLIST_INSPECTOR_USER and OLIST_INSPECTOR_PASSWORD"),
        transaction(without, inspector=True),
    ):
        pass


def test_csv_is_safe_for_spreadsheets_unless_a_program_reads_it(
    home: Path, olist: Callable[..., Ended]
) -> None:
    sql = "SELECT '=1+1' AS \"=2+2\", -1 AS n"
    safe = olist(home, "query", sql, "--format", "csv")
    assert safe.stdout.splitlines() == ["'=2+2,n", "'=1+1,-1"]
    exact = olist(home, "query", sql, "--format", "csv", OLIST_EXACT_CSV="true")
    assert exact.stdout.splitlines() == ["'=2+2,n", "=1+1,-1"]
