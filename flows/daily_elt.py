"""The daily flow: one batch from its CSV files to published, reconciled analytics."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from prefect import flow, get_run_logger
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
from tasks.ingest.pending import pending_days
from tasks.ingest.source import SourceError, day_folders
from tasks.receipts import Acceptance, OpenBatch
from tasks.warehouse.prepare import ensure_warehouse
from tasks.warehouse.published_index import published_days


def scheduled_day() -> date:
    """The day that a scheduled run is about: the one before it, where the business is."""
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
    """Load one batch of the nine Olist tables and publish what it changes.

    Without a batch date, as on a schedule, it is about the day before, and first catches up, in
    order, the days since the last publish that the source has folders for. A day that is published
    already, from the same files, is left as it is.

    Args:
        batch_date: The day the batch belongs to; default: the day before the scheduled start.
        source: Folder with the nine CSV files (plain or gzip-compressed), or with one such folder
            a day, named YYYY-MM-DD; a path, or s3://bucket/prefix. Default: OLIST_SOURCE.
        accept: Expectations about the source that may fail this time; who decided so, and why.

    Raises SourceError when the files cannot be used, GateError when a gate stops the batch and
    LockError when another run is writing; readers of `analytics` then see what they saw before.
    """
    settings = Settings()
    address = named_source(settings, source)
    if batch_date is None:
        batch_date = scheduled_day()
        if _caught_up(settings, address, batch_date):
            retry_incomplete_outputs(str(flow_run.id), str(batch_date))
            return None
    batch = OpenBatch(batch_date=batch_date, source=address)
    rerun = rerun_command("daily_elt", {"source": address, "batch_date": batch_date})
    return run_batches([batch], str(batch_date), rerun, accept)


def named_source(settings: Settings, source: str | None) -> str:
    """The source that was named, or that of the settings; raises SourceError."""
    if found := source or settings.source:
        return found
    raise SourceError("no source is named: give the parameter `source`, or set OLIST_SOURCE")


def _caught_up(settings: Settings, source: str, day: date) -> bool:
    """Load the days before this one that were missed; whether this one is published already."""
    ensure_warehouse(str(flow_run.id), "catching up")
    days, logger = day_folders(source, settings), get_run_logger()
    last = max(published_days(settings), default=day)
    missed = pending_days(settings, source, [d for d in days if last < d < day])
    for late in missed:
        logger.warning("%s was missed; loading it before %s", late, day)
        rerun = rerun_command("daily_elt", {"source": source, "batch_date": late})
        load_batches_flow(
            [OpenBatch(batch_date=late, source=source)], str(late), rerun, pages=False
        )
    if day in days and not pending_days(settings, source, [day]):
        logger.info("%s is published already, from the same files", day)
        return True
    return False
