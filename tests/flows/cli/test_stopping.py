"""A command that is stopped ends in seconds, tells its state, and leaves no process behind."""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flows.cli.exit_codes import ExitCode
from infra.local.generate import generate
from tests.flows.cli.command import Command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]
LIMIT = 10.0  # seconds in which a command ends, and in which no process of it is left
NOTHING = "2018-10-18 is stopped. This run published nothing; readers see the state before it."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """An OLIST_HOME, and the words of a run."""
    folder = tmp_path_factory.mktemp("stopping")
    generate(folder / "2018-10-18", 40, seed=3)
    return folder / "home", ["run", "--source", str(folder / "2018-10-18")]


def test_ctrl_c_ends_a_run_in_seconds_and_tells_its_state(run: tuple[Path, list[str]]) -> None:
    home, words = run
    with Command(home, *words, "-v") as command:
        command.wait_for("validate raw").send(signal.SIGINT)
        code, seconds = command.ended(60)
        assert (code, seconds < LIMIT) == (130, True), command.printed
        assert command.seconds_until_nothing_is_left(LIMIT) < LIMIT
        assert "Stopping; Ctrl-C again ends at once" in command.printed
        assert f"{NOTHING} Continue: olist {' '.join(words)}" in command.printed
        assert "Crash detected" in command.printed, "Prefect knows how the run ended"
        assert "Traceback" not in command.printed


@pytest.mark.full
def test_a_second_ctrl_c_ends_at_once(run: tuple[Path, list[str]]) -> None:
    home, words = run
    with Command(home, *words, "-v") as command:
        # a suspended warehouse makes the orderly end take long
        command.wait_for("validate raw")
        os.kill(command.service("infra.local.redshift"), signal.SIGSTOP)
        command.send(signal.SIGINT).wait_for("Stopping")
        time.sleep(0.5)
        code, seconds = command.send(signal.SIGINT).ended(60)
        assert (code, seconds < 3) == (130, True), command.printed
        assert "Stopped at once." in command.printed
        assert command.seconds_until_nothing_is_left(LIMIT) < LIMIT


def test_a_signal_ends_a_run_that_waits_for_a_silent_warehouse(
    run: tuple[Path, list[str]],
) -> None:
    home, words = run
    with Command(home, *words, "-v") as command:
        command.wait_for("validate raw")
        os.kill(command.service("infra.local.redshift"), signal.SIGSTOP)
        code, seconds = command.send(signal.SIGTERM).ended(60)
        assert (code, seconds < LIMIT) == (143, True), command.printed
        assert NOTHING in command.printed
        assert command.seconds_until_nothing_is_left(LIMIT) < LIMIT


def test_kill_9_leaves_no_process_behind(run: tuple[Path, list[str]]) -> None:
    home, words = run
    with Command(home, *words, "-v") as command:
        command.wait_for("validate raw").send(signal.SIGKILL)
        command.ended(10)
        assert command.seconds_until_nothing_is_left(LIMIT) < LIMIT


@pytest.mark.parametrize(
    ("number", "limit", "words"),
    [
        (signal.SIGKILL, 15.0, "ended with exit code -9"),
        pytest.param(
            signal.SIGSTOP, 100.0, "has not answered for 7", marks=pytest.mark.full, id="hangs"
        ),
    ],
)
def test_a_run_ends_if_the_prefect_server_is_gone(
    run: tuple[Path, list[str]], number: signal.Signals, limit: float, words: str
) -> None:
    home, run_words = run
    with Command(home, *run_words, "-v") as command:
        command.wait_for("validate raw")
        os.kill(command.service("uvicorn"), number)
        code, seconds = command.ended(120)
        assert (code, seconds < limit) == (ExitCode.INFRASTRUCTURE, True), command.printed
        assert words in command.printed
        assert "logs/prefect-server.log" in command.printed
        assert NOTHING in command.printed
        assert command.seconds_until_nothing_is_left(LIMIT) < LIMIT


@pytest.mark.full
def test_a_stopped_run_after_the_publish_says_what_readers_see(
    run: tuple[Path, list[str]],
) -> None:
    """The last test of the module: it publishes."""
    home, words = run
    with Command(home, *words, "-v") as command:
        command.wait_for("validate reconciliation").send(signal.SIGHUP)
        code, seconds = command.ended(60)
        assert (code, seconds < LIMIT) == (129, True), command.printed
        assert "2018-10-18 is stopped. Readers " in command.printed
    with Command(home, *words, "-v") as again:
        assert again.ended(200)[0] == 0, again.printed
        assert "match the source files to the cent" in again.printed
    assert not list(home.rglob("*.part"))


@pytest.mark.full
def test_two_first_runs_at_once_both_succeed(tmp_path: Path) -> None:
    generate(tmp_path / "2018-10-18", 20, seed=3)
    generate(tmp_path / "2018-10-19", 20, seed=4)

    def end(day: str) -> tuple[int, str]:
        log = tmp_path / day / "home.log"
        with Command(tmp_path / "home", "run", "--source", tmp_path / day, log=log) as command:
            code = command.ended(250)[0]
            command.seconds_until_nothing_is_left(250)  # the other one uses the same services
            return code, command.printed

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(end, ["2018-10-18", "2018-10-19"]))
    assert [code for code, _ in found] == [0, 0], found
