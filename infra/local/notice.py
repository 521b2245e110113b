"""Whether the stack that stays up is up, and where."""

import contextlib
import fcntl
import json
from collections.abc import Iterator
from pathlib import Path

from infra.local.stack import StackError


class Notice:
    """What `olist up`, `down` and `status` know of the stack: a file, and a lock that it holds."""

    def __init__(self, home: Path) -> None:
        """Look under a home; nothing is made."""
        self.path = home / "up.json"
        self._lock = home / "up.lock"

    def is_held(self) -> bool:
        """Whether the stack is up, or on its way: a stale file or process number says nothing."""
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
        """Hold it; raises StackError when another stack does."""
        with self._lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StackError("it is up already; `olist status` tells where") from error
            yield
            self.path.unlink(missing_ok=True)

    def read(self) -> dict:
        """Process number, ports and services; empty where none is up."""
        try:
            return json.loads(self.path.read_text()) if self.is_held() else {}
        except FileNotFoundError:
            return {}
