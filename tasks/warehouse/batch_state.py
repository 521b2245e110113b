"""The batches that a run has opened, and the rows that arrive with them."""

from collections.abc import Sequence

from infra.contracts import contracts
from infra.settings import Settings
from infra.warehouse import Transaction
from tasks.receipts import OpenBatch
from tasks.warehouse.writer_lock import writing


def open_batches(settings: Settings, batches: Sequence[OpenBatch], run_id: str) -> None:
    """Say which batches the steps that follow are about, and clear what an earlier run left.

    Raises WarehouseError, and LockError when another run has taken over.
    """
    with writing(settings, run_id) as work:
        clear_arrivals(work)
        slots = ", ".join(["(%s, %s, %s)"] * len(batches))
        work.run(
            f"INSERT INTO audit.open_batch VALUES {slots}",
            [v for batch in batches for v in (batch.batch_date, batch.action, batch.source)],
        )


def clear_arrivals(work: Transaction) -> None:
    """Close the open batches and forget the rows that arrived with them."""
    work.run("DELETE FROM audit.open_batch")
    for table in ("load", "batch_metrics", "drift"):
        work.run(f"DELETE FROM candidate.{table}")
    for table in contracts():
        work.run(f"DELETE FROM candidate.batch_{table}")
