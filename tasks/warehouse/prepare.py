"""Prepare the warehouse: create missing tables and views, and open the batches of the run.

The transforms and gates of a run read each staging table through three relations:

- `candidate.batch_<table>`: the new rows of the open batches;
- `candidate.changed_<table>`: the rows that the run adds or removes;
- `candidate.history_<table>`: the table as it will be after the publish.

The transform step creates `candidate.altered_<table>`, `candidate.latest_<table>` and
`candidate.merged_<model>`.
"""

from graphlib import TopologicalSorter

from prefect import get_run_logger, task

from infra.ddl import tables
from infra.settings import Settings
from infra.sql_files import sql_files, statements
from infra.warehouse import Transaction, transaction
from tasks.receipts import OpenBatch
from tasks.retries import STEP
from tasks.warehouse.batch_state import open_batches
from tasks.warehouse.comments import set_comments
from tasks.warehouse.control_totals import create_totals, open_control_totals
from tasks.warehouse.derived_views import create_candidates, drop_outdated
from tasks.warehouse.migrate import add_columns, existing_columns
from tasks.warehouse.prepared import is_prepared, note_prepared
from tasks.warehouse.published_index import index_published_batches
from tasks.warehouse.widen import widen_columns
from tasks.warehouse.writer_lock import create_lock, hold_writer_lock

# a view comes after the tables and views that it reads
FOLDERS = ("staging", "dimensions", "facts", "marts", "views", "audit")


def prepare_warehouse(settings: Settings) -> list[str]:
    """Create missing tables and views, and bring existing tables to their DDL.

    If nothing has changed since the last preparation, this takes two queries.
    Columns that the DDL has gained are added, and columns of published models are widened.

    Returns:
        The added columns, as `schema.table.column`.

    Raises:
        ShapeError: An existing table differs from its DDL in another way.
        WarehouseError: A statement failed.
    """
    with transaction(settings) as work:
        if is_prepared(work):
            return []
        work.create_schemas()
        wanted = [table for folder in FOLDERS for table in tables(folder).values()]
        existing = existing_columns(work)
        added = add_columns(work, wanted, existing)
        widened = widen_columns(work, wanted)
        _create_functions(work)
        drop_outdated(work, {column.rpartition(".")[0] for column in added}, existing)
        _create(work, "staging")
        create_totals(work)
        for folder in FOLDERS[1:]:
            _create(work, folder)
        open_control_totals(work)
        create_candidates(work)
        _create(work, "metrics")
        renewed = {column.rpartition(".")[0] for column in widened}
        set_comments(work, wanted, {t: c for t, c in existing.items() if t not in renewed})
        note_prepared(work)
    return added


def _create(work: Transaction, folder: str) -> None:
    for path in sql_files(folder):
        work.run(statements(f"{folder}/{path.name}")[0], what=f"sql/{folder}/{path.name}")


def _create_functions(work: Transaction) -> None:
    """Create the functions of `sql/functions`, each after those that it calls."""
    texts = {path.stem: statements(f"functions/{path.name}")[0] for path in sql_files("functions")}
    calls = {
        name: {other for other in texts if f"analytics.{other}(" in text.partition("$$")[2]}
        for name, text in texts.items()
    }
    for name in TopologicalSorter(calls).static_order():
        work.run(texts[name], what=f"sql/functions/{name}.sql")


@task(name="prepare", task_run_name="prepare {label}", **STEP)
def prepare(batches: list[OpenBatch], run_id: str, label: str) -> None:
    """Create missing tables, index the last publish if needed, and open the batches."""
    del label  # used only in the name of the task run
    settings = Settings()
    _log(prepare_warehouse(settings))
    index_published_batches(settings)
    open_batches(settings, batches, run_id)


@task(name="prepare", task_run_name="prepare the warehouse for {what}", **STEP)
def ensure_warehouse(run_id: str, what: str) -> None:
    """Create missing tables under the writer lock, before a flow reads the warehouse."""
    settings = Settings()
    create_lock(settings)
    with hold_writer_lock(settings, run_id, what, get_run_logger().warning):
        _log(prepare_warehouse(settings))


def _log(added: list[str]) -> None:
    for column in added:
        rebuild = "; to compute it for all published rows: olist rebuild"
        get_run_logger().warning(
            "added column %s: existing rows hold its default or NULL%s",
            column,
            rebuild if column.startswith("analytics.") else "",
        )
