"""The backfill flow: load many batches in date order and skip those already published."""

import time
from collections.abc import Sequence
from datetime import date, timedelta

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

from flows.daily_elt import source_or_default
from flows.hooks import announce_failure, announce_success
from flows.pipeline import label_of, load_batches_flow
from flows.post_publish import retry_incomplete_outputs
from flows.progress import Progress
from flows.rerun_command import rerun_command
from flows.results import BackfillReceipt
from infra.settings import Settings
from infra.source_storage import SourceError
from tasks.ingest.pending import pending_days
from tasks.ingest.source import day_folders
from tasks.receipts import OpenBatch
from tasks.warehouse.prepare import ensure_warehouse


def _run_name() -> str:
    return f"backfill {(flow_run.parameters or {}).get('source') or Settings().source}"


@flow(
    name="backfill",
    flow_run_name=_run_name,
    on_failure=[announce_failure],
    on_completion=[announce_success],
)
def backfill_flow(
    source: str | None = None,
    first: date | None = None,
    last: date | None = None,
    batches_per_publish: int = 1,
) -> BackfillReceipt:
    """Load every batch that has a folder in the source, in date order.

    Batches already published from the same files are skipped, so a stopped backfill resumes at the
    first batch that is not published.

    Args:
        source: Folder with one subfolder per batch, named YYYY-MM-DD: a local path, or
            s3://bucket/prefix. Default: OLIST_SOURCE.
        first: First batch date to load; default: the earliest folder.
        last: Last batch date to load; default: the latest folder.
        batches_per_publish: Number of batches that are validated and published together. A larger
            number is faster, but a failed gate stops all batches of the group.

    Returns:
        The batches that were published, skipped or missing, and the warnings of the gates.

    Raises:
        SourceError: The source has no folder in the range, or its files cannot be used.
        GateError: A gate stopped a group of batches. Groups before it stay published.
        LockError: Another run is writing.
        AfterPublishError: The batches are published, or may be, but a later step failed.
    """
    settings, logger = Settings(), get_run_logger()
    each_publish = max(1, batches_per_publish)
    source = source_or_default(settings, source)
    found = day_folders(source, settings, logger)
    days = [day for day in found if (first or day) <= day <= (last or day)]
    if not days:
        raise SourceError(
            f"{source}: no folder YYYY-MM-DD {f'from {first} ' if first else ''}"
            f"{f'to {last} ' if last else ''}found. `olist extract` creates them from a full dump"
        )
    ensure_warehouse(str(flow_run.id), "backfill")
    remaining = pending_days(settings, source, days)
    receipt = BackfillReceipt(found=len(days))
    receipt.skipped = [day for day in days if day not in remaining]
    receipt.missing = missing_days(days, first, last)
    if receipt.missing:
        logger.warning(
            "%s days have no folder and are skipped: %s",
            len(receipt.missing),
            format_date_ranges(receipt.missing),
        )
    if receipt.skipped:
        logger.info("%s batches are published already", len(receipt.skipped))
    groups = [
        [OpenBatch(batch_date=day, source=source) for day in remaining[at : at + each_publish]]
        for at in range(0, len(remaining), each_publish)
    ]
    progress = Progress([label_of(group) for group in groups], source, shown=True, key="backfill")
    begun = time.monotonic()
    rerun = rerun_command(
        "backfill",
        {
            "source": source,
            "first": first,
            "last": last,
            "batches_per_publish": batches_per_publish,
        },
    )
    for group in groups:
        label = label_of(group)
        with progress.step(label) as step:
            done = load_batches_flow(group, label, rerun, with_outputs=group is groups[-1])
            if done.warnings:
                receipt.warnings[done.label] = done.warnings
            receipt.published += [batch.batch_date for batch in group]
            receipt.seconds = time.monotonic() - begun
            step.rows = sum(done.published.rows.values())
            step.note = f"published; {_to_go(receipt, len(remaining))}"
            step.details += [
                f"warning: {r.id}: violated: {r.reason} ({r.observed})" for r in done.warnings
            ]
        logger.info("%s of %s batches: %s", len(receipt.published), len(remaining), step.note)
    # an earlier run may have stopped between its publish and its outputs
    retry_incomplete_outputs(str(flow_run.id), "backfill")
    return receipt


def _to_go(receipt: BackfillReceipt, of: int) -> str:
    return f"about {time_to_go(len(receipt.published), of, receipt.seconds)} to go"


def time_to_go(done: int, of: int, seconds: float) -> timedelta:
    """Estimate the remaining time of a backfill.

    Args:
        done: Number of batches published so far; at least 1.
        of: Number of batches to publish in total.
        seconds: Seconds elapsed so far.

    Example:
        >>> str(time_to_go(10, 40, 20.0))
        '0:01:00'
    """
    return timedelta(seconds=round(seconds / done * (of - done)))


def missing_days(days: Sequence[date], first: date | None, last: date | None) -> list[date]:
    """Return the days in the range that have no folder.

    Args:
        days: Days that have a folder, in order; not empty.
        first: Start of the range; default: the first of `days`.
        last: End of the range, included; default: the last of `days`.
    """
    start, end = first or days[0], last or days[-1]
    known = set(days)
    every = (start + timedelta(days=n) for n in range((end - start).days + 1))
    return [day for day in every if day not in known]


def format_date_ranges(days: Sequence[date], most: int = 10) -> str:
    """Format days as ranges: `2018-01-01 to 2018-01-06, 2018-01-08, and 12 more spans`.

    Args:
        days: Days in order.
        most: Maximum number of ranges to list; the rest is only counted.
    """
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    shown = [str(r[0]) if len(r) == 1 else f"{r[0]} to {r[-1]}" for r in runs[:most]]
    more = [f"and {len(runs) - most} more spans"] if len(runs) > most else []
    return ", ".join([*shown, *more])
