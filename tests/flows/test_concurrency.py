"""Concurrent tasks: their results, their errors, and their limit of time."""

import time

import pytest
from prefect import flow, task

from flows.concurrency import TASK_RUNNER, StepTimeoutError, gather
from infra.source_storage import SourceError

pytestmark = pytest.mark.usefixtures("prefect_api")


@task
def _file(name: str) -> str:
    if name.startswith("bad"):
        raise SourceError(f"{name}: cannot be read")
    if name == "slow":
        time.sleep(3)
    return name


@flow(task_runner=TASK_RUNNER)
def _read(names: list[str]) -> list[str]:
    return gather(_file.submit(name) for name in names)


def test_results_come_in_order() -> None:
    assert _read(["slow", "b", "a"]) == ["slow", "b", "a"]


def test_all_files_that_cannot_be_read_are_named() -> None:
    with pytest.raises(SourceError, match=r"bad1: cannot be read\nbad2: cannot be read"):
        _read(["bad1", "a", "bad2"])


def test_tasks_that_take_longer_than_a_step_may_fail_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLIST_STEP_HOURS", str(1 / 3600))
    with pytest.raises(StepTimeoutError, match=r"1 of 2 tasks took longer than .*OLIST_STEP_HOURS"):
        _read(["a", "slow"])
