"""UNLOAD published tables to S3, for users without warehouse access.

Facts are exported by month. Only the partitions that changed since the current exports are written;
of the others, the files of earlier exports stay current.

    exports/<table>/batch_date=…/run=…/parquet/[purchase_month=…/]…   files of one run; never
    exports/<table>/batch_date=…/run=…/csv/[purchase_month=…/]…       overwritten
    exports/latest/manifest.json                                      names the current files
"""

from collections.abc import Collection
from datetime import date

from prefect import get_run_logger, task

from infra.ddl import Table, tables
from infra.lake import Lake
from infra.settings import Settings
from infra.shown_text import spreadsheet_cell_sql
from infra.warehouse import Transaction, encrypted, transaction
from tasks.receipts import ExportedPartition, ExportReceipt
from tasks.reporting.export.manifest import Exported, read_exported
from tasks.retries import RETRY
from tasks.warehouse.data_dictionary import Column, dictionary
from tasks.warehouse.models import PUBLISHED_FOLDERS
from tasks.warehouse.partitions import WHOLE, Partition, partition_of

_FORMATS = {
    "parquet": "FORMAT AS PARQUET",
    # CSV users expect few files; the first line of each has the column names
    "csv": "FORMAT AS CSV HEADER PARALLEL OFF EXTENSION 'csv'",
}


class ExportError(RuntimeError):
    """UNLOAD wrote another number of rows than the table has; the message names the table."""


def export_table(settings: Settings, table: str, day: date, run_id: str) -> ExportReceipt:
    """UNLOAD the changed partitions of a published table, as Parquet and CSV.

    Args:
        settings: Access to the lake and the warehouse.
        table: Table or view of `analytics`, without schema.
        day: Batch date, for the folder name.
        run_id: Id of the flow run, for the folder name.

    Returns:
        The files of all partitions; the receipt tells which are new.

    Raises:
        ExportError: UNLOAD wrote another number of rows than the table has.
        WarehouseError: A statement failed.
    """
    lake, partition = Lake(settings), _partition_of(table)
    selected = {kind: _selected(table, kind, exact=settings.exact_csv) for kind in _FORMATS}
    columns = {column.name: column.type for column in dictionary()[table].columns}
    held = read_exported(lake, table, columns, selected)
    with transaction(settings, read_only=True) as work:
        rows = _rows_by_partition(work, table, partition)
        if not rows:  # an empty table has no partitions; its files have the column names
            partition, rows = None, {WHOLE: 0}
        kept = _unchanged(work, table, held) if held else {}
    # an equal number of rows is no proof, but another number would be one of an error
    kept = {value: it for value, it in kept.items() if it.rows == rows.get(value)}
    renewed = {value: count for value, count in rows.items() if value not in kept}
    folder = f"exports/{table}/batch_date={day}/run={run_id}"
    files: dict[int, dict[str, list[str]]] = {value: {} for value in renewed}
    for kind in _FORMATS:
        prefix = f"{folder}/{kind}/"
        for key in list(lake.keys(prefix)):  # left by a killed attempt
            if held is None or lake.url(key) not in held.urls:
                lake.delete(key)
        if not renewed:
            continue
        written = _unload(
            settings, table, kind, selected[kind], partition, renewed, lake.url(prefix)
        )
        if written != sum(renewed.values()):
            raise ExportError(
                f"{table}: UNLOAD wrote {written} rows of {sum(renewed.values())} to "
                f"{lake.url(prefix)}; the previous exports stay current. Run the batch again"
            )
        keys = list(lake.keys(prefix))
        for value in renewed:
            part = f"{prefix}{partition.name}={value}/" if partition else prefix
            files[value][kind] = [lake.url(key) for key in keys if key.startswith(part)]
    new = {v: ExportedPartition(rows=count, files=files[v]) for v, count in renewed.items()}
    return ExportReceipt(
        table=table,
        partitioned_by=partition.name if partition else None,
        partitions=dict(sorted({**kept, **new}.items())),
        renewed=sorted(new),
        columns=columns,
        selected=selected,
    )


