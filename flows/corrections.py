"""Flows that correct what is published: withdraw a batch, or compute all of it anew."""

from datetime import date

from prefect import flow
from prefect.runtime import flow_run

from flows.concurrency import TASK_RUNNER
from flows.hooks import announce_failure, announce_success
from flows.pipeline import run_batches
from flows.rerun_command import rerun_command
from flows.results import RunReceipt
from infra.settings import Settings
from tasks.receipts import OpenBatch
from tasks.warehouse.prepare import ensure_warehouse
from tasks.warehouse.published_index import published_days
from tasks.warehouse.restore import indexed_days


class CorrectionError(ValueError):
    """There is nothing to correct; the message says what is there."""


@flow(
    name="retract",
    flow_run_name="{batch_date} retract",
    task_runner=TASK_RUNNER,
    on_failure=[announce_failure],
    on_completion=[announce_success],
)
def retract_flow(batch_date: date) -> RunReceipt:
    """Withdraw a published batch, and compute anew what it touched.

    The lake keeps its files; loading the batch again brings it back.

    Args:
        batch_date: The day of the batch.
    """
    settings = Settings()
    ensure_warehouse(str(flow_run.id), "correction")
    known = published_days(settings)
    if batch_date not in known:
        there = f"{len(known)}, from {known[0]} to {known[-1]}" if known else "none"
        raise CorrectionError(f"Batch {batch_date} is not published; there are {there}")
    batch = OpenBatch(batch_date=batch_date, action="retract", source="retracted")
    return run_batches(
        [batch], f"{batch_date} retract", rerun_command("retract", {"batch_date": batch_date})
    )


@flow(
    name="rebuild",
    flow_run_name="rebuild",
    task_runner=TASK_RUNNER,
    on_failure=[announce_failure],
    on_completion=[announce_success],
)
def rebuild_flow(from_lake: bool = False) -> RunReceipt:
    """Compute all of `analytics` anew from staging, and replace it at once.

    Args:
        from_lake: Fill staging anew, too, from the Parquet of all published batches.
    """
    settings = Settings()
    ensure_warehouse(str(flow_run.id), "correction")
    staged = published_days(settings)
    days = sorted({*staged, *indexed_days(settings)}) if from_lake else staged
    if not days:
        raise CorrectionError("No batch is published, so there is nothing to rebuild")
    action, source = ("restore", "lake") if from_lake else ("rebuild", "staging")
    batches = [OpenBatch(batch_date=day, action=action, source=source) for day in days]
    rerun = rerun_command("rebuild", {"from_lake": from_lake})
    return run_batches(batches, f"rebuild from {source}", rerun)
