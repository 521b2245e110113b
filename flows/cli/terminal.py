"""What the terminal shows of a run: a line for each step, a live bar, and warnings."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

if TYPE_CHECKING:
    from flows.progress import Step
    from tasks.receipts import StepResult

_WIDTH = 79  # of a line; seconds end there
_NAME = 29  # what a step did begins in this column
_INDENT = " " * 8


class StepLines:
    """Prints a line when a step has ended; while it runs, a bar shows its name and time."""

    def __init__(self, console: Console, bar: "LiveBar | None") -> None:
        """Print to a console.

        Args:
            console: Where to print.
            bar: The live bar; None without a terminal.
        """
        self._console = console
        self._bar = bar

    def started(self, step: "Step") -> None:
        """Show the step in the bar."""
        if self._bar:
            self._bar.show(step)

    def ended(self, step: "Step", result: "StepResult") -> None:
        """Print the line of the step, unless it is part of another run's step."""
        if self._bar:
            self._bar.hide(step)
        if step.is_nested:
            return
        self._console.print(_line(step, result), soft_wrap=True)
        for detail in step.details:
            style = "yellow" if detail.startswith("warning") else "dim"
            self._console.print(f"{_INDENT}{detail}", style=style, soft_wrap=True)


class LiveBar:
    """A bar at the end of the terminal that shows which step runs, and for how long."""

    def __init__(self, console: Console) -> None:
        """Create the bar; it is there within the context `on_screen`."""
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._tasks: dict[int, TaskID] = {}

    @contextmanager
    def on_screen(self) -> Iterator[None]:
        """Show the bar while steps run."""
        with self._progress:
            yield

    def show(self, step: "Step") -> None:
        """Add a row for a step."""
        description = f"{_count(step)} {step.label}: {step.name}"
        task = self._progress.add_task(description, total=step.of, completed=step.number - 1)
        self._tasks[id(step)] = task

    def hide(self, step: "Step") -> None:
        """Remove the row of a step."""
        self._progress.remove_task(self._tasks.pop(id(step)))


class WarningLines(logging.Handler):
    """Prints warnings and errors that are logged, one line each.

    It leaves out what Prefect logs of failed tasks and flows: the command prints the error once, at
    its end. It also leaves out records with `in_step_line`, which the line of the step tells.
    """

    def __init__(self, console: Console) -> None:
        """Print to a console."""
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        if is_told_elsewhere(record):
            return
        style = "red" if record.levelno >= logging.ERROR else "yellow"
        text = f"{_INDENT}{record.levelname.lower()}: {record.getMessage()}"
        self._console.print(text, style=style, soft_wrap=True)


def is_told_elsewhere(record: logging.LogRecord) -> bool:
    """Whether the end of the command, or the line of a step, tells what a log record tells."""
    is_of_run = record.name.startswith(("prefect.flow_runs", "prefect.task_runs"))
    return getattr(record, "in_step_line", False) or (
        is_of_run and Path(record.pathname).is_relative_to(_prefect_folder())
    )


@cache
def _prefect_folder() -> Path:
    """The folder of Prefect's package: a clone of this project may lie below one of that name."""
    found = find_spec("prefect")
    assert found is not None  # noqa: S101 (a dependency)
    assert found.origin is not None  # noqa: S101
    return Path(found.origin).parent


def _line(step: "Step", result: "StepResult") -> Text:
    rows = "" if result.rows is None else f"{result.rows:,} rows"
    note = "failed" if result.failed and not result.note else result.note
    did = "  ".join(filter(None, (rows, note)))
    start = f"{_count(step)} {step.name}".ljust(_NAME - 1) + f" {did}"
    seconds = f" {result.seconds:.1f} s"
    style = "red" if result.failed else "yellow" if "warning" in note else ""
    return Text(start + seconds.rjust(_WIDTH - len(start)), style=style)


def _count(step: "Step") -> str:
    return f"[{step.number:>{len(str(step.of))}}/{step.of}]"
