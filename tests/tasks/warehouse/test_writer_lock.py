"""One writer at a time: others wait, a dead one is replaced, a replaced one cannot write."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from infra.settings import Settings
from infra.warehouse import transaction
from tasks.warehouse.writer_lock import (
    LockError,
    Watch,
    hold_writer_lock,
    release,
    renew,
    take,
    writing,
)
from tests.load import Loader


@pytest.fixture(autouse=True)
def _free(stack: Settings, tmp_path: Path) -> None:
    Loader(stack, tmp_path)
    with transaction(stack) as work:
        work.run("DELETE FROM audit.writer_lock")


def _holds(settings: Settings) -> list[tuple]:
    with transaction(settings, read_only=True) as work:
        return work.query("SELECT run_id, process_id, host FROM audit.writer_lock")


def _hold(
    settings: Settings,
    process_id: int,
    host: str,
    silent_seconds: int = 0,
    run_id: str = "other",
) -> None:
    with transaction(settings) as work:
        work.run("DELETE FROM audit.writer_lock")
        work.run(
            "INSERT INTO audit.writer_lock SELECT CAST(%s AS VARCHAR(36)), %s, %s, 'a batch', "
            "GETDATE(), DATEADD(second, %s, GETDATE())",
            [run_id, host, process_id, -silent_seconds],
        )


def test_the_writer_lock_names_its_holder_and_is_released(stack: Settings) -> None:
    with hold_writer_lock(stack, "one", "batch", print):
        assert _holds(stack) == [("one", os.getpid(), socket.gethostname())]
    assert _holds(stack) == []


def test_the_writer_lock_is_released_after_a_failure(stack: Settings) -> None:
    with pytest.raises(ZeroDivisionError), hold_writer_lock(stack, "one", "batch", print):
        _ = 1 / 0
    assert _holds(stack) == []


def test_a_second_writer_waits_and_logs_the_lock_holder(stack: Settings) -> None:
    said: list[str] = []
    order: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with hold_writer_lock(stack, "one", "first batch", print):
            inside.set()
            leave.wait(20)
            order.append("one")

    def say(text: str) -> None:
        said.append(text)
        leave.set()

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(20)
    with hold_writer_lock(stack, "two", "second batch", say):
        order.append("two")
    thread.join()
    assert order == ["one", "two"]
    assert "Waiting for the writer's lock, held by run one (first batch; process" in said[0]


def test_a_writer_that_waits_too_long_raises_an_error_with_a_remedy(stack: Settings) -> None:
    _hold(stack, os.getpid(), socket.gethostname())
    hurried = stack.model_copy(update={"lock_wait_seconds": 0})
    with (
        pytest.raises(LockError, match=r"run other \(a batch.*Run again when it has ended"),
        hold_writer_lock(hurried, "two", "batch", print),
    ):
        pass


def test_a_lock_holder_whose_process_has_ended_is_replaced(stack: Settings) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _hold(stack, gone.pid, socket.gethostname())
    said: list[str] = []
    with hold_writer_lock(stack, "two", "batch", said.append):
        assert _holds(stack)[0][0] == "two"
    assert "Took the writer's lock over from run other" in said[0]


def test_an_old_process_of_a_run_that_was_started_again_keeps_the_lock(stack: Settings) -> None:
    """Resumed in the Prefect UI before its old process has ended: only one of them may write."""
    _hold(stack, os.getppid(), socket.gethostname(), run_id="one")
    assert take(stack, "one", "batch")[0] is False
    with pytest.raises(LockError, match=r"run one .* has taken over"), writing(stack, "one"):
        pass
    release(stack, "one")
    assert _holds(stack) == [("one", os.getppid(), socket.gethostname())]


def _beat(settings: Settings, moved_seconds: int) -> None:
    with transaction(settings) as work:
        work.run(
            "UPDATE audit.writer_lock SET seen_at = DATEADD(second, %s, seen_at)", [moved_seconds]
        )


def test_a_lock_holder_on_another_host_is_replaced_when_no_heartbeat_is_seen(
    stack: Settings,
) -> None:
    """The process is on another host, so only its heartbeat (every 15 seconds) counts."""
    _hold(stack, 1, "another-host")
    hasty = stack.model_copy(update={"lock_stale_seconds": 1})
    watch = Watch()
    assert take(hasty, "two", "batch", watch)[0] is False
    time.sleep(1.1)
    _beat(stack, 15)
    assert take(hasty, "two", "batch", watch)[0] is False, "a heartbeat was seen meanwhile"
    time.sleep(1.1)
    assert take(hasty, "two", "batch", watch)[0] is True


@pytest.mark.parametrize("jump_hours", [-5, 5])
def test_a_jump_of_the_warehouse_clock_neither_frees_nor_prolongs_a_lock(
    stack: Settings, jump_hours: int
) -> None:
    """The clock of the warehouse jumps after the last heartbeat, so that it seems old, or new."""
    hasty = stack.model_copy(update={"lock_stale_seconds": 1})
    _hold(stack, 1, "another-host", silent_seconds=3600 * jump_hours)
    watch = Watch()
    assert take(hasty, "two", "batch", watch)[0] is False
    time.sleep(1.1)
    assert take(hasty, "two", "batch", watch)[0] is True


def test_waiting_for_a_publish_ends_at_the_limit(stack: Settings) -> None:
    """A publish keeps the row of the lock until it commits."""
    take(stack, "one", "batch")
    hurried = stack.model_copy(update={"lock_wait_seconds": 1})
    with transaction(stack) as work:
        renew(work, "one")
        began = time.monotonic()
        with (
            pytest.raises(LockError, match="is publishing, for longer than 1 seconds"),
            hold_writer_lock(hurried, "two", "batch", print),
        ):
            pass
    assert time.monotonic() - began < 10


def test_a_replaced_lock_holder_cannot_write(stack: Settings) -> None:
    take(stack, "sleeper", "batch")
    _hold(stack, os.getpid(), socket.gethostname())
    with pytest.raises(LockError, match=r"run other .* has taken over"), writing(stack, "sleeper"):
        pass


def test_the_writer_lock_cannot_be_taken_over_during_a_publish(stack: Settings) -> None:
    """The publish locks the row until its transaction ends, even after a long silence."""
    _hold(stack, os.getpid(), socket.gethostname(), silent_seconds=1000)
    taken: list[bool] = []
    with transaction(stack) as work:
        renew(work, "other")
        thread = threading.Thread(target=lambda: taken.append(take(stack, "two", "batch")[0]))
        thread.start()
        thread.join(1)
        assert taken == []
    thread.join(20)
    assert taken == [False]  # the publish has renewed the heartbeat
