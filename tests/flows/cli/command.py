"""Runs of `olist` that a test disturbs: by signals, to itself or to its services."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from infra.settings import PROJECT


class Command:
    """A command in a session of its own, as a terminal starts it, with its own OLIST_HOME."""

    def __init__(
        self,
        home: Path,
        *words: object,
        log: Path | None = None,
        through: Sequence[str] = (),
        **env: str,
    ) -> None:
        """Start it.

        Args:
            home: Its OLIST_HOME.
            words: The command and its options.
            log: File for what it prints; default: beside `home`.
            through: A command that runs it, such as faketime.
            env: More environment variables.
        """
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("OLIST_", "PREFECT_"))}
        self._home = home
        self._log = log or home.with_name(f"{home.name}.log")
        fast = {"OLIST_EXPORTS": "false", "OLIST_DASHBOARDS": "false", "PYTHONUNBUFFERED": "1"}
        with self._log.open("w") as output:
            self._process = subprocess.Popen(
                [*through, sys.executable, "-m", "flows.cli", *map(str, words)],
                env={**clean, **fast, "OLIST_HOME": str(home), "COLUMNS": "300", **env},
                cwd=PROJECT,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what is left."""
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)
        self._process.wait()

    @property
    def printed(self) -> str:
        """What it has printed so far."""
        return self._log.read_text()

    def wait_for(self, words: str, seconds: float = 120) -> Self:
        """Wait until it has printed something."""
        deadline = time.monotonic() + seconds
        while words not in self.printed:
            assert self._process.poll() is None, self.printed
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.05)
        return self

    def send(self, number: signal.Signals) -> Self:
        """Send a signal to the process group, as a terminal does."""
        os.killpg(self._process.pid, number)
        return self

    def service(self, module: str) -> int:
        """The process id of one of its services."""
        return next(pid for pid in self.left() if module in _read(pid, "cmdline"))

    def ended(self, seconds: float) -> tuple[int, float]:
        """Wait until it has ended; return its exit code and the seconds that it took."""
        began = time.monotonic()
        return self._process.wait(seconds), time.monotonic() - began

    def left(self) -> list[int]:
        """Processes of this command, its services included."""
        return processes_of(self._home)

    def seconds_until_nothing_is_left(self, limit: float) -> float:
        """Wait until no process of it is left."""
        return seconds_until_nothing_is_left(self._home, limit)


def processes_of(home: Path) -> list[int]:
    """The processes with this OLIST_HOME."""
    mine = f"OLIST_HOME={home}\0"
    found = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()]
    return [p for p in found if mine in _read(p, "environ") and _read(p, "cmdline")]


def seconds_until_nothing_is_left(home: Path, limit: float) -> float:
    """Wait until no process with this OLIST_HOME is left."""
    began = time.monotonic()
    while left := processes_of(home):
        assert time.monotonic() - began < limit, [_read(pid, "cmdline") for pid in left]
        time.sleep(0.1)
    return time.monotonic() - began


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""
