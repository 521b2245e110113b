"""How a command that runs a flow prints: lines for people, Prefect's log, or JSON for programs."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer

from flows.cli import json_lines
from flows.cli.console import console, errors
from flows.cli.terminal import LiveBar, StepLines, WarningLines
from flows.cli.tracebacks import hide_tracebacks


class LogFormat(StrEnum):
    """Formats of what a command prints while a flow runs."""

    text = "text"
    json = "json"


class _Chosen:
    """The choice of the command that runs in this process."""

    verbose = False
    log_format = LogFormat.text


def _verbose(*, given: bool) -> bool:
    _Chosen.verbose = given
    return given


def _log_format(given: LogFormat) -> LogFormat:
    _Chosen.log_format = given
    # programs read standard output; sentences for people go to standard error
    console.stderr = given is LogFormat.json
    return given


Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Also show Prefect's log.", callback=lambda v: _verbose(given=v)
    ),
]
Format = Annotated[
    LogFormat,
    typer.Option(
        "--log-format", help="json: one object a line, for programs.", callback=_log_format
    ),
]


def is_json() -> bool:
    """Whether the command prints JSON."""
    return _Chosen.log_format is LogFormat.json


def result(**facts: Any) -> None:  # noqa: ANN401 (values of JSON)
    """Print the result of the command, if it prints JSON."""
    if is_json():
        json_lines.emit("result", **facts)


@contextmanager
def run_shown() -> Iterator[None]:
    """Show the steps and the log of the runs in the body, as the options say.

    Enter after Prefect has its settings: it is imported here.
    """
    from prefect.logging.configuration import setup_logging  # noqa: PLC0415 (slow to import)

    from flows.progress import listening  # noqa: PLC0415

    setup_logging()  # otherwise Prefect creates its consoles later
    root = logging.getLogger()  # the loggers of Prefect print through it
    with ExitStack() as stack:
        if is_json():
            level = logging.INFO if _Chosen.verbose else logging.WARNING
            stack.enter_context(_only(root, json_lines.JsonLog(level)))
            stack.enter_context(listening(json_lines.JsonSteps()))
        elif _Chosen.verbose:
            hide_tracebacks()
            stack.enter_context(listening(StepLines(console, None)))
        else:
            bar = LiveBar(console) if console.is_terminal else None
            if bar:
                stack.enter_context(bar.on_screen())
            stack.enter_context(_only(root, WarningLines(errors)))
            stack.enter_context(listening(StepLines(console, bar)))
        yield


@contextmanager
def _only(logger: logging.Logger, handler: logging.Handler) -> Iterator[None]:
    """Let a logger have one handler."""
    before, logger.handlers = logger.handlers, [handler]
    try:
        yield
    finally:
        logger.handlers = before
