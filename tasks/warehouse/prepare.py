"""Prepare: what the warehouse lacks is created, and the batches of the run are opened.

Three relations show a staging table to the transforms and the gates of a run:

- `candidate.batch_<table>`: the rows that arrive;
- `candidate.changed_<table>`: the rows that arrive or leave, so whatever they name is touched;
- `candidate.history_<table>`: the table as it will be once the run has published.
"""

from functools import cache

import sqlglot
from prefect import get_run_logger, task
from sqlglot import exp

from infra.contracts import contracts
from infra.settings import Settings
from infra.sql_files import sql_files, statements
from infra.warehouse import Transaction, transaction
from tasks.receipts import OpenBatch
from tasks.retries import RETRY
from tasks.warehouse.batch_state import open_batches
from tasks.warehouse.published_index import index_published_batches
from tasks.warehouse.writer_lock import create_lock, holding

# views come after what they read; that of the audit reads another view
FOLDERS = ("staging", "dimensions", "facts", "marts", "views", "audit")


class ShapeError(RuntimeError):
    """A table is there already, with other columns than its file under `sql/` says."""


def prepare_warehouse(settings: Settings) -> None:
    """Run the first statement of each file, its CREATE. Raises WarehouseError."""
    with transaction(settings) as work:
        work.create_schemas()
        _require_shape(work)
        for folder in FOLDERS:
            _create(work, folder)
        _create_like(work, "candidate.load", "audit.loads")
        for table in contracts():
            _create_like(work, f"candidate.batch_{table}", f"staging.{table}")
            for name, dates in (
                ("changed", "IN (SELECT batch_date FROM audit.open_batch)"),
                # a rebuild leaves its batches where they are
                (
                    "history",
                    "NOT IN (SELECT batch_date FROM audit.open_batch WHERE action <> 'rebuild')",
                ),
            ):
                work.run(
                    f"CREATE OR REPLACE VIEW candidate.{name}_{table} AS "
                    f"SELECT * FROM candidate.batch_{table} UNION ALL "
                    f"SELECT * FROM staging.{table} WHERE batch_date {dates}"
                )
        _create(work, "metrics")


def _create(work: Transaction, folder: str) -> None:
    for path in sql_files(folder):
        work.run(statements(f"{folder}/{path.name}")[0], what=f"sql/{folder}/{path.name}")


def _require_shape(work: Transaction) -> None:
    """CREATE TABLE IF NOT EXISTS says nothing of a table that an earlier version has made."""
    found: dict[str, list[str]] = {}
    for schema, table, column in work.query(
        "SELECT table_schema, table_name, column_name FROM svv_columns "
        "WHERE table_schema IN ('staging', 'analytics', 'audit') ORDER BY ordinal_position"
    ):
        found.setdefault(f"{schema}.{table}", []).append(column)
    for path, (table, columns) in _wanted_columns().items():
        if table in found and found[table] != columns:
            raise ShapeError(
                f"{table} has the columns {', '.join(found[table])}, but {path} wants "
                f"{', '.join(columns)}. It was made by another version: alter it, or drop it and "
                "run `olist rebuild --from-lake`; on a laptop `make clean` removes all local state"
            )


@cache
def _wanted_columns() -> dict[str, tuple[str, list[str]]]:
    """Per file under `sql/` that makes a table: the table, and its columns in order."""
    wanted = {}
    for folder in FOLDERS:
        for path in sql_files(folder):
            tree = sqlglot.parse_one(statements(f"{folder}/{path.name}")[0], read="redshift")
            table = tree.find(exp.Table)
            columns = [column.name for column in tree.find_all(exp.ColumnDef)]
            if table is not None and columns:
                wanted[f"sql/{folder}/{path.name}"] = (f"{table.db}.{table.name}", columns)
    return wanted


def _create_like(work: Transaction, table: str, model: str) -> None:
    work.run(f"CREATE TABLE IF NOT EXISTS {table} (LIKE {model})")


@task(name="prepare", task_run_name="prepare {label}", **RETRY)
def prepare(batches: list[OpenBatch], run_id: str, label: str) -> None:
    """Create what is missing, settle what a killed run owes, and open the batches of this one."""
    del label  # names the task run
    settings = Settings()
    prepare_warehouse(settings)
    index_published_batches(settings)
    open_batches(settings, batches, run_id)


@task(name="prepare", task_run_name="prepare the warehouse for {what}", **RETRY)
def ensure_warehouse(run_id: str, what: str) -> None:
    """Create what is missing, while nobody writes; for flows that first look around."""
    settings = Settings()
    create_lock(settings)
    with holding(settings, run_id, what, get_run_logger().warning):
        prepare_warehouse(settings)
