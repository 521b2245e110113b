"""Handmade batches: rows with sensible defaults, written as the CSV files and loaded."""

import csv
import hashlib
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from infra.contracts import contracts
from infra.ddl import tables
from infra.lake import Lake
from infra.settings import Settings
from infra.source_storage import LocalFolder
from infra.warehouse import transaction
from tasks.ingest.upload import upload_table
from tasks.receipts import OpenBatch, UploadReceipt
from tasks.validation.metrics import compute_metrics
from tasks.warehouse.batch_state import clear_arrivals, open_batches
from tasks.warehouse.copy import copy_table
from tasks.warehouse.models import published_models
from tasks.warehouse.prepare import prepare_warehouse
from tasks.warehouse.publish import publish_batches
from tasks.warehouse.published_index import index_published_batches
from tasks.warehouse.transform import compute_affected_keys, compute_model, drop_candidates
from tasks.warehouse.writer_lock import create_lock, take

DEFAULTS: dict[str, dict[str, Any]] = {
    "customers": {"zip_code_prefix": "01001", "city": "sao paulo", "state": "SP"},
    "sellers": {"zip_code_prefix": "20010", "city": "rio de janeiro", "state": "RJ"},
    "products": {},
    "orders": {
        "order_status": "delivered",
        "order_purchase_timestamp": "2018-01-01 10:00:00",
        "order_estimated_delivery_date": "2018-01-20 00:00:00",
    },
    "order_items": {
        "order_item_id": 1,
        "product_id": "product",
        "seller_id": "seller",
        "shipping_limit_date": "2018-01-05 00:00:00",
        "price": "10.00",
        "freight_value": "1.00",
    },
    "order_payments": {
        "payment_sequential": 1,
        "payment_type": "boleto",
        "payment_installments": 1,
        "payment_value": "11.00",
    },
    "order_reviews": {
        "review_score": 5,
        "review_creation_date": "2018-01-10 00:00:00",
        "review_answer_timestamp": "2018-01-11 00:00:00",
    },
    "geolocation": {"lat": -23.5, "lng": -46.6, "city": "sao paulo", "state": "SP"},
    "category_translation": {},
}
_PREFIXES = {"customers": "customer_", "sellers": "seller_", "geolocation": "geolocation_"}


def id_of(name: str) -> str:
    """A valid 32-digit id for a readable name."""
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def write_source(folder: Path, rows: dict[str, list[dict[str, Any]]]) -> Path:
    """Write the files; ids may be readable names, and column prefixes may be left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, contract in contracts().items():
        with (folder / contract.source_file).open("w", newline="") as file:
            writer = csv.DictWriter(file, contract.header)
            writer.writeheader()
            for row in rows.get(table, []):
                writer.writerow(_filled(table, contract.header, row))
    return folder


def _filled(table: str, header: list[str], row: dict[str, Any]) -> dict[str, Any]:
    prefix = _PREFIXES.get(table, "")
    filled = {}
    for name, value in {**DEFAULTS.get(table, {}), **row}.items():
        column = name if name in header else prefix + name
        filled[column] = (
            id_of(value) if column.endswith("_id") and name != "order_item_id" else value
        )
    return filled


RUN = "run"  # run id of the loader, which holds the writer lock


class Loader:
    """Runs batches through upload, copy, transform and publish."""

    def __init__(self, settings: Settings, folder: Path, *, prepare: bool = True) -> None:
        """Take the writer lock, and prepare the warehouse unless `prepare` is False."""
        self.settings = settings
        self._folder = folder
        self._count = 0
        create_lock(settings)
        self.begin()
        if prepare:
            prepare_warehouse(settings)

    def rows(self, day: date, **tables: list[dict[str, Any]]) -> str:
        """Load and publish handmade rows as the batch of a day; return the run id."""
        self.open_rows(day, **tables)
        return self.publish()

    def open_rows(self, day: date, **tables: list[dict[str, Any]]) -> None:
        """Load handmade rows as the open batch of a day, and compute its candidates."""
        self._count += 1
        source = write_source(self._folder / f"source-{self._count}", tables)
        self.stage(day, source)
        self.compute()

    def retract(self, day: date) -> str:
        """Retract the batch of a day; return the run id."""
        open_batches(
            self.settings, [OpenBatch(batch_date=day, action="retract", source="")], self.begin()
        )
        self.compute()
        return self.publish()

    def stage(self, day: date, source: Path) -> tuple[UploadReceipt, ...]:
        """Upload and copy a source folder, as the open batch."""
        lake, folder = Lake(self.settings), LocalFolder(source)
        run_id = self.begin()
        open_batches(self.settings, [OpenBatch(batch_date=day, source=str(source))], run_id)
        receipts = tuple(upload_table(lake, folder, table, day) for table in contracts())
        for receipt in receipts:
            copy_table(self.settings, [receipt], run_id)
        compute_metrics(self.settings, run_id)
        return receipts

    def compute(self) -> None:
        """Compute all candidate tables of the open batch."""
        compute_affected_keys(self.settings, RUN)
        for model in published_models():
            compute_model(self.settings, model, RUN)

    def publish(self) -> str:
        """Publish the open batch under a new run id; return the id."""
        run_id = f"{RUN}-{uuid4().hex[:8]}"
        take(self.settings, run_id, "test")
        with transaction(self.settings) as work:
            work.run("UPDATE audit.writer_lock SET run_id = %s", [run_id])
        publish_batches(self.settings, run_id)
        index_published_batches(self.settings)
        return run_id

    def clear(self) -> None:
        """Empty staging, candidates, analytics and audit; delete `published/` and `exports/`."""
        with transaction(self.settings) as work:
            for table in contracts():
                work.run(f"DELETE FROM staging.{table}")
            for model in published_models():
                work.run(f"DELETE FROM analytics.{model.name}")
            drop_candidates(work)
            clear_arrivals(work)
            for table in tables("audit").keys() - {"prepared", "writer_lock"}:
                work.run(f"DELETE FROM audit.{table}")
        lake = Lake(self.settings)
        for key in [*lake.keys("published/"), *lake.keys("exports/")]:
            lake.delete(key)

    def release(self) -> None:
        """Release the writer lock for a following flow."""
        with transaction(self.settings) as work:
            work.run("DELETE FROM audit.writer_lock")

    def begin(self) -> str:
        """Take the writer lock for the next batch; return the run id that holds it."""
        self.release()
        take(self.settings, RUN, "test")
        return RUN
