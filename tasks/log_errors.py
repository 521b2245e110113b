"""Errors of what only informs a person must not fail a run."""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect import get_run_logger


@contextmanager
def log_errors(what: str) -> Iterator[None]:
    """Log an error of the body as a warning, and go on.

    Args:
        what: What has failed, for the log.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 (logged)
        get_run_logger().warning("%s: %s", what, error)
