"""Time the steps of a run, tell who listens, and show a progress bar in the Prefect UI."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from tasks.log_errors import log_errors
from tasks.receipts import StepResult


@dataclass
class Step:
    """A running step. The run sets `rows`, `note` and `details` before the step ends."""

    label: str  # of the run
    name: str
    number: int  # from 1
    of: int  # steps of the run
    is_nested: bool  # whether it is a step of a run within another run's step
    rows: int | None = None
    note: str = ""
    details: list[str] = field(default_factory=list)


class Listener(Protocol):
    """What learns of the steps, such as the terminal."""

    def started(self, step: Step) -> None:
        """A step begins."""

    def ended(self, step: Step, result: StepResult) -> None:
        """A step has ended, or failed."""


_listeners: list[Listener] = []
_running: list[Step] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell a listener of the steps of all runs in this process."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


class Progress:
    """Step timer and progress bar of a run.

    Attributes:
        steps: The finished and failed steps, in order.
    """

    def __init__(
        self, plan: Sequence[str], label: str, *, shown: bool, key: str = "progress"
    ) -> None:
        """Create the progress bar.

        Args:
            plan: Names of the planned steps.
            label: Name of the run, shown with the bar.
            shown: Whether to show the bar. Each step then sends one request to the Prefect server.
            key: Key of the bar's artifact.
        """
        self.steps: list[StepResult] = []
        self._plan = list(plan)
        self._label = label
        self._bar: UUID | None = None
        if shown:
            with log_errors("the progress bar cannot be updated"):
                bar = create_progress_artifact(0.0, key=key, description=label)
                self._bar = cast("UUID", bar)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step, even if it fails; advance the bar if it succeeds."""
        number = self._plan.index(name) + 1
        step = Step(self._label, name, number, len(self._plan), is_nested=bool(_running))
        started, failed = time.perf_counter(), True
        _running.append(step)
        try:
            for listener in _listeners:
                listener.started(step)
            yield step
            failed = False
        finally:
            _running.remove(step)
            seconds = time.perf_counter() - started
            result = StepResult(
                name=name, seconds=seconds, rows=step.rows, note=step.note, failed=failed
            )
            self.steps.append(result)
            for listener in _listeners:
                listener.ended(step, result)
        if self._bar:
            with log_errors("the progress bar cannot be updated"):
                update_progress_artifact(
                    self._bar, round(100 * number / step.of), f"{self._label}: {name} is done"
                )
