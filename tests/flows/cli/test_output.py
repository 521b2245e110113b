"""What a command prints while a flow runs: lines, a bar, JSON."""

import io
import json
import logging
from collections.abc import Callable

import prefect.task_engine
import pytest
from rich.console import Console

from flows.cli.json_lines import JsonLog, JsonSteps
from flows.cli.terminal import LiveBar, StepLines, WarningLines
from flows.progress import Progress, Step, listening
from tasks.receipts import StepResult

PLAN = ["prepare", "copy", "gate: staging"]


def _console(*, terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=terminal, markup=False)


def _printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _run(steps: Callable[[Step], None]) -> None:
    progress = Progress(PLAN, "2018-10-18", shown=False)
    with progress.step("copy") as step:
        steps(step)


def _copy(step: Step) -> None:
    step.rows, step.note = 24_968, "9 new tables"
    step.details.append("warning: staging.orders.volume: fewer rows than ever (12 rows)")


def test_a_step_is_one_line_with_number_rows_and_seconds_in_80_columns() -> None:
    console = _console()
    with listening(StepLines(console, None)):
        _run(_copy)
    line, detail = _printed(console).splitlines()
    assert line.startswith("[2/3] copy ")
    assert "24,968 rows  9 new tables" in line
    assert line.endswith(" s")
    assert len(line) == 79
    assert detail.strip().startswith("warning: staging.orders.volume")


def test_a_step_that_fails_says_so() -> None:
    console = _console()
    with (
        pytest.raises(OSError, match="gone"),
        listening(StepLines(console, None)),
        Progress(PLAN, "2018-10-18", shown=False).step("copy"),
    ):
        raise OSError("gone")
    assert "[2/3] copy" in _printed(console)
    assert "failed" in _printed(console)


def test_a_group_of_a_backfill_is_one_line() -> None:
    console = _console()
    with listening(StepLines(console, None)):
        groups = Progress(["2018-10-17", "2018-10-18"], "/data", shown=False)
        with groups.step("2018-10-17"):
            _run(_copy)
    (line,) = _printed(console).splitlines()
    assert line.startswith("[1/2] 2018-10-17 ")


def test_a_terminal_shows_what_runs() -> None:
    console = _console(terminal=True)
    bar = LiveBar(console)
    with bar.on_screen(), listening(StepLines(console, bar)):
        _run(lambda _: bar._progress.refresh())
    assert "[2/3] 2018-10-18: copy" in _printed(console)


def _record(path: str, level: int = logging.WARNING, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("prefect.task_runs", level, path, 1, "it is %s", ("late",), None)
    record.__dict__.update(extra)
    return record


def test_warnings_of_the_pipeline_are_printed_and_those_told_elsewhere_are_not() -> None:
    console = _console()
    lines = WarningLines(console)
    lines.handle(_record(__file__))
    lines.handle(_record("/home/me/prefect/olist-elt/tasks/retries.py"))
    lines.handle(_record(__file__, in_step_line=True))
    lines.handle(_record(prefect.task_engine.__file__, logging.ERROR))
    printed = [line.strip() for line in _printed(console).splitlines()]
    assert printed == ["warning: it is late"] * 2


def test_json_has_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with listening(JsonSteps()):
        _run(_copy)
    JsonLog(logging.WARNING).handle(_record(__file__))
    started, ended, log = map(json.loads, capsys.readouterr().out.splitlines())
    assert started["event"] == "step_started"
    assert (ended["step"], ended["number"], ended["of"]) == ("copy", 2, 3)
    assert (ended["rows"], ended["failed"]) == (24_968, False)
    assert (log["event"], log["level"], log["message"]) == ("log", "WARNING", "it is late")


def test_steps_are_kept_in_order_with_their_results() -> None:
    progress = Progress(PLAN, "2018-10-18", shown=False)
    for name in PLAN:
        with progress.step(name) as step:
            _copy(step)
    assert [step.name for step in progress.steps] == PLAN
    assert isinstance(progress.steps[0], StepResult)
