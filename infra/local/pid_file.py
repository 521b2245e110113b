"""PID file of the local stack, and the lock that shows whether the file is current."""

import contextlib
import fcntl
import json
from collections.abc import Iterator
from pathlib import Path

from infra.local.process import StackError
from infra.private_files import write_private


class PidFile:
    """Process id, ports and services of the running stack, for `olist up`, `down` and `status`.

    The supervisor holds the lock while it runs. A file without a held lock is stale.
    """

    def __init__(self, home: Path) -> None:
        """Set the paths in a state folder; create no files."""
        self._path = home / "up.json"
        self._lock = home / "up.lock"

    def is_held(self) -> bool:
        """Return whether a supervisor holds the lock."""
        if not self._lock.exists():
            return False
        with self._lock.open("a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock inside the context; delete the PID file on normal exit.

        Raises:
            StackError: Another supervisor holds the lock.
        """
        with self._lock.open("a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StackError("the stack is already up; `olist status` shows it") from error
            yield
            self._path.unlink(missing_ok=True)

    def write(self, facts: dict) -> None:
        """Write the process id of the supervisor, the ports and the services."""
        write_private(self._path, json.dumps(facts))

    def read(self) -> dict:
        """Return the contents of the PID file; an empty dict if no supervisor runs."""
        try:
            return json.loads(self._path.read_text(encoding="utf-8")) if self.is_held() else {}
        except FileNotFoundError:
            return {}
