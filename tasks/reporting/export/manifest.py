"""The manifest of the exports: it names the current files of all tables.

Readers start at the manifest. It is one object and is written after all files, so all tables switch
at once.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from prefect import get_run_logger, task

from infra.csv_file.text import RULE
from infra.lake import Lake
from infra.settings import Settings
from infra.warehouse import transaction
from tasks.receipts import ExportedPartition, ExportReceipt
from tasks.retries import STEP
from tasks.warehouse.data_dictionary import VIEW, dictionary
from tasks.warehouse.published_index import last_publish_number

LATEST = "exports/latest/manifest.json"
DICTIONARY = "exports/latest/data_dictionary.csv"


@dataclass(frozen=True)
class Exported:
    """The current export of a table."""

    run_id: str
    publish_number: int
    partitions: dict[int, ExportedPartition]

    @property
    def urls(self) -> set[str]:
        """The addresses of its files."""
        return {u for it in self.partitions.values() for urls in it.files.values() for u in urls}


def read_exported(
    lake: Lake, table: str, columns: dict[str, str], selected: dict[str, str]
) -> Exported | None:
    """Read the current export of a table.

    Args:
        lake: The lake with the exports.
        table: The table, without schema.
        columns: The columns of the table now: type by name.
        selected: What is selected for each format now.

    Returns:
        The export; None if there is none, if a file of it is missing, or if other columns or other
        forms of values were exported.
    """
    manifest = lake.get_json(LATEST) or {}
    entry = manifest.get("tables", {}).get(table, {})
    if "partitions" not in entry or (entry["columns"], entry["selected"]) != (columns, selected):
        return None
    partitions = {int(v): ExportedPartition(**it) for v, it in entry["partitions"].items()}
    held = Exported(manifest["run_id"], manifest["publish_number"], partitions)
    if not held.urls <= {lake.url(key) for key in lake.keys(f"exports/{table}/")}:
        return None
    return held


def switch(settings: Settings, receipts: Sequence[ExportReceipt], day: date, run_id: str) -> str:
    """Make the files of the receipts the current exports.

    Keeps the files of the export before, for readers in flight, and deletes older ones.

    Args:
        settings: Access to the lake and the warehouse.
        receipts: The exported tables, all of one run.
        day: Batch date of the run.
        run_id: Id of the run.

    Returns:
        The s3:// address of the manifest.

    Raises:
        WarehouseError: The warehouse cannot be read.
    """
    lake = Lake(settings)
    lake.put_text(DICTIONARY, dictionary_csv(_types_of_view(settings)), "text/csv")
    with transaction(settings, read_only=True) as work:
        number = last_publish_number(work)
    manifest: dict[str, Any] = {
        "batch_date": day,
        "run_id": run_id,
        "publish_number": number,
        "written_at": datetime.now(UTC),
        "data_dictionary": lake.url(DICTIONARY),
        "tables": {
            r.table: {"files": r.files, **r.model_dump(exclude={"table"})} for r in receipts
        },
    }
    before = lake.get_json(LATEST) or {"tables": {}}
    lake.put_json(LATEST, manifest)
    kept = {lake.key(url) for url in [*_files(manifest), *_files(before)]}
    for key in list(lake.keys("exports/")):
        if "/run=" in key and key not in kept:
            lake.delete(key)
    return lake.url(LATEST)


def _files(manifest: dict[str, Any]) -> list[str]:
    """The addresses of all files that a manifest names."""
    by_format = [entry["files"] for entry in manifest["tables"].values()]
    return [url for files in by_format for urls in files.values() for url in urls]


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


@task(name="switch exports", task_run_name="switch exports {label}", **STEP)
def switch_exports(receipts: list[ExportReceipt], day: date, run_id: str, label: str) -> str:
    """Make the exports of this run the current ones."""
    address = switch(Settings(), receipts, day, run_id)
    get_run_logger().info("%s: exports are at %s", label, address)
    return address