def _partition_of(table: str) -> Partition | None:
    """The partitions of a table; a view is exported as a whole."""
    known = _tables()
    return partition_of(known[table]) if table in known else None


def _rows_by_partition(
    work: Transaction, table: str, partition: Partition | None
) -> dict[int, int]:
    if partition is None:
        return {WHOLE: work.value(f"SELECT COUNT(*) AS n FROM analytics.{table}")}
    return dict(
        work.query(
            f"SELECT {partition.value} AS partition_value, COUNT(*) AS n FROM analytics.{table} "
            f"GROUP BY {partition.value}"
        )
    )


def _unchanged(work: Transaction, table: str, held: Exported) -> dict[int, ExportedPartition]:
    """The exported partitions of a table that no later publish has changed.

    Every publish changes a view. The numbers of publishes start again in a warehouse that was lost
    and restored, so an export that this warehouse does not know proves nothing.
    """
    is_known = work.query(
        "SELECT 1 FROM audit.batches WHERE run_id = %s AND publish_number = %s LIMIT 1",
        [held.run_id, held.publish_number],
    )
    if not is_known or table not in _tables():
        return {}
    changed = work.query(
        "SELECT DISTINCT partition_value FROM audit.changed_partitions "
        "WHERE table_name = %s AND publish_number > %s",
        [table, held.publish_number],
    )
    return {v: it for v, it in held.partitions.items() if (v,) not in changed}


def _tables() -> dict[str, Table]:
    """The published tables; without the view."""
    return {n: t for folder in PUBLISHED_FOLDERS for n, t in tables(folder).items()}


def _unload(
    settings: Settings,
    table: str,
    kind: str,
    selected: str,
    partition: Partition | None,
    values: Collection[int],
    address: str,
) -> int:
    """UNLOAD partitions of a table; return the number of rows."""
    query, by = f"SELECT {selected} FROM analytics.{table}", ""
    if partition is not None:
        chosen = " OR ".join(f"({partition.condition(value)})" for value in sorted(values))
        query = (
            f"SELECT {selected}, {partition.value} AS {partition.name} FROM analytics.{table} "
            f"WHERE {chosen}"
        )
        by = f"PARTITION BY ({partition.name}) "
    quoted = query.replace("'", "''")
    with transaction(settings) as work:
        work.run(
            f"UNLOAD ('{quoted}') TO '{address}' IAM_ROLE '{settings.copy_role}' "
            f"{by}{_FORMATS[kind]}{encrypted(settings)}",
            what=f"UNLOAD analytics.{table} to {address}",
        )
        return work.value("SELECT pg_last_unload_count() AS n")


def _selected(table: str, kind: str, *, exact: bool) -> str:
    """Return the columns to select.

    In CSV, floats are cast to decimals, so that their digits are fixed. Unless `exact`, no text of
    CSV is read as a formula.
    """
    columns = dictionary()[table].columns
    if kind != "csv":
        return ", ".join(column.name for column in columns)
    return ", ".join(f"{_csv_value(column, exact=exact)} AS {column.name}" for column in columns)


def _csv_value(column: Column, *, exact: bool) -> str:
    if column.type == "DOUBLE PRECISION":
        return f"CAST(ROUND({column.name}, 6) AS DECIMAL(18, 6))"
    if exact or not column.type.startswith("VARCHAR"):
        return column.name
    return spreadsheet_cell_sql(column.name)


@task(name="export", task_run_name="export {table} {label}", **RETRY)
def export(table: str, day: date, run_id: str, label: str) -> ExportReceipt:
    """Export the changed partitions of one published table to S3 as Parquet and CSV."""
    receipt = export_table(Settings(), table, day, run_id)
    get_run_logger().info(
        "%s %s: %s rows exported; %s of %s partitions changed",
        table,
        label,
        f"{receipt.rows:,}",
        len(receipt.renewed),
        len(receipt.partitions),
    )
    return receipt
