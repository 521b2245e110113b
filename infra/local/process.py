"""Run a local service as a child process: start it, wait until it is ready, and stop it."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakSet

from infra.local.start_errors import advice_for
from infra.settings import PROJECT
from infra.silence import Silence

_READY_SECONDS = 120
_STOP_SECONDS = 20
_STACKS_SECONDS = 0.5
_LOOK_SECONDS = 15.0  # of silence that count at most between two health checks
_spawned: WeakSet[subprocess.Popen[str]] = WeakSet()


class StackError(RuntimeError):
    """Raised when the stack or one of its services cannot start or stop."""


@dataclass(frozen=True)
class ServiceSpec:
    """Start command and readiness check of a service.

    Attributes:
        name: Name of the service and of its log file.
        module: Name of the Python module to run, followed by its arguments.
        environment: Environment variables added to those of this process.
        prints_ready: Whether the service prints `ready <address>` once it is ready.
        health_url: For other services, a URL that responds once the service is ready; None if the
            service counts as ready immediately.
    """

    name: str
    module: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    prints_ready: bool = True
    health_url: str | None = None

    def spawn(self, logs: Path) -> "Service":
        """Start the process. It ends when its parent ends, even if the parent is killed.

        Args:
            logs: Folder of the log file.
        """
        log = logs / f"{self.name}.log"
        with log.open("a", encoding="utf-8") as output:
            log_start = output.tell()
            process = subprocess.Popen(  # noqa: S603 (a module of this project)
                [sys.executable, "-m", "infra.local.exit_with_parent", *self.module],
                stdin=subprocess.PIPE,  # never written to; it closes when this process ends
                stdout=subprocess.PIPE if self.prints_ready else output,
                stderr=output,
                text=True,
                env={**os.environ, **self.environment},
                cwd=PROJECT,
                umask=0o077,  # what a service writes is for its owner only
                start_new_session=True,  # Ctrl-C reaches only the parent, which stops its services
            )
        _spawned.add(process)
        return Service(self, process, log, log_start)


@dataclass
class Service:
    """A running service: its spec, its process, and where its lines in its log file begin."""

    spec: ServiceSpec
    process: subprocess.Popen[str]
    log: Path
    log_start: int = 0
    silence: Silence | None = None  # from the first answer to a health check on

    @property
    def name(self) -> str:
        """Name of the service."""
        return self.spec.name

    def wait_until_ready(self) -> None:
        """Wait until the service is ready.

        Raises:
            StackError: The service ended, or did not become ready in time.
        """
        if self.spec.prints_ready:
            self.wait_for_address()
        elif self.spec.health_url:
            self._wait_for(self.spec.health_url)

    def wait_for_address(self) -> str:
        """Wait for the line `ready <address>` and return the address.

        Raises:
            StackError: The service printed another line, or ended.
        """
        assert self.process.stdout is not None  # noqa: S101
        line = self.process.stdout.readline().strip()
        if not line.startswith("ready "):
            self.process.wait(_READY_SECONDS)
            raise self._start_error()
        return line.removeprefix("ready ")

    def silent_seconds(self) -> float:
        """Ask the health check; return for how long it has not answered.

        Returns:
            Seconds since the last answer; 0 before the first one, and for a service without a
            health check.
        """
        if self.spec.health_url is None:
            return 0.0
        if responds(self.spec.health_url):
            self.silence = Silence(_LOOK_SECONDS)
            return 0.0
        return self.silence.seconds() if self.silence else 0.0

    def log_stacks(self) -> None:
        """Let the process write the stacks of its threads to its log, to see why it hangs."""
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(_STACKS_SECONDS)

    def stop(self) -> None:
        """Send SIGTERM and wait until the process has ended; kill it after 20 seconds."""
        self.process.terminate()
        self.process.send_signal(signal.SIGCONT)  # a suspended process does not see SIGTERM
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.close_pipes()

    def close_pipes(self) -> None:
        """Close the pipes to a process that has ended."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _wait_for(self, url: str) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not responds(url):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise self._start_error()
            time.sleep(0.3)

    def _start_error(self) -> StackError:
        written = self.log.read_bytes()[self.log_start :]
        lines = written.decode(errors="replace").splitlines()
        if advice := advice_for("\n".join(lines), self.log.parent.parent):
            return StackError(f"the local {self.name} did not start: {advice}. Its log: {self.log}")
        tail = "\n".join(lines[-5:])
        return StackError(f"the local {self.name} did not start; see {self.log}\n{tail}")


def resume_all() -> None:
    """Resume services that are suspended, so that they see when this process ends."""
    for process in list(_spawned):
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)


def responds(url: str) -> bool:
    """Return whether a local HTTP server responds to a URL with success within 2 seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 (a local address)
            return response.status < 300
    except OSError:
        return False
