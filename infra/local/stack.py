"""Starts and stops the stack that stays up, for `olist up` and `olist down`."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict

from infra.local.pid_file import PidFile
from infra.local.ports import Ports
from infra.local.process import StackError
from infra.settings import PROJECT, Settings

_STOP_SECONDS = 60


def start(settings: Settings, ports: Ports) -> None:
    """Start the supervisor in the background, and wait until all services are ready.

    Raises:
        StackError: The stack is up already, a port is in use, or a service did not start.
    """
    if settings.target == "aws":
        raise StackError(
            "OLIST_TARGET=aws: lake and warehouse are on AWS, and `olist up` starts local ones. "
            "docs/production.md describes how runs are deployed there"
        )
    home = settings.state
    if PidFile(home).is_held():
        raise StackError("it is up already; `olist status` shows where, `olist down` ends it")
    if in_use := ports.in_use():
        named = ", ".join(f"{port} (--{name}-port)" for name, port in in_use.items())
        raise StackError(
            f"something else listens on port {named} of 127.0.0.1. End it, or name another port"
        )
    (home / "logs").mkdir(parents=True, exist_ok=True)
    log = home / "logs" / "up.log"
    with log.open("a") as errors:
        supervisor = subprocess.Popen(  # noqa: S603 (our own module)
            [
                *(sys.executable, "-m", "infra.local.supervisor"),
                *(word for n, p in asdict(ports).items() for word in (f"--{n}", str(p))),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=PROJECT,
            env={**os.environ, "OLIST_HOME": str(home)},
            start_new_session=True,
        )
    assert supervisor.stdout is not None  # noqa: S101
    line = supervisor.stdout.readline().strip()
    supervisor.stdout.close()
    if line != "ready":
        raise StackError(f"{line or 'the stack did not start'}. Its log is {log}")


def stop(settings: Settings) -> bool:
    """End the stack, and wait until it has ended; False where it is not up.

    Raises:
        StackError: The supervisor does not end.
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
                f"process {facts['pid']} does not end; see {settings.state}/logs/up.log"
            )
        time.sleep(0.2)
    return True
