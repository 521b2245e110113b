"""Views and candidate tables whose columns come from the DDL of other tables.

They are created by `prepare_warehouse`, and created again where their columns are outdated.
"""

from pathlib import Path

import sqlglot
from sqlglot import exp

from infra import ddl
from infra.ddl import tables
from infra.sql_files import sql_files, statements
from infra.warehouse import Transaction
from tasks.warehouse.migrate import ExistingColumns

# a rebuild keeps the staging rows of its batches
_VIEWS = {
    "changed": "batch_date IN (SELECT batch_date FROM audit.open_batch)",
    "history": "batch_date NOT IN "
    "(SELECT batch_date FROM audit.open_batch WHERE action <> 'rebuild')",
}


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


def create_staging_totals(work: Transaction) -> None:
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


def drop_outdated(work: Transaction, tables_changed: set[str], existing: ExistingColumns) -> None:
    """Drop views and candidate tables that copy the columns of changed tables.

    `prepare_warehouse` creates them again. A view of a user that depends on one of ours is not
    dropped: Redshift refuses then, and names it.

    Args:
        work: The transaction that prepares the warehouse.
        tables_changed: Tables that have gained columns, as `schema.table`.
        existing: The columns of the warehouse before.

    Raises:
        WarehouseError: Another view depends on a view that has to be dropped.
    """
    _drop_batch_tables(work, existing)
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
            # CASCADE drops the views below and those of earlier versions; users may not create here
            work.run(f"DROP TABLE candidate.batch_{name} CASCADE")
            for view in _VIEWS:
                work.run(f"DROP VIEW IF EXISTS candidate.{view}_{name}")


def _reads(path: Path) -> set[str]:
    """The tables and views that a view file reads, as `schema.name`."""
    tree = sqlglot.parse_one(statements(f"{path.parent.name}/{path.name}")[0], read="redshift")
    return {f"{table.db}.{table.name}" for table in tree.find_all(exp.Table) if table.db}


def _copies(path: Path) -> set[str]:
    """The tables whose columns a view takes over with `SELECT table.*`, as `schema.name`."""
    tree = sqlglot.parse_one(statements(f"{path.parent.name}/{path.name}")[0], read="redshift")
    starred = {column.table for column in tree.find_all(exp.Column) if column.is_star}
    return {name for name in _reads(path) if name.partition(".")[2] in starred}
