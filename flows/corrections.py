"""Flows that correct published data: retract a batch, or rebuild all of `analytics`."""

from collections.abc import Sequence
from datetime import date

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

from flows.concurrency import TASK_RUNNER
from flows.hooks import announce_failure, announce_success
from flows.pipeline import run_batches
from flows.rerun_command import rerun_command
from flows.results import RunReceipt
from infra.settings import Settings
from tasks.receipts import OpenBatch
from tasks.request import RequestError
from tasks.warehouse.models import select_models
from tasks.warehouse.prepare import ensure_warehouse
from tasks.warehouse.published_index import published_days, repair_index, retracted_days
from tasks.warehouse.restore import indexed_days


class CorrectionError(RequestError):
    """Raised when there is nothing to correct; the message lists what is published."""


@flow(
    name="retract",
    flow_run_name="{batch_date} retract",
    task_runner=TASK_RUNNER,
    on_failure=[announce_failure],
    on_completion=[announce_success],
)
def retract_flow(batch_date: date, also: Sequence[date] = ()) -> RunReceipt:
    """Retract published batches and recompute the rows that they affected.

    The lake keeps the files of a batch. Loading the batch again restores it. Retracting a batch
    that is already retracted finishes a run that was interrupted: totals are compared, and exports
    and pages written.

    Args:
        batch_date: Date of the batch.
        also: Dates of batches to retract in the same publish, such as those that refer to rows
            that only this batch has.

    Raises:
        CorrectionError: The batch is not published.
        GateError: A gate stopped the run.
        LockError: Another run is writing.
        AfterPublishError: The correction is published, or may be, but a later step failed.
    """
    settings = Settings()
    ensure_warehouse(str(flow_run.id), "correction")
    known, retracted = published_days(settings), retracted_days(settings)
    days = sorted({batch_date, *also})
    for day in days:
        if day in retracted:
            get_run_logger().warning("%s is already retracted; finishing what is left", day)
        elif day not in known:
            there = f"{len(known)}, from {known[0]} to {known[-1]}" if known else "none"
            raise CorrectionError(f"Batch {day} is not published; there are {there}")
    batches = [OpenBatch(batch_date=day, action="retract", source="retracted") for day in days]
    rerun = rerun_command("retract", {"batch_date": batch_date, "also": also})
    return run_batches(batches, f"{batch_date} retract", rerun)


@flow(
    name="rebuild",
    flow_run_name="rebuild",
    task_runner=TASK_RUNNER,
    on_failure=[announce_failure],
    on_completion=[announce_success],
)
def rebuild_flow(from_lake: bool = False, select: Sequence[str] = ()) -> RunReceipt:
    """Recompute all of `analytics` from staging and replace it in one transaction.

    Args:
        from_lake: Also reload staging from the Parquet files of all published batches.
        select: Recompute only these models, such as `dim_customer+` (with those that read it) or
            `+fact_order` (with those that it reads). The gates check all of them.

    Raises:
        CorrectionError: No batch is published.
        RequestError: There is no such model, or `select` is combined with `from_lake`.
        GateError: A gate stopped the run.
        LockError: Another run is writing.
        AfterPublishError: The rebuild is published, or may be, but a later step failed.
    """
    settings = Settings()
    if select and from_lake:
        raise RequestError("staging from the lake changes all models: leave out the selection")
    models = select_models(select)
    ensure_warehouse(str(flow_run.id), "correction")
    days = published_days(settings)
    if from_lake:
        if repaired := repair_index(settings):
            get_run_logger().warning(
                "the index of the lake did not agree with the audit; its entries are rewritten: %s",
                ", ".join(map(str, repaired)),
            )
        days = sorted({*days, *indexed_days(settings)})
    if not days:
        raise CorrectionError("No batch is published, so there is nothing to rebuild")
    action, source = ("restore", "lake") if from_lake else ("rebuild", "staging")
    batches = [OpenBatch(batch_date=day, action=action, source=source) for day in days]
    rerun = rerun_command("rebuild", {"from_lake": from_lake, "select": select})
    label = f"rebuild {' '.join(select)}" if select else f"rebuild from {source}"
    return run_batches(batches, label, rerun, models=models or None)
