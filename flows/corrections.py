"""Flows that correct published data: retract a batch, or rebuild all of `analytics`."""

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
    """Raised when there is nothing to correct; the message lists what is published."""


@flow(
    name="retract",
    flow_run_name="{batch_date} retract",
    task_runner=TASK_RUNNER,
    on_failure=[announce_failure],
    on_completion=[announce_success],
)
def retract_flow(batch_date: date) -> RunReceipt:
    """Retract a published batch and recompute the rows that it affected.

    The lake keeps the files of the batch. Loading the batch again restores it.

    Args:
        batch_date: Date of the batch.

    Raises:
        CorrectionError: The batch is not published.
        GateError: A gate stopped the run.
        LockError: Another run is writing.
        AfterPublishError: The correction is published, or may be, but a later step failed.
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
    """Recompute all of `analytics` from staging and replace it in one transaction.

    Args:
        from_lake: Also reload staging from the Parquet files of all published batches.

    Raises:
        CorrectionError: No batch is published.
        GateError: A gate stopped the run.
        LockError: Another run is writing.
        AfterPublishError: The rebuild is published, or may be, but a later step failed.
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
