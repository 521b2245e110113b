"""The steps of a run: the seconds that each took, and a bar in the Prefect UI."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact


class Steps:
    """Notes when each of the steps is done; the clock starts when it is made."""

    def __init__(self, expected: int, label: str, *, shown: bool) -> None:
        """Of so many steps; `shown` draws the bar, which asks the Prefect server once a step."""
        self.seconds: dict[str, float] = {}
        self._expected = expected
        self._label = label
        self._bar = self._new_bar() if shown else None
        self._since = time.perf_counter()

    def done(self, step: str) -> None:
        """Note the time since the last step."""
        now = time.perf_counter()
        self.seconds[step] = now - self._since
        self._since = now
        if self._bar:
            percent = min(100.0, round(100 * len(self.seconds) / self._expected))
            with _unharmed():
                update_progress_artifact(self._bar, percent, f"{self._label}: {step} is done")

    def _new_bar(self) -> UUID | None:
        with _unharmed():
            begun = create_progress_artifact(0.0, key="progress", description=self._label)
            return cast("UUID", begun)
        return None


@contextmanager
def _unharmed() -> Iterator[None]:
    """A bar that cannot be drawn is told, and harms no run."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 (told)
        get_run_logger().warning("the progress cannot be shown: %s", error)
