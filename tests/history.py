"""Load a history of batches in any slices and order; check the invariants of the result."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from infra.contracts import contracts
from infra.lake import Lake
from infra.settings import Settings
from infra.source_storage import LocalFolder
from infra.warehouse import transaction
from tasks.ingest.upload import upload_table
from tasks.receipts import OpenBatch
from tasks.validation.metrics import compute_metrics
from tasks.warehouse.batch_state import open_batches
from tasks.warehouse.copy import copy_table
from tasks.warehouse.models import published_models
from tasks.warehouse.restore import indexed_receipts
from tests.load import Loader

READ = [*(model.name for model in published_models()), "single_customer_view"]
_GRAINS = {
    "dim_customer": "customer_key", "dim_product": "product_key", "dim_seller": "seller_key",
    "dim_geography": "geography_key", "dim_date": "date_key", "fact_order": "order_id",
    "fact_order_item": "order_id, order_item_id", "fact_payment": "order_id, payment_sequential",
    "fact_review": "review_id, order_id", "single_customer_view": "customer_unique_id",
    "sales_overview": "sales_month, state, city",
}  # fmt: skip
_KEYS = [
    ("fact_order", "customer_key", "dim_customer", "customer_key"),
    ("fact_order", "geography_key", "dim_geography", "geography_key"),
    ("fact_order", "purchase_date_key", "dim_date", "date_key"),
    ("fact_order", "delivered_date_key", "dim_date", "date_key"),
    ("fact_order_item", "product_key", "dim_product", "product_key"),
    ("fact_order_item", "seller_key", "dim_seller", "seller_key"),
    ("fact_order_item", "order_id", "fact_order", "order_id"),
    ("fact_payment", "order_id", "fact_order", "order_id"),
    ("fact_review", "order_id", "fact_order", "order_id"),
    ("fact_review", "created_date_key", "dim_date", "date_key"),
]


def checksums(settings: Settings) -> dict[str, str]:
    """Checksum of each published table, independent of row order."""
    sums = {}
    with transaction(settings, read_only=True) as work:
        for name in READ:
            rows = sorted(map(repr, work.query(f"SELECT * FROM analytics.{name}")))
            sums[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return sums


def play(load: Loader, batches: Iterable[Sequence[tuple[date, Path]]]) -> None:
    """Publish groups of batches, one group per publish."""
    lake = Lake(load.settings)
    for group in batches:
        run_id = load.begin()
        opened = [OpenBatch(batch_date=day, source=str(folder)) for day, folder in group]
        open_batches(load.settings, opened, run_id)
        for table in contracts():
            receipts = [
                upload_table(lake, LocalFolder(folder), table, day) for day, folder in group
            ]
            copy_table(load.settings, receipts, run_id)
        compute_metrics(load.settings, run_id)
        load.compute()
        load.publish()


def rebuild(load: Loader, *, from_lake: bool) -> None:
    """Recompute all of `analytics` from staging or from the lake."""
    with transaction(load.settings, read_only=True) as work:
        days = [d for (d,) in work.query("SELECT DISTINCT batch_date FROM audit.loads")]
    run_id = load.begin()
    action = "restore" if from_lake else "rebuild"
    opened = [OpenBatch(batch_date=day, action=action, source="test") for day in days]
    open_batches(load.settings, opened, run_id)
    if from_lake:
        found = indexed_receipts(load.settings)
        for table in contracts():
            copy_table(load.settings, [r for r in found if r.table == table], run_id)
    load.compute()
    load.publish()


def slices(folder: Path) -> list[tuple[date, Path]]:
    """Batch dates and folders of a source folder, in order."""
    return [(date.fromisoformat(path.name), path) for path in sorted(folder.iterdir())]


def require_invariants(settings: Settings) -> None:
    """Assert I1 reconciled, I4 no rows lost, I6 grain and keys, I7 persons; no leftovers."""
    with transaction(settings, read_only=True) as work:
        assert (
            work.query(
                "SELECT measure, source_total, published_total FROM audit.reconciliation "
                "WHERE source_total <> published_total + quarantined_total"
            )
            == []
        )
        assert (
            work.query("SELECT * FROM audit.proven_totals WHERE proven_total <> running_total")
            == []
        )
        assert (
            work.query(
                "SELECT table_name FROM audit.loads "
                "WHERE rows_read <> rows_loaded + rows_quarantined"
            )
            == []
        )
        for table, key in _GRAINS.items():
            doubled = work.query(
                f"SELECT {key} FROM analytics.{table} GROUP BY {key} HAVING COUNT(*) > 1"
            )
            assert doubled == [], table
        for fact, column, dimension, key in _KEYS:
            lost = work.query(
                f"SELECT fact.{column} FROM analytics.{fact} AS fact "
                f"LEFT JOIN analytics.{dimension} AS d ON fact.{column} = d.{key} "
                f"WHERE d.{key} IS NULL"
            )
            assert lost == [], (fact, column)
        for table, key in (
            ("dim_customer", "customer_unique_id"),
            ("dim_product", "product_id"),
            ("dim_seller", "seller_id"),
        ):
            assert _broken_intervals(work, table, key) == [], table
        assert left_over(settings) == []


def _broken_intervals(work, table: str, key: str) -> list[tuple]:
    """Versions that overlap, leave a gap, or do not cover 1900-01-01 to 9999-12-31."""
    return work.query(
        f"""
        SELECT v.{key}, v.valid_from, v.valid_to FROM (
            SELECT {key}, valid_from, valid_to, is_current,
                LAG(valid_to) OVER (PARTITION BY {key} ORDER BY valid_from) AS before,
                LEAD(valid_from) OVER (PARTITION BY {key} ORDER BY valid_from) AS after
            FROM analytics.{table}
        ) AS v
        WHERE COALESCE(v.before, CAST('1900-01-01' AS TIMESTAMP)) <> v.valid_from
            OR COALESCE(v.after, CAST('9999-12-31' AS TIMESTAMP)) <> v.valid_to
            OR v.valid_from >= v.valid_to
            OR v.is_current <> (v.after IS NULL)
        """
    )


def left_over(settings: Settings) -> list[str]:
    """Tables in `candidate` that a run left behind, and `audit.open_batch` if it has rows."""
    with transaction(settings, read_only=True) as work:
        tables = [
            name
            for (name,) in work.query(
                "SELECT table_name FROM svv_tables WHERE table_schema = 'candidate' "
                "AND table_type = 'BASE TABLE'"
            )
        ]
        found = [
            name
            for name in tables
            if work.value(f"SELECT COUNT(*) AS n FROM candidate.{name}")
            or not (name in {"load", "drift"} or name.startswith("batch_"))
        ]
        if work.value("SELECT COUNT(*) AS n FROM audit.open_batch"):
            found.append("audit.open_batch")
    return found


_STATE = """
SELECT
    (SELECT COUNT(*) FROM staging.orders) AS staged,
    (SELECT COUNT(*) FROM audit.loads) AS loads,
    (SELECT COUNT(*) FROM audit.batches) AS batches,
    (SELECT SUM(order_value) FROM analytics.fact_order) AS orders,
    (SELECT SUM(price) + SUM(freight_value) FROM analytics.fact_order_item) AS items,
    (SELECT SUM(total_value) FROM analytics.single_customer_view) AS persons,
    (SELECT SUM(total_value) FROM analytics.sales_overview) AS sales,
    (SELECT COUNT(*) FROM analytics.dim_customer) AS addresses
"""


def published_state(settings: Settings) -> tuple:
    """Counts and sums of what readers see, as one row."""
    with transaction(settings, read_only=True) as work:
        return work.query(_STATE)[0]
