"""Wait for the files of a batch that the source has not delivered yet."""

import time
from datetime import UTC, date, datetime

from prefect import get_run_logger, task

from infra.settings import Settings
from infra.source_storage import MissingSourceError
from tasks.ingest.source import batch_folder, check_source

_LOOK_SECONDS = 60.0


@task(
    name="wait for source",
    task_run_name="wait for the files of {day}",
    timeout_seconds=(Settings().source_wait_hours + 1) * 3600,
)
def wait_for_source(source: str, day: date, until: datetime) -> None:
    """Look for the files of a batch once a minute, until they are there or a time has passed.

    Args:
        source: A path, or s3://bucket/prefix.
        day: The date of the batch.
        until: The deadline, with a time zone.

    Raises:
        MissingSourceError: The files are not there at the deadline.
        SourceError: The files cannot be used.
    """
    settings, logger, has_logged = Settings(), get_run_logger(), False
    while True:
        try:
            check_source(batch_folder(source, day, settings))
        except MissingSourceError as error:
            left = (until - datetime.now(UTC)).total_seconds()
            if left <= 0:
                raise
            if not has_logged:
                logger.warning(
                    "%s. Looking again every minute until %s UTC (OLIST_SOURCE_WAIT_HOURS)",
                    error,
                    f"{until.astimezone(UTC):%Y-%m-%d %H:%M}",
                )
                has_logged = True
            time.sleep(min(_LOOK_SECONDS, left))
        else:
            return
