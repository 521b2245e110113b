"""Views and candidate tables whose columns come from the DDL of other tables.

They are created by `prepare_warehouse`, and created again where their columns are outdated.
"""

from pathlib import Path

import sqlglot
from sqlglot import exp

from infra import ddl
from infra.contracts import BATCH_DATE
from infra.ddl import tables
from infra.sql_files import sql_files, statements
from infra.warehouse import Transaction
from tasks.warehouse.control_totals import IN_FORCE_TOTALS, STAGING_TOTALS, create_change
from tasks.warehouse.migrate import ExistingColumns

# a rebuild keeps the staging rows of its batches
_VIEWS = {
    "changed": "batch_date IN (SELECT batch_date FROM audit.open_batch)",
    "history": "batch_date NOT IN "
    "(SELECT batch_date FROM audit.open_batch WHERE action <> 'rebuild')",
}

_LOADED_AGAIN = (
    f"WHERE {BATCH_DATE} IN (SELECT {BATCH_DATE} FROM audit.open_batch WHERE action = 'load')"
)


def create_candidates(work: Transaction) -> None:
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
    create_redelivered(work)
    create_change(work)


def create_redelivered(work: Transaction) -> None:
    """Create the view of the published rows of the open batches that a new delivery replaces.

    It has one row for each table and batch that is delivered again. Rows are compared by the key of
    the table, or only counted where it has none.
    """
    selects = []
    for name, table in tables("staging").items():
        key = [column for column in table.key if column != BATCH_DATE]
        if key:
            kept = " AND ".join(f"held.{column} = arrived.{column}" for column in table.key)
            rows_kept = (
                f"(SELECT held.{BATCH_DATE}, COUNT(*) AS row_count FROM staging.{name} AS held "
                f"INNER JOIN candidate.batch_{name} AS arrived ON {kept} "
                f"GROUP BY held.{BATCH_DATE})"
            )
        else:
            rows_kept = _rows_by_batch(f"candidate.batch_{name}")
        selects.append(
            f"SELECT CAST('{name}' AS VARCHAR(127)) AS table_name, held.{BATCH_DATE}, "
            "held.row_count AS rows_before, COALESCE(arrived.row_count, 0) AS rows_now, "
            "GREATEST(held.row_count - COALESCE(kept.row_count, 0), 0) AS rows_removed "
            f"FROM {_rows_by_batch(f'staging.{name}', _LOADED_AGAIN)} AS held "
            f"LEFT JOIN {_rows_by_batch(f'candidate.batch_{name}')} AS arrived "
            f"ON held.{BATCH_DATE} = arrived.{BATCH_DATE} "
            f"LEFT JOIN {rows_kept} AS kept ON held.{BATCH_DATE} = kept.{BATCH_DATE}"
        )
    work.run(f"CREATE OR REPLACE VIEW candidate.redelivered AS {' UNION ALL '.join(selects)}")


def _rows_by_batch(relation: str, condition: str = "") -> str:
    return (
        f"(SELECT {BATCH_DATE}, COUNT(*) AS row_count FROM {relation} {condition} "
        f"GROUP BY {BATCH_DATE})"
    )


def drop_outdated(work: Transaction, tables_changed: set[str], existing: ExistingColumns) -> None:
    """Drop views and candidate tables that copy the columns of changed tables.

    `prepare_warehouse` creates them again. A user's own view that depends on one of them is not
    dropped: Redshift refuses the DROP with an error that names the view.

    Args:
        work: The transaction that prepares the warehouse.
        tables_changed: Tables that have gained columns, as `schema.table`.
        existing: The columns of the warehouse before any change.

    Raises:
        WarehouseError: Another view depends on a view that has to be dropped.
    """
    _drop_batch_tables(work, existing)
    _drop_changed_views(work, existing)
    if not tables_changed:
        return
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


def _drop_batch_tables(work: Transaction, existing: ExistingColumns) -> None:
    """Drop `candidate.batch_<table>` where its columns or their order differ from the DDL.

    COPY of Parquet matches columns by position, so the order counts.
    """
    for name, table in tables("staging").items():
        columns = existing.get(f"candidate.batch_{name}")
        if columns is not None and list(columns) != list(table.names):
            # CASCADE drops the dependent views, including those of earlier versions of the project;
            # none of them belongs to a user: users may not create views in `candidate`
            work.run(f"DROP TABLE candidate.batch_{name} CASCADE")
            for view in _VIEWS:
                work.run(f"DROP VIEW IF EXISTS candidate.{view}_{name}")


def _drop_changed_views(work: Transaction, existing: ExistingColumns) -> None:
    """Drop the audit views if columns of one changed: CREATE OR REPLACE VIEW cannot change them."""
    views = {
        f"audit.{path.stem}": ddl.view_columns(f"audit/{path.name}")
        for path in sql_files("audit")
        if ddl.table(f"audit/{path.name}") is None
    }
    wanted = views | {
        "audit.staging_totals": list(STAGING_TOTALS),
        "audit.in_force_totals": list(IN_FORCE_TOTALS),
    }
    if any(list(existing[view]) != wanted[view] for view in wanted if view in existing):
        for view in wanted:  # first those that read the totals of staging
            work.run(f"DROP VIEW IF EXISTS {view}", what=f"renewing the view {view}")


def _reads(path: Path) -> set[str]:
    """The tables and views that a view file reads, as `schema.name`."""
    tree = sqlglot.parse_one(statements(f"{path.parent.name}/{path.name}")[0], read="redshift")
    return {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}


def _copies(path: Path) -> set[str]:
    """The tables whose columns a view takes over with `SELECT table.*`, as `schema.name`."""
    tree = sqlglot.parse_one(statements(f"{path.parent.name}/{path.name}")[0], read="redshift")
    starred = {column.table for column in tree.find_all(exp.Column) if column.is_star}
    return {name for name in _reads(path) if name.partition(".")[2] in starred}
