"""One writer at a time: a lock row in the warehouse that names its holder.

The holder sends a heartbeat every 15 seconds. Another run takes over a stale lock: its process on
the same host is dead, or the waiting run has seen no heartbeat for `lock_stale_seconds`. It counts
these seconds itself, because the clock of the warehouse may jump. Each transaction that writes
checks that its run still holds the lock, so a run that was only suspended cannot write after a
takeover.
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

from infra.host_process import process_exists
from infra.settings import Settings
from infra.silence import Silence
from infra.sql_files import statements
from infra.warehouse import Transaction, WarehouseError, transaction
from tasks.retries import STEP
from tasks.run_state import show

_BEAT_SECONDS = 15
_ASK_SECONDS = 1.0
_LOOK_SECONDS = 10.0  # of silence that count at most between two looks at the holder
_MINE = "run_id = %s AND host = %s AND process_id = %s"
_TIMED_OUT = "57014"  # SQLSTATE of a statement that was cancelled, here by statement_timeout


class LockError(RuntimeError):
    """Another run holds the lock; the message names that run and what to do."""


@dataclass(frozen=True)
class Holder:
    """The run that holds the lock."""

    run_id: str
    host: str
    process_id: int
    what: str
    taken_at: datetime
    seen_at: datetime  # changes with each heartbeat

    def __str__(self) -> str:
        """Describe the run, for messages."""
        return (
            f"run {self.run_id} ({self.what}; process {self.process_id} on {self.host}, "
            f"since {self.taken_at:%Y-%m-%d %H:%M:%S} UTC)"
        )

    @property
    def has_ended(self) -> bool:
        """Whether its process has ended on this host."""
        return self.host == socket.gethostname() and not process_exists(self.process_id)

    def is_this_attempt(self, run_id: str) -> bool:
        """Whether it is this process: a run that was started again may still have an old one."""
        return [self.run_id, self.host, self.process_id] == _identity(run_id)


class Watch:
    """What a waiting run has seen of the holder's heartbeats, by its own monotonic clock."""

    def __init__(self) -> None:
        """Start without a holder."""
        self._last: tuple[str, datetime] | None = None
        self._silence = Silence(_LOOK_SECONDS)

    def silent_seconds(self, holder: Holder) -> float:
        """Seconds in which this run has seen no new heartbeat of the holder."""
        if self._last != (holder.run_id, holder.seen_at):
            self._last = (holder.run_id, holder.seen_at)
            self._silence.broken()
        return self._silence.seconds()


def _identity(run_id: str) -> list[str | int]:
    """Run, host and process id of this attempt of a run, for `_MINE`."""
    return [run_id, socket.gethostname()[:256], os.getpid()]


def create_lock(settings: Settings) -> None:
    """Create the lock table. It must exist before any other step can take the lock.

    Raises:
        WarehouseError: A statement failed.
    """
    with transaction(settings) as work:
        work.run("CREATE SCHEMA IF NOT EXISTS audit")
        work.run(statements("audit/writer_lock.sql")[0], what="sql/audit/writer_lock.sql")


