"""I9, I5: a run killed (kill -9) at any point and rerun gives the result of an undisturbed run.

A history is loaded batch by batch. Each run is killed once, each time at another point, and run
again; no partial state is visible. The final state must equal a load of all batches at once.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import get_current_settings

from infra.local.extract import extract
from infra.local.generate import generate
from infra.settings import PROJECT, Settings
from infra.warehouse import transaction
from tests.history import checksums, left_over, play, published_state, require_invariants, slices
from tests.load import Loader

STEPS = [
    "prepare", "upload", "gate: raw", "copy", "gate: staging", "transform", "gate: star",
    "gate: marts", "publish", "gate: reconciliation", "report",
]  # fmt: skip
_KILLED = -signal.SIGKILL


class Runs:
    """Runs of the flow in separate processes that can be killed at a given point."""

    def __init__(self, stack: Settings, log: Path) -> None:
        api = get_current_settings().api.url
        environment = {
            **os.environ,
            "OLIST_HOME": str(stack.state),
            "PREFECT_API_URL": str(api),
            "PREFECT_LOGGING_LEVEL": "WARNING",
        }
        self._log = log.open("a")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.flows.killable"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=PROJECT,
            env=environment,
        )
        assert self._process.stdout.readline() == "ready\n"

    def run(self, batch: tuple[date, Path], **death: Any) -> dict[str, Any]:
        order = {"batch_date": str(batch[0]), "source": str(batch[1]), **death}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._log.close()


@pytest.fixture
def runs(prefect_api: None, stack: Settings, tmp_path: Path) -> Iterator[Runs]:
    found = Runs(stack, tmp_path / "runs.log")
    yield found
    found.close()


def _killed_and_run_again(
    runs: Runs, load: Loader, batches: list[tuple[date, Path]], deaths: list[dict[str, Any]]
) -> dict[str, int]:
    """Load the batches; kill and rerun each run once. Returns the number of kills by effect."""
    hit = {"killed": 0, "had published": 0}
    for batch, death in zip(batches, deaths, strict=True):
        before = published_state(load.settings)
        ended = runs.run(batch, **death)
        # a random kill time may be after the end of the run
        assert ended["code"] == _KILLED or (ended["code"] == 0 and "seconds" in death), (
            batch,
            death,
            ended,
        )
        seen = published_state(load.settings)
        again = runs.run(batch)
        assert again["code"] == 0, (batch, death)
        after = published_state(load.settings)
        # all of the batch or nothing; a rerun of a published batch adds one row to audit.batches
        whole = {before, after, (*after[:2], after[2] - 1, *after[3:])}
        assert seen in whole, (batch, death)
        assert left_over(load.settings) == [], (batch, death)
        require_invariants(load.settings)
        hit["killed"] += ended["code"] == _KILLED
        hit["had published"] += seen != before
    return hit


def _history(
    tmp_path: Path, orders: int, every: str, most: int
) -> tuple[Path, list[tuple[date, Path]]]:
    generate(tmp_path / "dump", orders, seed=23)
    extract(tmp_path / "dump", tmp_path / "out", every=every)
    batches = slices(tmp_path / "out")
    assert len(batches) >= most, len(batches)
    return tmp_path / "dump", batches


def _undisturbed(load: Loader, batches: list[tuple[date, Path]]) -> dict[str, str]:
    load.clear()
    play(load, [batches])
    expected = checksums(load.settings)
    load.clear()
    load.release()
    return expected


@pytest.mark.slow
def test_a_rerun_after_a_kill_gives_the_result_of_an_undisturbed_run(
    runs: Runs, stack: Settings, tmp_path: Path
) -> None:
    load = Loader(stack, tmp_path)
    deaths = [{"statement": 200}, {"step": "publish"}]
    _, batches = _history(tmp_path, 40, "3mo", len(deaths))
    batches = batches[: len(deaths)]
    expected = _undisturbed(load, batches)
    hit = _killed_and_run_again(runs, load, batches, deaths)
    assert checksums(stack) == expected
    assert hit == {"killed": 2, "had published": 1}
    # the next run takes over the lock of the killed run and logs it
    assert (tmp_path / "runs.log").read_text().count("Took the writer's lock over from") == 2


def _is_locked(stack: Settings) -> bool:
    with transaction(stack, read_only=True) as work:
        return work.value("SELECT COUNT(*) AS n FROM audit.writer_lock") == 1


@pytest.mark.full
def test_two_runs_at_once_write_one_after_the_other(
    runs: Runs, stack: Settings, tmp_path: Path
) -> None:
    load = Loader(stack, tmp_path)
    _, batches = _history(tmp_path, 20, "12mo", 2)
    first, second = batches[:2]
    expected = _undisturbed(load, [first, second])
    other = Runs(stack, tmp_path / "runs.log")
    with ThreadPoolExecutor(2) as pool:
        ended = [pool.submit(runs.run, first)]
        while not _is_locked(stack):
            time.sleep(0.05)
        ended.append(pool.submit(other.run, second))
        assert [future.result()["code"] for future in ended] == [0, 0]
    other.close()
    assert "Waiting for the writer's lock, held by run" in (tmp_path / "runs.log").read_text()
    assert checksums(stack) == expected
    require_invariants(stack)


@pytest.mark.full
def test_runs_killed_at_steps_statements_and_random_times_recover_by_a_rerun(
    runs: Runs, stack: Settings, tmp_path: Path
) -> None:
    load = Loader(stack, tmp_path)
    _, batches = _history(tmp_path, 300, "7d", 65)
    batches = batches[:65]
    expected = _undisturbed(load, batches)
    whole = runs.run(batches[0])
    assert whole["code"] == 0
    chance = random.Random(1)
    deaths: list[dict[str, Any]] = [{"step": step} for step in STEPS]
    deaths += [{"statement": 1 + n * whole["statements"] // 36} for n in range(36)]
    random_moments = len(batches) - 1 - len(deaths)
    deaths += [{"seconds": chance.uniform(0.1, whole["seconds"])} for _ in range(random_moments)]
    chance.shuffle(deaths)
    hit = _killed_and_run_again(runs, load, batches[1:], deaths)
    print(f"{hit} of {len(deaths)}; {whole}")
    assert checksums(stack) == expected
    assert hit["killed"] >= 60


@pytest.mark.full
def test_a_rerun_after_a_killed_run_command_gives_the_same_result(tmp_path: Path) -> None:
    """The local services of `olist run` stop when it is killed."""
    generate(tmp_path / "2018-10-18", 100, seed=2)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OLIST_", "PREFECT_"))}
    results = []
    for name, words in (
        ("undisturbed", None),
        ("transform", "transform fact_order"),
        ("publish", "gate marts"),
    ):
        command = [
            sys.executable,
            "-m",
            "flows.cli",
            "run",
            "--source",
            str(tmp_path / "2018-10-18"),
        ]
        home = tmp_path / name
        environment = {**clean, "OLIST_HOME": str(home), "PYTHONUNBUFFERED": "1"}
        if words:
            with (tmp_path / f"{name}.log").open("w+") as log:
                process = subprocess.Popen(
                    command, env=environment, cwd=PROJECT, stdout=log, stderr=log
                )
                while words not in (tmp_path / f"{name}.log").read_text():
                    assert process.poll() is None, (tmp_path / f"{name}.log").read_text()
                    time.sleep(0.05)
                process.kill()
                process.wait()
        done = subprocess.run(
            command, env=environment, cwd=PROJECT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        from infra.local.services import running

        with running(Settings(home=home)) as settings:
            require_invariants(settings)
            results.append(checksums(settings))
    assert results[1:] == results[:1] * 2
