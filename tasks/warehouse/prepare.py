"""Prepare the warehouse: create missing tables and views, and open the batches of the run.

The transforms and gates of a run read each staging table through three relations:

- `candidate.batch_<table>`: the new rows of the open batches;
- `candidate.changed_<table>`: the rows that the run adds or removes; their keys are affected;
- `candidate.history_<table>`: the table as it will be after the publish.
"""

from prefect import get_run_logger, task

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
        if added:
            drop_derived(work)
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


def drop_derived(work: Transaction) -> None:
    """Drop what copies the columns of tables: it is created again with the new columns."""
    for path in reversed(sql_files("views") + sql_files("audit")):
        name = path.stem
        if ddl.table(f"{path.parent.name}/{path.name}") is None:
            schema = "analytics" if path.parent.name == "views" else "audit"
            work.run(f"DROP VIEW IF EXISTS {schema}.{name} CASCADE")
    for name in tables("staging"):
        for view in _VIEWS:
            work.run(f"DROP VIEW IF EXISTS candidate.{view}_{name} CASCADE")
        work.run(f"DROP TABLE IF EXISTS candidate.batch_{name} CASCADE")
    for name in ("load", "batch_metrics", "drift"):
        work.run(f"DROP TABLE IF EXISTS candidate.{name} CASCADE")


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