@contextmanager
def hold_writer_lock(
    settings: Settings, run_id: str, what: str, say: Callable[[str], object]
) -> Iterator[None]:
    """Take the lock, renew it from a background thread, and release it at the end.

    Args:
        settings: Access to the warehouse; `lock_wait_seconds` limits the wait for another run.
        run_id: Id of the flow run.
        what: What the run does, for the messages of waiting runs.
        say: Called with a message when the run waits, or takes over a stale lock.

    Raises:
        LockError: Another run still held the lock after `lock_wait_seconds`.
        WarehouseError: A statement failed.
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
    """Open a transaction for the run that holds the lock.

    Raises:
        LockError: The run does not hold the lock.
        WarehouseError: A statement or the commit failed.
    """
    with transaction(settings) as work:
        _require(work, run_id)
        yield work


def renew(work: Transaction, run_id: str) -> None:
    """Renew the lock in this transaction, so that no other run takes it over before the commit.

    Raises:
        LockError: Another run has already taken it over.
    """
    work.run(f"UPDATE audit.writer_lock SET seen_at = GETDATE() WHERE {_MINE}", _identity(run_id))
    _require(work, run_id)


def release(settings: Settings, run_id: str) -> None:
    """Release the lock, if this run still holds it."""
    with transaction(settings) as work:
        work.run(f"DELETE FROM audit.writer_lock WHERE {_MINE}", _identity(run_id))


def take(
    settings: Settings, run_id: str, what: str, watch: Watch | None = None, seconds: float = 60.0
) -> tuple[bool, Holder | None]:
    """Try once to take the lock.

    Args:
        settings: Access to the warehouse; `lock_stale_seconds` decides when a lock is stale.
        run_id: Id of the flow run.
        what: What the run does, for the messages of waiting runs.
        watch: What earlier calls have seen of the holder; None for the first call.
        seconds: How long to wait for a publish, which keeps the lock's row until it commits.

    Returns:
        Whether this run now holds the lock, and the run that held it before this call, or None.

    Raises:
        WarehouseError: A statement failed; `code` is 57014 if a publish took longer.
    """
    watch = watch or Watch()
    with transaction(settings) as work:
        work.run(f"SET statement_timeout TO {max(1000, round(seconds * 1000))}")
        work.run("LOCK audit.writer_lock")  # before reading, so that the row cannot change
        work.run("SET statement_timeout TO 0")
        known = current_holder(work)
        if known is not None and not known.is_this_attempt(run_id):
            silent = watch.silent_seconds(known)
            if not known.has_ended and silent <= settings.lock_stale_seconds:
                return False, known
        work.run("DELETE FROM audit.writer_lock")
        work.run(
            "INSERT INTO audit.writer_lock (run_id, host, process_id, what, taken_at, seen_at) "
            "SELECT CAST(%s AS VARCHAR(36)), "
            "CAST(%s AS VARCHAR(256)), CAST(%s AS INTEGER), CAST(%s AS VARCHAR(256)), "
            "GETDATE(), GETDATE()",
            [*_identity(run_id), what[:256]],
        )
    return True, known


def _acquire(settings: Settings, run_id: str, what: str, say: Callable[[str], object]) -> None:
    begun = time.monotonic()
    watch = Watch()
    has_logged = False
    while True:
        left = settings.lock_wait_seconds - (time.monotonic() - begun)
        try:
            taken, holder = take(settings, run_id, what, watch, left)
        except WarehouseError as error:
            if error.code != _TIMED_OUT:
                raise
            raise LockError(
                f"Another run is publishing, for longer than {settings.lock_wait_seconds} seconds. "
                "Run again when it has ended; OLIST_LOCK_WAIT_SECONDS sets a longer wait"
            ) from error
        if taken:
            if holder is not None and not holder.is_this_attempt(run_id):
                say(f"Took the writer's lock over from {holder}, which is gone")
            return
        waited = time.monotonic() - begun
        if waited > settings.lock_wait_seconds:
            raise LockError(
                f"Another run is writing: {holder}. Waited {waited:.0f} seconds for it. Run again "
                "when it has ended; OLIST_LOCK_WAIT_SECONDS sets a longer wait"
            )
        if not has_logged:
            say(f"Waiting for the writer's lock, held by {holder}")
            has_logged = True
        time.sleep(_ASK_SECONDS)


def current_holder(work: Transaction) -> Holder | None:
    """Return the run that holds the lock."""
    rows = work.query(
        "SELECT run_id, host, process_id, what, taken_at, seen_at FROM audit.writer_lock"
    )
    return Holder(*rows[0]) if rows else None


def _require(work: Transaction, run_id: str) -> None:
    holder = current_holder(work)
    if holder is None or not holder.is_this_attempt(run_id):
        other = f"{holder} has taken over" if holder else "the lock was released"
        raise LockError(
            f"Run {run_id} does not hold the writer's lock any more: {other}. Nothing was written; "
            "run the batch again"
        )


def _heartbeat(settings: Settings, run_id: str, done: threading.Event) -> None:
    while not done.wait(_BEAT_SECONDS):
        try:
            with transaction(settings) as work:
                work.run(
                    f"UPDATE audit.writer_lock SET seen_at = GETDATE() WHERE {_MINE}",
                    _identity(run_id),
                )
        except WarehouseError:
            continue  # the next heartbeat tries again; `writing` detects a lost lock


@task(name="take lock", task_run_name="take the writer's lock for {label}", **STEP)
def take_lock(run_id: str, label: str) -> None:
    """Wait for the lock and take it; retry while the warehouse resumes."""
    settings, told = Settings(), []

    def say(text: str) -> None:
        told.append(text)
        get_run_logger().warning(text)
        show("AwaitingWriter", text)

    create_lock(settings)
    _acquire(settings, run_id, label, say)
    if told:
        show("Running")
