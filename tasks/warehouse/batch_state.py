"""The open batches of a run, and their rows in `candidate`."""

from collections.abc import Sequence

from infra.contracts import contracts
from infra.settings import Settings
from infra.warehouse import Transaction
from tasks.receipts import OpenBatch
from tasks.warehouse.same_content import (
    expand,
    plan_retraction,
    read_deliveries,
    repeating_tables,
)
from tasks.warehouse.writer_lock import writing


def open_batches(settings: Settings, batches: Sequence[OpenBatch], run_id: str) -> None:
    """Open the batches that the next steps process, and delete the rows of an earlier run.

    Raises:
        LockError: Another run has taken over the lock.
        WarehouseError: A statement failed.
    """
    retracted = [batch.batch_date for batch in batches if batch.action == "retract"]
    with writing(settings, run_id) as work:
        clear_arrivals(work)
        for table in repeating_tables() if retracted else ():
            expand(work, table, plan_retraction(read_deliveries(work, table), retracted))
        slots = ", ".join(["(%s, %s, %s)"] * len(batches))
        work.run(
            f"INSERT INTO audit.open_batch (batch_date, action, source) VALUES {slots}",
            [v for batch in batches for v in (batch.batch_date, batch.action, batch.source)],
        )


def clear_arrivals(work: Transaction) -> None:
    """Close the open batches and delete their rows in `candidate`."""
    work.run("DELETE FROM audit.open_batch")
    for table in ("load", "batch_metrics", "drift"):
        work.run(f"DELETE FROM candidate.{table}")
    for table in contracts():
        work.run(f"DELETE FROM candidate.batch_{table}")
