"""Export: what is published goes to S3 as Parquet and CSV, for those who do not ask the warehouse.

    exports/<table>/batch_date=…/run=…/parquet/…      files of a run; nobody overwrites them
    exports/<table>/batch_date=…/run=…/csv/…
    exports/latest/manifest.json                       names the files in force, written last
    exports/latest/data_dictionary.csv

Readers start at the manifest: one object, written once all files are there, switches all tables.
"""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from prefect import get_run_logger, task

from infra.lake import Lake
from infra.settings import Settings
from infra.warehouse import encrypted, transaction
from tasks.receipts import ExportReceipt
from tasks.retries import RETRY
from tasks.warehouse.data_dictionary import VIEW, dictionary

LATEST = "exports/latest/manifest.json"
DICTIONARY = "exports/latest/data_dictionary.csv"
_FORMATS = {
    "parquet": "FORMAT AS PARQUET",
    # one file: who opens a CSV wants one; its first line names the columns
    "csv": "FORMAT AS CSV HEADER PARALLEL OFF EXTENSION 'csv'",
}


class ExportError(RuntimeError):
    """What was unloaded is not what is published; the message says which table."""


def export_table(settings: Settings, table: str, day: date, run_id: str) -> ExportReceipt:
    """UNLOAD one table in all formats. Raises ExportError and WarehouseError."""
    lake = Lake(settings)
    folder = f"exports/{table}/batch_date={day}/run={run_id}"
    files: dict[str, list[str]] = {}
    rows = 0
    for kind, options in _FORMATS.items():
        prefix = f"{folder}/{kind}/"
        for key in list(lake.keys(prefix)):  # of a try that was killed
            lake.delete(key)
        with transaction(settings) as work:
            rows = work.value(f"SELECT COUNT(*) AS n FROM analytics.{table}")
            work.run(
                f"UNLOAD ('SELECT {_selected(table, kind)} FROM analytics.{table}') "
                f"TO '{lake.url(prefix)}' IAM_ROLE '{settings.copy_role}' "
                f"{options}{encrypted(settings)}",
                what=f"UNLOAD analytics.{table} to {lake.url(prefix)}",
            )
            written = work.value("SELECT pg_last_unload_count() AS n")
        if written != rows:
            raise ExportError(
                f"{table}: UNLOAD wrote {written} rows of {rows} to {lake.url(prefix)}; the "
                "exports in force are those of before. Run the batch again"
            )
        files[kind] = [lake.url(key) for key in lake.keys(prefix)]
    return ExportReceipt(table=table, rows=rows, files=files)


def _selected(table: str, kind: str) -> str:
    """The columns; in text a float is written as a decimal, whose digits are certain."""
    return ", ".join(
        f"CAST(ROUND({column.name}, 6) AS DECIMAL(18, 6)) AS {column.name}"
        if kind == "csv" and column.type == "DOUBLE PRECISION"
        else column.name
        for column in dictionary()[table].columns
    )


def switch(settings: Settings, receipts: Sequence[ExportReceipt], day: date, run_id: str) -> str:
    """Make the files of a run the exports in force; returns the address of the manifest."""
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
    # who has read the manifest of before still finds its files; older ones go
    kept = {f"/run={run}/" for run in (run_id, before["run_id"] if before else run_id)}
    for key in list(lake.keys("exports/")):
        if "/run=" in key and not any(run in key for run in kept):
            lake.delete(key)
    return lake.url(LATEST)


def exported_run(settings: Settings) -> str | None:
    """The run whose publish the exports in force are of."""
    manifest = Lake(settings).get_json(LATEST)
    return manifest["run_id"] if manifest else None


def _types_of_view(settings: Settings) -> dict[str, str]:
    """The types of what the view computes, which no DDL says."""
    with transaction(settings, read_only=True) as work:
        rows = work.query(
            "SELECT column_name, data_type FROM svv_columns WHERE table_schema = 'analytics' "
            "AND table_name = %s",
            [VIEW],
        )
    return {name: kind.upper() for name, kind in rows}


def dictionary_csv(types_of_view: dict[str, str]) -> str:
    """The data dictionary, one line a column."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["table", "column", "type", "meaning", "unit"])
    for table in dictionary().values():
        for column in table.columns:
            kind = column.type or types_of_view[column.name]
            lines.writerow([table.name, column.name, kind, column.meaning, column.unit])
    return text.getvalue()


@task(name="export", task_run_name="export {table} {label}", **RETRY)
def export(table: str, day: date, run_id: str, label: str) -> ExportReceipt:
    """One published table to S3, as Parquet and CSV."""
    receipt = export_table(Settings(), table, day, run_id)
    get_run_logger().info("%s %s: %s rows exported", table, label, f"{receipt.rows:,}")
    return receipt


@task(name="switch exports", task_run_name="switch exports {label}", **RETRY)
def switch_exports(receipts: list[ExportReceipt], day: date, run_id: str, label: str) -> str:
    """Readers of the exports see those of this run from here on."""
    address = switch(Settings(), receipts, day, run_id)
    get_run_logger().info("%s: exports are at %s", label, address)
    return address
