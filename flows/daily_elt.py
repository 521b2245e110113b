"""The daily flow: load, validate, publish and reconcile one batch of CSV files."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from prefect import flow, get_run_logger
from prefect.context import FlowRunContext
from prefect.runtime import flow_run

from flows.concurrency import TASK_RUNNER
from flows.hooks import announce_failure, announce_success
from flows.pipeline import (
    load_batches_flow,
    run_batches,
)
from flows.post_publish import retry_incomplete_outputs
from flows.rerun_command import rerun_command
from flows.results import RunReceipt
from infra.settings import Settings
from infra.source_storage import SourceError
from tasks.ingest.pending import pending_days
from tasks.ingest.source import day_folders
from tasks.ingest.wait import wait_for_source
from tasks.receipts import Acceptance, OpenBatch
from tasks.warehouse.prepare import ensure_warehouse
from tasks.warehouse.published_index import published_days


def scheduled_day() -> date:
    """Return the batch date of a scheduled run: the day before its start in OLIST_TIMEZONE."""
    start = flow_run.scheduled_start_time
    return start.astimezone(ZoneInfo(Settings().timezone)).date() - timedelta(days=1)


def _run_name() -> str:
    return f"{(flow_run.parameters or {}).get('batch_date') or scheduled_day()} daily"


@flow(
    name="daily_elt",
    flow_run_name=_run_name,
    task_runner=TASK_RUNNER,
    on_failure=[announce_failure],
    on_completion=[announce_success],
)
def daily_elt_flow(
    batch_date: date | None = None,
    source: str | None = None,
    accept: Acceptance | None = None,
) -> RunReceipt | None:
    """Load one batch of the Olist tables and publish the rows that it changes.

    Without a batch date, as in scheduled runs, the flow loads the day before the scheduled start.
    It first loads, in order, the missed days since the last published batch that have a folder in
    the source. A day already published from the same files is skipped. A run that a schedule has
    started looks again for files that are not there yet, until OLIST_SOURCE_WAIT_HOURS have passed.

    A run that fails before the publish step does not change `analytics`. The gate
    `reconciliation` runs after the publish.

    Args:
        batch_date: Date of the batch; default: the day before the scheduled start.
        source: Folder with the CSV files (plain or gzip-compressed), or with one such
            subfolder per day, named YYYY-MM-DD: a local path, or s3://bucket/prefix.
            Default: OLIST_SOURCE.
        accept: Expectations about the source that may fail in this run, with the name of the
            person who accepts them and the reason.

    Returns:
        The result of the run; None if the batch of a scheduled run is already published.

    Raises:
        SourceError: The files cannot be used.
        GateError: A gate stopped the batch.
        LockError: Another run is writing.
        AfterPublishError: The batch is published, or may be, but a later step failed.
    """
    settings = Settings()
    address = source_or_default(settings, source)
    if batch_date is None:
        batch_date = scheduled_day()
        if _load_missed_days(settings, address, batch_date):
            retry_incomplete_outputs(str(flow_run.id), str(batch_date))
            return None
        if _is_scheduled():
            limit = timedelta(hours=settings.source_wait_hours)
            wait_for_source(address, batch_date, flow_run.scheduled_start_time + limit)
    batch = OpenBatch(batch_date=batch_date, source=address)
    rerun = rerun_command("daily_elt", {"source": address, "batch_date": batch_date})
    return run_batches([batch], str(batch_date), rerun, accept)


def _is_scheduled() -> bool:
    """Whether a schedule has started this run, and not a person."""
    context = FlowRunContext.get()
    return bool(context and context.flow_run and context.flow_run.auto_scheduled)


def source_or_default(settings: Settings, source: str | None) -> str:
    """Return the given source, or else OLIST_SOURCE.

    Raises:
        SourceError: Neither is set.
    """
    if found := source or settings.source:
        return found
    raise SourceError("no source is named: give the parameter `source`, or set OLIST_SOURCE")


def _load_missed_days(settings: Settings, source: str, day: date) -> bool:
    """Load missed days before `day`; return whether `day` is already published."""
    ensure_warehouse(str(flow_run.id), "catching up")
    logger = get_run_logger()
    days = day_folders(source, settings, logger)
    # a batch of a later day does not end catching up
    last = max((known for known in published_days(settings) if known < day), default=day)
    missed = pending_days(settings, source, [d for d in days if last < d < day])
    for missed_day in missed:
        logger.warning("%s was missed; loading it before %s", missed_day, day)
        rerun = rerun_command("daily_elt", {"source": source, "batch_date": missed_day})
        load_batches_flow(
            [OpenBatch(batch_date=missed_day, source=source)],
            str(missed_day),
            rerun,
            with_outputs=False,
        )
    if day in days and not pending_days(settings, source, [day]):
        logger.info("%s is already published from the same files; skipping it", day)
        return True
    return False
