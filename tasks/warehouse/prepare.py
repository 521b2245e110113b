"""Prepare the warehouse: create missing tables and views, and open the batches of the run.

The transforms and gates of a run read each staging table through three relations:

- `candidate.batch_<table>`: the new rows of the open batches;
- `candidate.changed_<table>`: the rows that the run adds or removes; their keys are affected;
- `candidate.history_<table>`: the table as it will be after the publish.
"""

from pathlib import Path

import sqlglot
from prefect import get_run_logger, task
from sqlglot import exp

from infra import ddl
from infra.ddl import tables
from infra.settings import Settings
from infra.sql_files import sql_files, statements
from infra.warehouse import Transaction, transaction
from tasks.receipts import OpenBatch
from tasks.retries import RETRY
from tasks.warehouse.batch_state import open_batches
from tasks.warehouse.comments import comment
from tasks.warehouse.migrate import add_columns
from tasks.warehouse.published_index import index_published_batches
from tasks.warehouse.writer_lock import create_lock, holding

# a view comes after the tables and views that it reads
FOLDERS = ("staging", "dimensions", "facts", "marts", "views", "audit")


def prepare_warehouse(settings: Settings) -> list[str]:
    """Create missing tables and views, and add the columns that the DDL of existing tables gained.

    Returns:
        The added columns, as `schema.table.column`.

    Raises:
        ShapeError: An existing table differs from its DDL in another way than by added columns.
        WarehouseError: A statement failed.
    """
    with transaction(settings) as work:
        work.create_schemas()
        wanted = [table for folder in FOLDERS for table in tables(folder).values()]
        added = add_columns(work, wanted)
        drop_derived(work, {column.rpartition(".")[0] for column in added})
        _drop_outdated_batch_tables(work)
        _create(work, "staging")
        _create_staging_totals(work)
        for folder in FOLDERS[1:]:
            _create(work, folder)
        _create_candidates(work)
        _create(work, "metrics")
        comment(work, wanted)
    return added


def _create(work: Transaction, folder: str) -> None:
    for path in sql_files(folder):
        work.run(statements(f"{folder}/{path.name}")[0], what=f"sql/{folder}/{path.name}")


def _create_candidates(work: Transaction) -> None:
    """Create the tables and views of `candidate` that do not come from a file."""
    work.run("CREATE TABLE IF NOT EXISTS candidate.load (LIKE audit.loads)")
    for name, table in tables("staging").items():
        create = table.created_as(f"candidate.batch_{name}")
        work.run(create.replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS "))
        columns = table.column_list
        for view, condition in _VIEWS.items():
            work.run(
                f"CREATE OR REPLACE VIEW candidate.{view}_{name} AS "
                f"SELECT {columns} FROM candidate.batch_{name} UNION ALL "
                f"SELECT {columns} FROM staging.{name} WHERE {condition}"
            )


def _create_staging_totals(work: Transaction) -> None:
    """Create the view that reconciliation compares with the files, one row for each table."""
    totals = []
    for name, table in tables("staging").items():
        money = [column.name for column in table.columns if column.kind == "DECIMAL"]
        total = " + ".join(f"SUM({column})" for column in money) or "0"
        totals.append(
            f"SELECT CAST('{name}' AS VARCHAR(127)) AS table_name, COUNT(*) AS row_count, "
            f"CAST(COALESCE({total}, 0) AS DECIMAL(18, 2)) AS money_total FROM staging.{name}"
        )
    work.run(f"CREATE OR REPLACE VIEW audit.staging_totals AS {' UNION ALL '.join(totals)}")


# a rebuild keeps the staging rows of its batches
_VIEWS = {
    "changed": "batch_date IN (SELECT batch_date FROM audit.open_batch)",
    "history": "batch_date NOT IN "
    "(SELECT batch_date FROM audit.open_batch WHERE action <> 'rebuild')",
}


def drop_derived(work: Transaction, tables_changed: set[str]) -> None:
    """Drop views and candidate tables that copy the columns of changed tables.

    `prepare_warehouse` creates them again. A view of a user that depends on one of ours is not
    dropped: Redshift refuses then, and names it.

    Args:
        work: The transaction that prepares the warehouse.
        tables_changed: Tables that have gained columns, as `schema.table`.

    Raises:
        WarehouseError: Another view depends on a view that has to be dropped.
    """
    outdated = {f"analytics.{p.stem}" for p in sql_files("views") if _copies(p) & tables_changed}
    readers = {
        f"audit.{path.stem}"
        for path in sql_files("audit")
        if ddl.table(f"audit/{path.name}") is None and _reads(path) & outdated
    }
    for view in (*sorted(readers), *sorted(outdated)):
        work.run(f"DROP VIEW IF EXISTS {view}", what=f"renewing the view {view}")
    for name, model in (("load", "audit.loads"), ("batch_metrics", "audit.metrics")):
        if model in tables_changed:
            work.run(f"DROP TABLE IF EXISTS candidate.{name}")


def _reads(path: Path) -> set[str]:
    """The tables and views that a view file reads, as `schema.name`."""
    tree = sqlglot.parse_one(statements(f"{path.parent.name}/{path.name}")[0], read="redshift")
    return {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}


def _copies(path: Path) -> set[str]:
    """The tables whose columns a view takes over with `SELECT table.*`, as `schema.name`."""
    tree = sqlglot.parse_one(statements(f"{path.parent.name}/{path.name}")[0], read="redshift")
    starred = {column.table for column in tree.find_all(exp.Column) if column.is_star}
    return {name for name in _reads(path) if name.partition(".")[2] in starred}


def _drop_outdated_batch_tables(work: Transaction) -> None:
    """Drop `candidate.batch_<table>` where its columns or their order differ from the DDL.

    COPY of Parquet matches columns by position, so the order counts.
    """
    found: dict[str, list[str]] = {}
    for table, column in work.query(
        "SELECT table_name, column_name FROM svv_columns WHERE table_schema = 'candidate' "
        "ORDER BY ordinal_position"
    ):
        found.setdefault(table, []).append(column)
    for name, table in tables("staging").items():
        columns = found.get(f"batch_{name}")
        if columns is not None and columns != list(table.names):
            # CASCADE drops the views below and those of earlier versions; users may not create here
            work.run(f"DROP TABLE candidate.batch_{name} CASCADE")
            for view in _VIEWS:
                work.run(f"DROP VIEW IF EXISTS candidate.{view}_{name}")


@task(name="prepare", task_run_name="prepare {label}", **RETRY)
def prepare(batches: list[OpenBatch], run_id: str, label: str) -> None:
    """Create missing tables, index the last publish if needed, and open the batches."""
    del label  # used only in the name of the task run
    settings = Settings()
    _log(prepare_warehouse(settings))
    index_published_batches(settings)
    open_batches(settings, batches, run_id)


@task(name="prepare", task_run_name="prepare the warehouse for {what}", **RETRY)
def ensure_warehouse(run_id: str, what: str) -> None:
    """Create missing tables under the writer's lock, before a flow reads the warehouse."""
    settings = Settings()
    create_lock(settings)
    with holding(settings, run_id, what, get_run_logger().warning):
        _log(prepare_warehouse(settings))


def _log(added: list[str]) -> None:
    for column in added:
        rebuild = "; to compute it for all published rows: olist rebuild"
        get_run_logger().warning(
            "added column %s: existing rows hold its default or NULL%s",
            column,
            rebuild if column.startswith("analytics.") else "",
        )
