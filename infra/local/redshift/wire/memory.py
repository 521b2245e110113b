"""Ends the statement, not the server, when the process takes too much memory.

DuckDB limits its own buffers, but neither the strings that an expression builds nor the work that
is done in Python.
"""

import logging
import resource
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from infra.local.redshift.sql.translator import clear_caches

DEFAULT_LIMIT = 4096  # MB that the process may take
_HEADROOM = 4096  # MB above the limit: mostly stacks of threads, which are reserved and not used
_WATCH_SECONDS = 0.05
_PATIENCE = 10  # ticks until the next statement is ended: the first needs time to stop
_MUCH = 1 << 20  # bytes that a connection holds; most hold a few kilobytes
_log = logging.getLogger("local_redshift")


class Worker(Protocol):
    """A connection whose statement may be ended."""

    busy_since: float | None  # monotonic seconds; None while it waits for its client

    def kept_bytes(self) -> int:
        """Bytes that it holds between two statements."""
        ...

    def hang_up(self) -> None:
        """Close the connection."""
        ...

    def end_statement(self, reason: str) -> None:
        """Cancel the running statement with SQLSTATE 53200."""
        ...


def resident_mb() -> float:
    """Memory of this process in MB; 0 where the system does not tell (only Linux does)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
    except OSError:
        return 0.0
    return pages * resource.getpagesize() / 2**20


def limit_address_space(limit_mb: int) -> None:
    """Let an allocation far beyond the limit fail at once, before the system ends the server."""
    if sys.platform == "linux":
        most = (limit_mb + _HEADROOM) * 2**20
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))


class MemoryWatch:
    """Frees memory while the process takes more than the limit.

    First it forgets parsed statements, then it closes the connection that holds most without
    working, then it ends the latest statement.
    """

    def __init__(self, limit_mb: int, workers: Callable[[], Iterable[Worker]]) -> None:
        """Watch nothing yet.

        Args:
            limit_mb: Memory of the process in MB.
            workers: Returns the open connections.
        """
        self._limit = limit_mb
        self._workers = workers
        self._patience = 0

    def run(self, closing: threading.Event) -> None:
        """Look at the memory until `closing` is set."""
        while not closing.wait(_WATCH_SECONDS):
            try:
                self.look()
            except Exception:  # noqa: BLE001 (the watch has to go on)
                _log.exception("looking at the memory failed")

    def look(self) -> None:
        """End a statement if the process takes too much memory."""
        self._patience = max(0, self._patience - 1)
        if self._patience or resident_mb() <= self._limit:
            return
        clear_caches()
        if resident_mb() <= self._limit:
            return
        self._patience = _PATIENCE
        workers = tuple(self._workers())
        idle = [worker for worker in workers if worker.busy_since is None]
        holder = max(idle, key=lambda worker: worker.kept_bytes(), default=None)
        if holder is not None and holder.kept_bytes() > _MUCH:
            _log.warning("more than %s MB: the idle connection that holds most ends", self._limit)
            holder.hang_up()
            return
        busy = [worker for worker in workers if worker.busy_since is not None]
        if not busy:
            return
        latest = max(busy, key=lambda worker: worker.busy_since or 0.0)
        _log.warning("more than %s MB: the latest statement is ended", self._limit)
        latest.end_statement(
            f"out of memory: the local Redshift takes more than {self._limit:,} MB. Read fewer "
            "rows or shorter texts at a time"
        )
