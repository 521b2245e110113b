"""Export the published tables to S3 as Parquet and CSV, for users without warehouse access.

    exports/<table>/batch_date=…/run=…/parquet/…      files of one run; never overwritten
    exports/<table>/batch_date=…/run=…/csv/…
    exports/latest/manifest.json                       names the current files; written last
    exports/latest/data_dictionary.csv

Readers start at the manifest. It is one object and is written after all files, so all tables switch
at once.
"""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from prefect import get_run_logger, task

from infra.csv_file.text import RULE
from infra.lake import Lake
from infra.settings import Settings
from infra.shown_text import spreadsheet_cell_sql
from infra.warehouse import encrypted, transaction
from tasks.receipts import ExportReceipt
from tasks.retries import RETRY, STEP
from tasks.warehouse.data_dictionary import VIEW, Column, dictionary

LATEST = "exports/latest/manifest.json"
DICTIONARY = "exports/latest/data_dictionary.csv"
_FORMATS = {
    "parquet": "FORMAT AS PARQUET",
    # CSV users expect one file per table; its first line has the column names
    "csv": "FORMAT AS CSV HEADER PARALLEL OFF EXTENSION 'csv'",
}


class ExportError(RuntimeError):
    """UNLOAD wrote another number of rows than the table has; the message names the table."""


def export_table(settings: Settings, table: str, day: date, run_id: str) -> ExportReceipt:
    """UNLOAD one published table to the folder of the run, as Parquet and CSV.

    Args:
        settings: Access to the lake and the warehouse.
        table: Table or view of `analytics`, without schema.
        day: Batch date, for the folder name.
        run_id: Id of the flow run, for the folder name.

    Raises:
        ExportError: UNLOAD wrote another number of rows than the table has.
        WarehouseError: A statement failed.
    """
    lake = Lake(settings)
    folder = f"exports/{table}/batch_date={day}/run={run_id}"
    files: dict[str, list[str]] = {}
    rows = 0
    for kind, options in _FORMATS.items():
        prefix = f"{folder}/{kind}/"
        for key in list(lake.keys(prefix)):  # left by a killed attempt
            lake.delete(key)
        with transaction(settings) as work:
            rows = work.value(f"SELECT COUNT(*) AS n FROM analytics.{table}")
            selected = _selected(table, kind, exact=settings.exact_csv).replace("'", "''")
            work.run(
                f"UNLOAD ('SELECT {selected} FROM analytics.{table}') "
                f"TO '{lake.url(prefix)}' IAM_ROLE '{settings.copy_role}' "
                f"{options}{encrypted(settings)}",
                what=f"UNLOAD analytics.{table} to {lake.url(prefix)}",
            )
            written = work.value("SELECT pg_last_unload_count() AS n")
        if written != rows:
            raise ExportError(
                f"{table}: UNLOAD wrote {written} rows of {rows} to {lake.url(prefix)}; the "
                "previous exports stay current. Run the batch again"
            )
        files[kind] = [lake.url(key) for key in lake.keys(prefix)]
    return ExportReceipt(table=table, rows=rows, files=files)


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


def switch(settings: Settings, receipts: Sequence[ExportReceipt], day: date, run_id: str) -> str:
    """Make the files of a run the current exports.

    Keeps the previous exports for readers in flight, and deletes older ones.

    Args:
        settings: Access to the lake and the warehouse.
        receipts: The exported tables, all of one run.
        day: Batch date of the run.
        run_id: Id of the run.

    Returns:
        The s3:// address of the manifest.

    Raises:
        WarehouseError: The column types of the view cannot be read.
    """
    lake = Lake(settings)
    lake.put_text(DICTIONARY, dictionary_csv(_types_of_view(settings)), "text/csv")
    manifest: dict[str, Any] = {
        "batch_date": day,
        "run_id": run_id,
        "written_at": datetime.now(UTC),
        "data_dictionary": lake.url(DICTIONARY),
        "tables": {r.table: {"rows": r.rows, "files": r.files} for r in receipts},
    }
    before = lake.get_json(LATEST)
    lake.put_json(LATEST, manifest)
    # keep the previous export for readers in flight; delete older ones
    kept = {f"/run={run}/" for run in (run_id, before["run_id"] if before else run_id)}
    for key in list(lake.keys("exports/")):
        if "/run=" in key and not any(run in key for run in kept):
            lake.delete(key)
    return lake.url(LATEST)


def exports_run_id(settings: Settings) -> str | None:
    """Return the id of the run that the current exports come from; None without exports."""
    manifest = Lake(settings).get_json(LATEST)
    return manifest["run_id"] if manifest else None


def _types_of_view(settings: Settings) -> dict[str, str]:
    """Return the types of the view's columns; no DDL declares those that it computes."""
    with transaction(settings, read_only=True) as work:
        rows = work.query(
            "SELECT column_name, data_type FROM svv_columns WHERE table_schema = 'analytics' "
            "AND table_name = %s",
            [VIEW],
        )
    return {name: kind.upper() for name, kind in rows}


def dictionary_csv(types_of_view: dict[str, str]) -> str:
    """Return the data dictionary as CSV, one line per column.

    Args:
        types_of_view: Type by name of the columns that the view computes.
    """
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["table", "column", "type", "meaning", "unit", "form"])
    for table in dictionary().values():
        for column in table.columns:
            kind = column.type or types_of_view[column.name]
            form = RULE if kind.startswith(("VARCHAR", "CHARACTER VARYING")) else ""
            lines.writerow([table.name, column.name, kind, column.meaning, column.unit, form])
    return text.getvalue()


@task(name="export", task_run_name="export {table} {label}", **RETRY)
def export(table: str, day: date, run_id: str, label: str) -> ExportReceipt:
    """Export one published table to S3 as Parquet and CSV."""
    receipt = export_table(Settings(), table, day, run_id)
    get_run_logger().info("%s %s: %s rows exported", table, label, f"{receipt.rows:,}")
    return receipt


@task(name="switch exports", task_run_name="switch exports {label}", **STEP)
def switch_exports(receipts: list[ExportReceipt], day: date, run_id: str, label: str) -> str:
    """Make the exports of this run the current ones."""
    address = switch(Settings(), receipts, day, run_id)
    get_run_logger().info("%s: exports are at %s", label, address)
    return address
