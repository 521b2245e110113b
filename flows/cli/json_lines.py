"""What a command tells programs: one JSON object a line on standard output."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flows.cli.terminal import is_told_elsewhere

if TYPE_CHECKING:
    from flows.progress import Step
    from tasks.receipts import StepResult


def emit(event: str, **facts: Any) -> None:  # noqa: ANN401 (values of JSON)
    """Print an event.

    Args:
        event: Its name: `step_started`, `step_ended`, `log`, `result` or `error`.
        facts: Its other fields; docs/command-line.md lists them.
    """
    line = {"time": datetime.now(UTC).isoformat(), "event": event, **facts}
    sys.stdout.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
    sys.stdout.flush()


class JsonSteps:
    """Prints an event when a step begins, and one when it has ended."""

    def started(self, step: "Step") -> None:
        """Print `step_started`."""
        emit("step_started", run=step.label, step=step.name, number=step.number, of=step.of)

    def ended(self, step: "Step", result: "StepResult") -> None:
        """Print `step_ended`."""
        facts = result.model_dump(mode="json", exclude={"name"})
        emit(
            "step_ended",
            **{"run": step.label, "step": step.name, "number": step.number, "of": step.of},
            **facts,
            details=step.details,
        )


class JsonLog(logging.Handler):
    """Prints log records as events, except what other events tell."""

    def __init__(self, level: int) -> None:
        """Print records of a level and above."""
        super().__init__(level)

    def emit(self, record: logging.LogRecord) -> None:
        """Print `log`."""
        if not is_told_elsewhere(record):
            emit("log", level=record.levelname, logger=record.name, message=record.getMessage())
