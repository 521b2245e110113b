"""Watches waiting statements: logs a slow one, and fails it if the warehouse does not answer.

A statement may take hours. After 15 seconds a thread asks the warehouse over a second connection.
If that answers, the statement is only slow. If it does not, for `redshift_silent_seconds`, or if
the statement takes longer than `step_hours`, the waiting connection is closed, and the statement
raises an error.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from redshift_connector import Connection

from infra.silence import Silence

_POLL_SECONDS = 2.0
_TOLD_SECONDS = 15.0  # until a second connection probes the warehouse, and a warning is logged
_TOLD_AGAIN_SECONDS = 300.0
_PROBE_EVERY_SECONDS = 10.0
_LOOK_SECONDS = 30.0  # of silence that count at most between two probes
_logger = logging.getLogger(__name__)


@dataclass(eq=False)
class Wait:
    """A statement that waits for its result."""

    connection: Connection
    what: str
    probe: Callable[[], bool]  # whether the warehouse answers
    silent_seconds: float  # without an answer to anybody, until the statement is ended
    most_seconds: float  # of the statement, until it is ended
    silence: Silence = field(default_factory=lambda: Silence(_LOOK_SECONDS))
    began: float = field(default_factory=time.monotonic)
    probed: float = 0.0
    told: float = 0.0
    is_cut: bool = False
    is_too_long: bool = False

    def check(self) -> None:
        """Ask the warehouse if the statement waits for long; close the connection if it is gone."""
        now = time.monotonic()
        if now - self.began < _TOLD_SECONDS or now - self.probed < _PROBE_EVERY_SECONDS:
            return
        self.probed = now
        if now - self.began >= self.most_seconds:
            self.is_too_long = True
            self._cut()
            return
        answers = self.probe()
        now = time.monotonic()
        if answers:
            self.silence.broken()
            self._tell(
                _TOLD_AGAIN_SECONDS,
                "waiting for %.0f s, and the warehouse answers others: %s",
                now - self.began,
            )
            return
        silent = self.silence.seconds()
        self._tell(
            _TOLD_SECONDS,
            f"the warehouse has not answered for %.0f s (the step ends after "
            f"{self.silent_seconds:.0f} s): %s",
            silent,
        )
        if silent >= self.silent_seconds:
            self._cut()

    def _cut(self) -> None:
        self.is_cut = True
        with suppress(OSError):
            self.connection._usock.shutdown(socket.SHUT_RDWR)

    def _tell(self, every: float, words: str, seconds: float) -> None:
        if not self.told or time.monotonic() - self.told >= every:
            self.told = time.monotonic()
            _logger.warning(words, seconds, self.what)


_waits: set[Wait] = set()
_lock = threading.Lock()
_thread: list[threading.Thread] = []


def begin(wait: Wait) -> Wait:
    """Watch a statement until `end`."""
    with _lock:
        _waits.add(wait)
        if not (_thread and _thread[0].is_alive()):
            _thread[:] = [threading.Thread(target=_watch, name="warehouse-watch", daemon=True)]
            _thread[0].start()
    return wait


def end(wait: Wait) -> None:
    """Stop watching a statement."""
    with _lock:
        _waits.discard(wait)


@contextmanager
def watched(wait: Wait) -> Iterator[Wait]:
    """Watch a statement in the body."""
    begin(wait)
    try:
        yield wait
    finally:
        end(wait)


def has_no_time_limit(connection: Any) -> None:  # noqa: ANN401 (a Connection, from SQLAlchemy untyped)
    """Remove the time limit of a connection: the driver keeps that of connecting for all reads."""
    connection._usock.settimeout(None)


def _watch() -> None:
    while True:
        time.sleep(_POLL_SECONDS)
        with _lock:
            waiting = [wait for wait in _waits if not wait.is_cut]
        for wait in waiting:
            wait.check()
