"""`olist up` that is stopped at any step leaves no process behind, and starts when repeated."""

import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from infra.local.ports import Ports, free_ports
from tests.flows.cli.command import Command, processes_of, seconds_until_nothing_is_left

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]
LIMIT = 10.0  # seconds in which the command ends, and in which no process of it is left


def _log_of(service: str) -> Callable[[Path], bool]:
    """Whether a service has been started."""
    return lambda home: (home / "logs" / f"{service}.log").exists()


def _deploys(home: Path) -> bool:
    """Whether `prefect deploy` runs."""
    found = [Path(f"/proc/{pid}/cmdline") for pid in processes_of(home)]
    return any(b"prefect\0" in p.read_bytes() and b"deploy\0" in p.read_bytes() for p in found)


STEPS = {
    "storage": _log_of("redshift"),
    "Prefect server": _log_of("prefect-server"),
    "worker": _log_of("prefect-worker"),
    "deploy": _deploys,
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
QUICK = [("deploy", signal.SIGINT), ("storage", signal.SIGKILL)]


def _cases() -> list[object]:
    """Each step with each signal; those beside QUICK in the campaign of `full` only."""
    return [
        pytest.param(step, number, marks=[] if (step, number) in QUICK else pytest.mark.full)
        for step in STEPS
        for number in SIGNALS
    ]


@pytest.mark.parametrize(("step", "number"), _cases())
def test_a_start_that_is_stopped_leaves_no_process_behind(
    step: str, number: signal.Signals, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with Command(home, *_up()) as command:
        deadline = time.monotonic() + 120
        while not STEPS[step](home):
            assert time.monotonic() < deadline, command.printed
            time.sleep(0.02)
        command.send(number)
        _, seconds = command.ended(60)
        seconds += command.seconds_until_nothing_is_left(60)
        print(f"up, {step}: {number.name}, {seconds:.1f} s")
        assert seconds < LIMIT
        if number == signal.SIGINT:
            assert "no service of the stack is left" in command.printed


@pytest.mark.full
def test_a_start_that_was_stopped_is_repeated(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Command(home, *_up()) as command:
        while not _deploys(home):
            time.sleep(0.02)
        command.send(signal.SIGKILL).ended(60)
        command.seconds_until_nothing_is_left(LIMIT)
    with Command(home, *_up()) as again:
        assert again.ended(200)[0] == 0, again.printed
    with Command(home, "down") as down:
        assert down.ended(60)[0] == 0, down.printed
    seconds_until_nothing_is_left(home, LIMIT)


def _up() -> list[object]:
    ports = Ports(*free_ports(4))
    return [
        "up",
        *(word for name, port in asdict(ports).items() for word in (f"--{name}-port", port)),
    ]
