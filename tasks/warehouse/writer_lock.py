"""One writer at a time: a lock row in the warehouse that names its holder.

Whoever holds it shows life every few seconds. A lock whose holder died (the process is gone, or it
showed no life for long) is taken over. Each transaction that writes looks whether the lock is still
its own, so a run that was only asleep cannot write once another has taken over.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from prefect import get_run_logger, task

from infra.settings import Settings
from infra.sql_files import statements
from infra.warehouse import Transaction, WarehouseError, transaction
from tasks.retries import RETRY

_BEAT_SECONDS = 15
_ASK_SECONDS = 1.0


class LockError(RuntimeError):
    """Another run is writing; the message says which, and what to do."""


@dataclass(frozen=True)
class Holder:
    """Who holds the lock, and for how many seconds it has shown no life."""

    run_id: str
    host: str
    process_id: int
    what: str
    taken_at: datetime
    silent_seconds: int

    def __str__(self) -> str:
        """For messages."""
        return (
            f"run {self.run_id} ({self.what}; process {self.process_id} on {self.host}, "
            f"since {self.taken_at:%Y-%m-%d %H:%M:%S} UTC)"
        )

    def is_gone(self, stale_seconds: int) -> bool:
        """Whether it may be taken over: its process is known to be dead, or it is silent."""
        if self.silent_seconds > stale_seconds:
            return True
        return self.host == socket.gethostname() and not _lives(self.process_id)


def create_lock(settings: Settings) -> None:
    """Create the table of the lock, which comes before anything else. Raises WarehouseError."""
    with transaction(settings) as work:
        work.run("CREATE SCHEMA IF NOT EXISTS audit")
        work.run(statements("audit/writer_lock.sql")[0], what="sql/audit/writer_lock.sql")


@contextmanager
def holding(
    settings: Settings, run_id: str, what: str, say: Callable[[str], object]
) -> Iterator[None]:
    """Hold the lock; waits for another run up to `lock_wait_seconds`, and says so.

    Raises LockError when the wait was in vain.
    """
    _acquire(settings, run_id, what, say)
    done = threading.Event()
    beat = threading.Thread(
        target=_heartbeat, args=(settings, run_id, done), name="lock", daemon=True
    )
    beat.start()
    try:
        yield
    finally:
        done.set()
        beat.join()
        release(settings, run_id)


@contextmanager
def writing(settings: Settings, run_id: str) -> Iterator[Transaction]:
    """A transaction of the run that holds the lock. Raises LockError, WarehouseError."""
    with transaction(settings) as work:
        _require(work.query("SELECT run_id FROM audit.writer_lock"), run_id)
        yield work


def renew(work: Transaction, run_id: str) -> None:
    """Renew the lock in this transaction, so that nobody can take it over before the commit.

    Raises LockError when somebody has.
    """
    work.run("UPDATE audit.writer_lock SET seen_at = GETDATE() WHERE run_id = %s", [run_id])
    _require(work.query("SELECT run_id FROM audit.writer_lock"), run_id)


def release(settings: Settings, run_id: str) -> None:
    """Give the lock back, if it is still this run's."""
    with transaction(settings) as work:
        work.run("DELETE FROM audit.writer_lock WHERE run_id = %s", [run_id])


def take(settings: Settings, run_id: str, what: str) -> tuple[bool, Holder | None]:
    """Try to take the lock: whether it was taken, and who held it. Raises WarehouseError."""
    with transaction(settings) as work:
        work.run("LOCK audit.writer_lock")  # before reading, so that the row cannot change
        holder = _holder(work)
        if (
            holder is not None
            and holder.run_id != run_id
            and not holder.is_gone(settings.lock_stale_seconds)
        ):
            return False, holder
        work.run("DELETE FROM audit.writer_lock")
        work.run(
            "INSERT INTO audit.writer_lock SELECT CAST(%s AS VARCHAR(36)), "
            "CAST(%s AS VARCHAR(256)), CAST(%s AS INTEGER), CAST(%s AS VARCHAR(256)), "
            "GETDATE(), GETDATE()",
            [run_id, socket.gethostname()[:256], os.getpid(), what[:256]],
        )
    return True, holder


def _acquire(settings: Settings, run_id: str, what: str, say: Callable[[str], object]) -> None:
    begun = time.monotonic()
    told = False
    while True:
        taken, holder = take(settings, run_id, what)
        if taken:
            if holder is not None and holder.run_id != run_id:
                say(f"Took the writer's lock over from {holder}, which is gone")
            return
        waited = time.monotonic() - begun
        if waited > settings.lock_wait_seconds:
            raise LockError(
                f"Another run is writing: {holder}. Waited {waited:.0f} seconds for it. Run again "
                "when it has ended; OLIST_LOCK_WAIT_SECONDS allows for a longer wait"
            )
        if not told:
            say(f"Waiting for the writer's lock, held by {holder}")
            told = True
        time.sleep(_ASK_SECONDS)


def _holder(work: Transaction) -> Holder | None:
    rows = work.query(
        "SELECT run_id, host, process_id, what, taken_at, "
        "DATEDIFF(second, seen_at, GETDATE()) AS silent_seconds FROM audit.writer_lock"
    )
    return Holder(*rows[0]) if rows else None


def _require(found: list[tuple], run_id: str) -> None:
    if found != [(run_id,)]:
        other = f"run {found[0][0]} has taken over" if found else "it was given back"
        raise LockError(
            f"Run {run_id} does not hold the writer's lock any more: {other}. Nothing was written; "
            "run the batch again"
        )


def _heartbeat(settings: Settings, run_id: str, done: threading.Event) -> None:
    while not done.wait(_BEAT_SECONDS):
        try:
            with transaction(settings) as work:
                work.run(
                    "UPDATE audit.writer_lock SET seen_at = GETDATE() WHERE run_id = %s", [run_id]
                )
        except WarehouseError:
            continue  # the next beat tries again; a lock that was lost is found by `writing`


@task(name="take lock", task_run_name="take the writer's lock for {label}", **RETRY)
def take_lock(run_id: str, label: str) -> None:
    """Wait for the lock and take it; a warehouse that is resuming is tried again."""
    settings = Settings()
    create_lock(settings)
    _acquire(settings, run_id, label, get_run_logger().warning)


def _lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
