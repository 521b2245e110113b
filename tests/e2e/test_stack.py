"""The stack as people use it: `olist up`, runs by deployment, deaths, `olist down`."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelling

from infra.local.extract import extract
from infra.local.generate import generate
from infra.local.inbox import messages
from infra.local.notice import Notice
from infra.settings import PROJECT, Settings

pytestmark = pytest.mark.full
ENDED = {StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED}


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Stack:
    """A stack of its own, with its commands and its Prefect server."""

    def __init__(self, home: Path, source: Path) -> None:
        self.home = home
        self.source = source
        self.prefect, self.redshift, s3, inbox = _free_ports(4)
        self._up = [
            *("up", "--prefect-port", self.prefect, "--redshift-port", self.redshift),
            *("--s3-port", s3, "--inbox-port", inbox),
        ]
        self.api = f"http://127.0.0.1:{self.prefect}/api"

    def olist(self, *words: object) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("OLIST_", "PREFECT_"))}
        return subprocess.run(
            [sys.executable, "-m", "flows.cli", *map(str, words)],
            env={
                **clean,
                "OLIST_HOME": str(self.home),
                "OLIST_SOURCE": str(self.source),
                "COLUMNS": "200",
            },
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )

    def up(self) -> subprocess.CompletedProcess[str]:
        return self.olist(*self._up)

    def services(self) -> dict[str, int]:
        return Notice(self.home).read()["services"]

    def trigger(self, deployment: str, **parameters: object) -> UUID:
        async def create() -> UUID:
            async with get_client() as client:
                found = await client.read_deployment_by_name(deployment)
                run = await client.create_flow_run_from_deployment(found.id, parameters=parameters)
                return run.id

        return asyncio.run(create())

    def run(self, run_id: UUID) -> FlowRun:
        async def read() -> FlowRun:
            async with get_client() as client:
                return await client.read_flow_run(run_id)

        return asyncio.run(read())

    def ended(self, run_id: UUID, seconds: float = 150) -> FlowRun:
        """The run, once it has ended."""
        return wait_for(lambda: (r := self.run(run_id)).state_type in ENDED and r, seconds)

    def inbox(self) -> list[str]:
        return [message["subject"] for message in messages(self.home / "inbox")]


def wait_for(look: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.3)
    return found


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some days of a small shop."""
    folder = tmp_path_factory.mktemp("source")
    generate(folder / "dump", 60, seed=3)
    extract(folder / "dump", folder / "days", every="6mo")
    return folder / "days"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Iterator[Stack]:
    found = Stack(tmp_path_factory.mktemp("home"), source)
    done = found.up()
    assert done.returncode == 0, done.stdout + done.stderr
    with temporary_settings({PREFECT_API_URL: found.api}):
        yield found
    found.olist("down")


def test_all_is_well_and_told(stack: Stack) -> None:
    told = stack.olist("status")
    assert told.returncode == 0
    assert "does not answer" not in told.stdout, told.stdout
    assert told.stdout.count("well") == 5
    assert "already" in stack.up().stderr


def test_deploying_twice_makes_nothing_twice(stack: Stack) -> None:
    async def counted() -> tuple[list[str], int]:
        async with get_client() as client:
            found = await client.read_deployments()
            return sorted(d.name for d in found), sum(len(d.schedules) for d in found)

    from flows.deploy import deploy

    before = asyncio.run(counted())
    inbox = Notice(stack.home).read()["ports"]["inbox"]
    deploy(Settings(notify=""), "local", f"http://127.0.0.1:{inbox}")
    assert asyncio.run(counted()) == before
    assert before[1] == 1


def test_a_run_by_deployment_is_published_and_can_be_queried(stack: Stack, source: Path) -> None:
    day = min(path.name for path in source.iterdir())
    run = stack.ended(stack.trigger("daily_elt/daily", batch_date=day))
    assert run.state_type == StateType.COMPLETED, run.state
    assert run.name == f"{day} daily"
    assert (stack.home / "reports" / day / "index.html").is_file()
    # as psql reads it
    password = (stack.home / "pgpass").read_text().strip().rpartition(":")[2]
    with psycopg.connect(
        host="127.0.0.1", port=stack.redshift, user="olist", password=password, dbname="olist",
        client_encoding="utf8",
    ) as connection:  # fmt: skip
        assert (
            connection.execute("SELECT COUNT(*) AS n FROM analytics.fact_order").fetchone()[0] > 0
        )
    assert f"{day}" in stack.olist("status").stdout


