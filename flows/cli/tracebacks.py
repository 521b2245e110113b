"""Keep tracebacks out of the terminal, unless OLIST_DEBUG is set: the message says what to do.

Prefect logs a traceback for each failed task and flow. Its server keeps them.
"""

import logging
import os


class WithoutTraceback(logging.Formatter):
    """Formats a record as another formatter does, without its traceback."""

    def __init__(self, other: logging.Formatter) -> None:
        """Wrap a formatter."""
        super().__init__()
        self._other = other

    def format(self, record: logging.LogRecord) -> str:
        """Format a copy, because other handlers share the record."""
        copy = logging.makeLogRecord(record.__dict__)
        copy.exc_info, copy.exc_text = None, None
        return self._other.format(copy)


def hide_tracebacks() -> None:
    """Let the consoles that Prefect sets up print messages only."""
    if os.environ.get("OLIST_DEBUG"):
        return
    from prefect.logging.configuration import setup_logging  # noqa: PLC0415 (slow to import)

    setup_logging()  # otherwise Prefect creates its consoles later
    for handler in logging.getLogger().handlers:  # those of Prefect's loggers do not print
        if handler.formatter and not isinstance(handler.formatter, WithoutTraceback):
            handler.setFormatter(WithoutTraceback(handler.formatter))
