"""What comes after a publish: exports and dashboards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from prefect import get_run_logger

from flows.side_by_side import all_of
from infra.settings import Settings
from tasks.dashboard import dashboards
from tasks.dictionary import dictionary
from tasks.export import export, exported_run, switch_exports
from tasks.lock import holding, take_lock
from tasks.overview import shown_run
from tasks.publish import AfterPublishError, last_publish


def settle_what_is_owed(run_id: str, label: str) -> None:
    """Export and draw the last publish, where a run that was stopped after it owes that.

    Raises AfterPublishError and LockError.
    """
    settings, logger = Settings(), get_run_logger()
    if (last := last_publish(settings)) is None:
        return
    published, day = last
    owed = [
        what
        for what, wanted, done in (
            ("exports", settings.exports, exported_run),
            ("dashboards", settings.dashboards, shown_run),
        )
        if wanted and done(settings) != published
    ]
    if not owed:
        return
    logger.warning("%s are older than what is published; renewing them", " and ".join(owed))
    take_lock(run_id, label)
    with holding(settings, run_id, label, logger.warning):
        if "exports" in owed:
            with after_publish(label, "exports"):
                export_all(published, day, label)
        if "dashboards" in owed:
            with after_publish(label, "dashboards"):
                dashboards(label)


def export_all(run_id: str, day: date, label: str) -> None:
    """Bring what is published to S3, all tables at once for readers."""
    receipts = all_of(export.submit(table, day, run_id, label) for table in dictionary())
    switch_exports(receipts, day, run_id, label)


@contextmanager
def after_publish(label: str, what: str) -> Iterator[None]:
    """Say of an error that what is published is right all the same."""
    try:
        yield
    except Exception as error:
        raise AfterPublishError(
            f"{label} is published and validated, but its {what} failed, so they are those of "
            f"before: {error}"
        ) from error
