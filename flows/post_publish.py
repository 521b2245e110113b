"""Write exports and dashboards after a publish."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from prefect import get_run_logger

from flows.concurrency import gather
from infra.settings import Settings
from tasks.publish_state import AfterPublishError
from tasks.receipts import ExportReceipt
from tasks.reporting.dashboards.build import dashboards
from tasks.reporting.export.manifest import exports_run_id, switch_exports
from tasks.reporting.export.unload import export
from tasks.reporting.overview import dashboards_run_id
from tasks.warehouse.data_dictionary import dictionary
from tasks.warehouse.published_index import is_reconciled, last_publish
from tasks.warehouse.writer_lock import hold_writer_lock, take_lock


def retry_incomplete_outputs(run_id: str, label: str) -> None:
    """Write the exports and dashboards of the last publish if they are missing or outdated.

    They are not written from a publish that is not reconciled.

    Args:
        run_id: Id of this flow run, which takes the writer lock.
        label: Name of this run in messages.

    Raises:
        AfterPublishError: Exports or dashboards failed again.
        LockError: Another run is writing.
    """
    settings, logger = Settings(), get_run_logger()
    if (last := last_publish(settings)) is None:
        return
    published, day = last
    outputs = (
        ("exports", settings.exports, exports_run_id),
        ("dashboards", settings.dashboards, dashboards_run_id),
    )
    outdated = [name for name, wanted, run in outputs if wanted and run(settings) != published]
    if not outdated:
        return
    if not is_reconciled(settings):
        logger.warning(
            "%s are older than the last publish, and stay as they are: its totals were not "
            "compared with the source files, or do not match them. Compare them: olist validate",
            " and ".join(outdated),
        )
        return
    logger.warning("%s are older than the last publish; rewriting them", " and ".join(outdated))
    take_lock(run_id, label)
    with hold_writer_lock(settings, run_id, label, logger.warning):
        if "exports" in outdated:
            with after_publish(label, "exports"):
                export_tables(published, day, label)
        if "dashboards" in outdated:
            with after_publish(label, "dashboards"):
                dashboards(label)


def export_tables(run_id: str, day: date, label: str) -> list[ExportReceipt]:
    """Export what has changed of the published tables, then switch readers atomically.

    Args:
        run_id: Id of the run that published the tables.
        day: Latest batch date of that run; part of the S3 keys.
        label: Name of the run in task names.

    Returns:
        The receipts of all tables.
    """
    receipts = gather(export.submit(table, day, run_id, label) for table in dictionary())
    switch_exports(receipts, day, run_id, label)
    return receipts


@contextmanager
def after_publish(label: str, output: str) -> Iterator[None]:
    """Wrap errors raised after the commit in AfterPublishError."""
    try:
        yield
    except Exception as error:
        raise AfterPublishError(
            f"{label} is published and validated, but its {output} failed. The previous "
            f"{output} remain available: {error}",
            "reconciled",
        ) from error
