"""The backfill flow: many batches in order, resumed where an earlier backfill ended."""

import time
from collections.abc import Sequence
from datetime import date, timedelta
from typing import cast
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.runtime import flow_run

from flows.daily_elt import named_source
from flows.hooks import announce_failure, announce_success
from flows.pipeline import label_of, load_batches_flow
from flows.post_publish import retry_incomplete_outputs
from flows.rerun_command import rerun_command
from flows.results import BackfillReceipt
from infra.settings import Settings
from tasks.ingest.pending import pending_days
from tasks.ingest.source import SourceError, day_folders
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
    """Load every batch that a source has a folder for, in the order of their days.

    What is published already, from the same files, is left out: so a backfill that was stopped
    goes on where it was.

    Args:
        source: Folder with one folder a batch, named YYYY-MM-DD; a path, or s3://bucket/prefix.
            Default: OLIST_SOURCE.
        first: The first day; default: the first folder.
        last: The last day; default: the last folder.
        batches_per_publish: How many batches go through the gates together and are published at
            once. More is faster; a gate that fails stops all of them.
    """
    settings, logger = Settings(), get_run_logger()
    source = named_source(settings, source)
    days = [d for d in day_folders(source, settings) if (first or d) <= d <= (last or d)]
    if not days:
        raise SourceError(
            f"{source}: no folder YYYY-MM-DD {f'from {first} ' if first else ''}"
            f"{f'to {last} ' if last else ''}is there. `olist extract` makes some from a full dump"
        )
    ensure_warehouse(str(flow_run.id), "backfill")
    remaining = pending_days(settings, source, days)
    receipt = BackfillReceipt(found=len(days))
    receipt.skipped = [day for day in days if day not in remaining]
    receipt.missing = missing_days(days, first, last)
    if receipt.missing:
        logger.warning(
            "%s days have no folder, and are left out: %s",
            len(receipt.missing),
            format_date_ranges(receipt.missing),
        )
    if receipt.skipped:
        logger.info("%s batches are published already", len(receipt.skipped))
    progress = cast(
        "UUID", create_progress_artifact(progress=0.0, key="backfill", description=source)
    )
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
    for at in range(0, len(remaining), max(1, batches_per_publish)):
        group = [
            OpenBatch(batch_date=day, source=source)
            for day in remaining[at : at + max(1, batches_per_publish)]
        ]
        last_of_all = len(receipt.published) + len(group) == len(remaining)
        done = load_batches_flow(group, label_of(group), rerun, pages=last_of_all)
        if done.warnings:
            receipt.warnings[done.label] = done.warnings
        receipt.published += [batch.batch_date for batch in group]
        receipt.seconds = time.monotonic() - begun
        update_progress_artifact(progress, 100 * len(receipt.published) / len(remaining))
        logger.info(format_progress(len(receipt.published), len(remaining), receipt.seconds))
    retry_incomplete_outputs(str(flow_run.id), "backfill")  # an earlier one may have been stopped
    return receipt


def format_progress(done: int, of: int, seconds: float) -> str:
    """Progress, and an estimate of the rest."""
    each = seconds / done
    left = timedelta(seconds=round(each * (of - done)))
    return f"{done} of {of} batches published, {each:.1f} s each, about {left} to go"


def missing_days(days: Sequence[date], first: date | None, last: date | None) -> list[date]:
    """The days from the first to the last that have no folder."""
    start, end = first or days[0], last or days[-1]
    known = set(days)
    every = (start + timedelta(days=n) for n in range((end - start).days + 1))
    return [day for day in every if day not in known]


def format_date_ranges(days: Sequence[date], most: int = 10) -> str:
    """Days as a short text: `2018-01-01 to 2018-01-06, 2018-01-08, and 12 more spans`."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    shown = [str(r[0]) if len(r) == 1 else f"{r[0]} to {r[-1]}" for r in runs[:most]]
    more = [f"and {len(runs) - most} more spans"] if len(runs) > most else []
    return ", ".join([*shown, *more])
