"""The PID file of the stack that stays up, and the lock that shows whether it is current."""

import contextlib
import fcntl
import json
from collections.abc import Iterator
from pathlib import Path

from infra.local.process import StackError
from infra.local.service_specs import write_private


class PidFile:
    """What `olist up`, `down` and `status` know of the stack.

    The supervisor holds the lock as long as it lives, so a stale file is recognised.
    """

    def __init__(self, home: Path) -> None:
        """Look under a state folder; nothing is created."""
        self._path = home / "up.json"
        self._lock = home / "up.lock"

    def is_held(self) -> bool:
        """Whether a supervisor runs."""
        if not self._lock.exists():
            return False
        with self._lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; raises StackError when another supervisor does."""
        with self._lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StackError("it is up already; `olist status` shows where") from error
            yield
            self._path.unlink(missing_ok=True)

    def write(self, facts: dict) -> None:
        """Note process number, ports and services."""
        write_private(self._path, json.dumps(facts))

    def read(self) -> dict:
        """Process number, ports and services; empty where no supervisor runs."""
        try:
            return json.loads(self._path.read_text()) if self.is_held() else {}
        except FileNotFoundError:
            return {}
