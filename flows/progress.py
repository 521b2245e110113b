"""Time the steps of a run, and show a progress bar in the Prefect UI."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

from tasks.log_errors import log_errors


class Progress:
    """Step timer and progress bar of a run.

    Attributes:
        seconds: Duration of each finished or failed step in seconds, by step name.
    """

    def __init__(self, plan: Sequence[str], label: str, *, shown: bool) -> None:
        """Create the progress bar.

        Args:
            plan: Names of the planned steps.
            label: Name of the run, shown with the bar.
            shown: Whether to show the bar. Each step then sends one request to the Prefect server.
        """
        self.seconds: dict[str, float] = {}
        self._plan = plan
        self._label = label
        self._bar: UUID | None = None
        if shown:
            with log_errors("the progress bar cannot be updated"):
                bar = create_progress_artifact(0.0, key="progress", description=label)
                self._bar = cast("UUID", bar)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step, even if it fails; advance the bar if it succeeds."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = time.perf_counter() - started
        if self._bar:
            done = len(self.seconds.keys() & set(self._plan))
            with log_errors("the progress bar cannot be updated"):
                update_progress_artifact(
                    self._bar, round(100 * done / len(self._plan)), f"{self._label}: {name} is done"
                )
