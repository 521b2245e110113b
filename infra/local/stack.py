"""Start and stop the background stack, for `olist up` and `olist down`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict

from infra.local.pid_file import PidFile
from infra.local.ports import Ports
from infra.local.process import StackError
from infra.private_files import make_private
from infra.settings import PROJECT, Settings

STAY = "stay\n"  # to the supervisor: the stack is deployed and stays up
_STOP_SECONDS = 60


@contextmanager
def started(settings: Settings, ports: Ports) -> Iterator[None]:
    """Start the supervisor in the background, and wait until all services are ready.

    The stack stays up if the body succeeds. If the body fails, or if this process ends in it, even
    by SIGKILL, the supervisor stops all services and ends.

    Args:
        settings: Names the state folder.
        ports: Port of each service; all must be free.

    Yields:
        Once all services are ready.

    Raises:
        StackError: `target` is aws, the stack is already up, a port is in use, or a service did
            not start.
    """
    if settings.target == "aws":
        raise StackError(
            "OLIST_TARGET=aws: the lake and the warehouse are on AWS, but `olist up` starts local "
            "ones. docs/production.md describes how to deploy runs on AWS"
        )
    home = settings.state
    if PidFile(home).is_held():
        raise StackError("the stack is already up; `olist status` shows it, `olist down` stops it")
    if in_use := ports.in_use():
        named = ", ".join(f"{port} (--{name}-port)" for name, port in in_use.items())
        raise StackError(
            f"something else listens on port {named} of 127.0.0.1. Stop it, or name another port"
        )
    make_private(home)
    make_private(home / "logs")
    log = home / "logs" / "up.log"
    with log.open("a", encoding="utf-8") as errors:
        supervisor = subprocess.Popen(  # noqa: S603 (our own module)
            [
                *(sys.executable, "-m", "infra.local.supervisor"),
                *(word for n, p in asdict(ports).items() for word in (f"--{n}", str(p))),
            ],
            stdin=subprocess.PIPE,  # tells the supervisor to stay; closes if this process ends
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=PROJECT,
            env={**os.environ, "OLIST_HOME": str(home)},
            umask=0o077,
            start_new_session=True,
        )
    assert supervisor.stdin is not None and supervisor.stdout is not None  # noqa: S101, PT018
    with supervisor.stdin, supervisor.stdout:
        try:
            line = supervisor.stdout.readline().strip()
            if line != "ready":
                raise StackError(  # noqa: TRY301 (the supervisor ends in the same way)
                    f"{line or 'the stack did not start'}. Its log is {log}"
                )
            yield
        except BaseException:
            supervisor.stdin.close()
            with suppress(subprocess.TimeoutExpired):  # the first error counts
                supervisor.wait(_STOP_SECONDS)
            raise
        supervisor.stdin.write(STAY)


def stop(settings: Settings) -> bool:
    """Stop the stack and wait until its supervisor has ended.

    Returns:
        Whether the stack was up.

    Raises:
        StackError: The supervisor did not end within 60 seconds.
    """
    pid_file = PidFile(settings.state)
    facts = pid_file.read()
    if not facts:
        return False
    os.kill(facts["pid"], signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while pid_file.is_held():
        if time.monotonic() > deadline:
            raise StackError(
                f"process {facts['pid']} did not end; see {settings.state}/logs/up.log"
            )
        time.sleep(0.2)
    return True