def test_two_triggers_at_once_run_one_after_the_other(stack: Stack, source: Path) -> None:
    days = sorted(path.name for path in source.iterdir())[1:3]
    runs = [stack.trigger("daily_elt/daily", batch_date=day) for day in days]
    ended = [stack.ended(run) for run in runs]
    assert [run.state_type for run in ended] == [StateType.COMPLETED] * 2
    first, second = sorted(ended, key=lambda run: run.start_time)
    assert second.start_time >= first.end_time


def test_the_scheduler_fires(stack: Stack) -> None:
    async def schedule() -> None:
        async with get_client() as client:
            report = await client.read_deployment_by_name("report/report")
            await client.create_deployment_schedules(
                report.id,
                [(IntervalSchedule(interval=timedelta(seconds=5)), True)],
            )

    async def finished() -> list[FlowRun]:
        async with get_client() as client:
            report = await client.read_deployment_by_name("report/report")
            runs = await client.read_flow_runs()
            return [
                run
                for run in runs
                if run.deployment_id == report.id
                and run.auto_scheduled
                and run.state_type == StateType.COMPLETED
            ]

    async def clear() -> None:
        async with get_client() as client:
            report = await client.read_deployment_by_name("report/report")
            for found in await client.read_deployment_schedules(report.id):
                await client.delete_deployment_schedule(report.id, found.id)

    asyncio.run(schedule())
    try:
        assert wait_for(lambda: asyncio.run(finished()), 90)
    finally:
        asyncio.run(clear())


def test_a_failure_is_told(stack: Stack, source: Path, tmp_path: Path) -> None:
    day = min(path.name for path in source.iterdir())
    run = stack.ended(stack.trigger("daily_elt/daily", batch_date=day, source=str(tmp_path)))
    assert run.state_type == StateType.FAILED
    wanted = f"BLOCKED, nothing published: {day} daily"
    wait_for(lambda: any(wanted in subject for subject in stack.inbox()))


def _lives(pid: int) -> bool:
    """Whether a process is there, and no zombie that waits for its parent."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def test_a_killed_run_is_told_as_crashed_and_the_next_one_recovers(
    stack: Stack, source: Path
) -> None:
    day = min(path.name for path in source.iterdir())
    worker = stack.services()["prefect-worker"]
    run = stack.trigger("daily_elt/daily", batch_date=day)
    wait_for(lambda: stack.run(run).state_type == StateType.RUNNING)
    for child in _children(worker):
        os.kill(child, signal.SIGKILL)
    assert stack.ended(run).state_type == StateType.CRASHED
    wait_for(lambda: any("CRASHED" in subject for subject in stack.inbox()))
    again = stack.ended(stack.trigger("daily_elt/daily", batch_date=day))
    assert again.state_type == StateType.COMPLETED


def test_a_cancelled_run_leaves_a_clean_state(stack: Stack, source: Path) -> None:
    async def cancel(run_id: UUID) -> None:
        async with get_client() as client:
            await client.set_flow_run_state(run_id, Cancelling())

    day = min(path.name for path in source.iterdir())
    run = stack.trigger("daily_elt/daily", batch_date=day)
    wait_for(lambda: stack.run(run).state_type == StateType.RUNNING)
    asyncio.run(cancel(run))
    assert stack.ended(run).state_type == StateType.CANCELLED
    assert stack.ended(stack.trigger("validate/validate")).state_type == StateType.COMPLETED


def test_services_that_die_are_started_again(stack: Stack) -> None:
    before = stack.services()
    for name in ("s3", "prefect-worker"):
        os.kill(before[name], signal.SIGKILL)
    wait_for(lambda: stack.services()["prefect-worker"] != before["prefect-worker"])
    log = (stack.home / "logs" / "up.log").read_text()
    assert "s3 has died (-9); starting it again" in log
    run = stack.ended(stack.trigger("report/report"))
    assert run.state_type == StateType.COMPLETED  # the lake was kept


def test_down_ends_all_and_up_goes_on_where_it_was(stack: Stack) -> None:
    pids = [Notice(stack.home).read()["pid"], *stack.services().values()]
    assert stack.olist("down").stdout.strip() == "Down."
    assert not any(_lives(pid) for pid in pids)
    assert stack.olist("status").returncode == 1
    assert stack.olist("down").stdout.strip() == "It was not up."
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", stack.prefect))
        other.listen()
        refused = stack.up()
        assert f"something else listens on port {stack.prefect} (--prefect-port)" in refused.stderr
    done = stack.up()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "published" in done.stdout  # the last runs are known
    assert json.loads((stack.home / "stack.json").read_text())["OLIST_REDSHIFT_PORT"] == str(
        stack.redshift
    )
