"""Cancel, suspend, resume and retry of a run, as the Prefect UI sends them, and their messages."""

import asyncio
import os
import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State, StateDetails, StateType
from prefect.states import AwaitingRetry, Cancelling

from tests.e2e.stack import Stack, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def days(source: Path) -> list[str]:
    return sorted(path.name for path in source.iterdir())


def _set(run_id: UUID, state: State) -> None:
    async def click() -> None:
        async with get_client() as client:
            await client.set_flow_run_state(run_id, state)

    asyncio.run(click())


def _suspend(run_id: UUID, seconds: float) -> None:
    """Set the state that the UI sets."""
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    details = StateDetails(pause_timeout=until, pause_reschedule=True)
    _set(run_id, State(type=StateType.PAUSED, name="Suspended", state_details=details))


def _resume(run_id: UUID) -> None:
    async def click() -> None:
        async with get_client() as client:
            await client.resume_flow_run(run_id)

    asyncio.run(click())


def _running(stack: Stack, deployment: str, **parameters: object) -> UUID:
    """Start a run, and wait until it holds the lock."""
    run = stack.trigger(deployment, **parameters)
    wait_for(lambda: _holders(stack), seconds=90)
    return run


def _holders(stack: Stack) -> list[tuple]:
    """Runs that hold the writer's lock; none before the first run."""
    if not stack.ask("SELECT 1 FROM pg_tables WHERE tablename = 'writer_lock'"):
        return []
    return stack.ask("SELECT run_id FROM audit.writer_lock")


def _told(stack: Stack, subject: str) -> None:
    wait_for(lambda: any(subject in told for told in stack.inbox()))


def _ended(run: FlowRun) -> tuple[StateType | None, str]:
    return run.state_type, run.name


def test_a_suspended_run_stops_and_resuming_it_publishes_its_batch(
    stack: Stack, days: list[str]
) -> None:
    run = _running(stack, "daily_elt/daily", batch_date=days[0])
    _suspend(run, seconds=300)
    wait_for(lambda: not _holders(stack))
    _told(stack, f"SUSPENDED: {days[0]} daily")
    assert "suspended" in stack.olist("status").stdout.lower()
    assert stack.run(run).state.name == "Suspended"
    _resume(run)
    assert _ended(stack.ended(run)) == (StateType.COMPLETED, f"{days[0]} daily")
    assert stack.ask("SELECT COUNT(*) FROM audit.batches") == [(1,)]


def test_a_run_that_waits_for_another_shows_for_which(stack: Stack, days: list[str]) -> None:
    stack.write(
        f"INSERT INTO audit.writer_lock SELECT 'other', '{socket.gethostname()}', {os.getpid()}, "
        "'a rebuild', GETDATE(), GETDATE()"
    )
    run = stack.trigger("daily_elt/daily", batch_date=days[1])
    wait_for(lambda: stack.run(run).state.name == "AwaitingWriter")
    assert "held by run other (a rebuild; process" in stack.run(run).state.message
    status = stack.olist("status").stdout
    assert "AwaitingWriter" in status
    assert "a rebuild" in status
    stack.write("DELETE FROM audit.writer_lock")
    wait_for(lambda: stack.run(run).state.name == "Running")
    assert stack.ended(run).state_type == StateType.COMPLETED


def test_a_suspended_run_that_nobody_resumes_fails_and_is_told(
    stack: Stack, days: list[str]
) -> None:
    run = _running(stack, "daily_elt/daily", batch_date=days[2])
    _suspend(run, seconds=5)
    assert stack.ended(run).state_type == StateType.FAILED
    _told(stack, f"NOT RESUMED: {days[2]} daily")
    wait_for(lambda: not _holders(stack))


@pytest.mark.full
def test_a_suspended_backfill_leaves_no_run_behind(stack: Stack, days: list[str]) -> None:
    run = _running(stack, "backfill/backfill")
    _suspend(run, seconds=300)
    wait_for(lambda: not _holders(stack))
    _resume(run)
    assert stack.ended(run).state_type == StateType.COMPLETED
    assert len(stack.ask("SELECT batch_date FROM audit.batches")) == len(days)
    assert not stack.unfinished()


def test_a_failed_run_can_be_retried(
    stack: Stack, source: Path, days: list[str], tmp_path: Path
) -> None:
    away = tmp_path / "away"
    shutil.move(source / days[0], away)
    run = stack.trigger("daily_elt/daily", batch_date=days[0])
    assert stack.ended(run).state_type == StateType.FAILED
    _told(stack, days[0])
    told = len(stack.inbox())
    _set(run, AwaitingRetry(scheduled_time=datetime.now(UTC)))
    wait_for(lambda: stack.run(run).run_count == 2)
    assert stack.ended(run).state_type == StateType.FAILED
    wait_for(lambda: len(stack.inbox()) > told)  # that the retry has failed, too
    shutil.move(away, source / days[0])
    _set(run, AwaitingRetry(scheduled_time=datetime.now(UTC)))
    wait_for(lambda: stack.run(run).run_count == 3)
    assert stack.ended(run).state_type == StateType.COMPLETED
    _told(stack, "recovered")


def test_a_cancelled_run_ends_and_the_next_one_completes(stack: Stack, days: list[str]) -> None:
    run = _running(stack, "daily_elt/daily", batch_date=days[0])
    _set(run, Cancelling())
    assert stack.ended(run).state_type == StateType.CANCELLED
    _told(stack, "CANCELLED")
    assert stack.ended(stack.trigger("validate/validate")).state_type == StateType.COMPLETED
