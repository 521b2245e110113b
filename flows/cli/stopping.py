"""Ends a command on Ctrl-C, SIGTERM or a closed terminal, within ten seconds.

The first signal ends the run in order: Prefect marks it as crashed, the lock is released, services
stop. A second Ctrl-C, or eight seconds, end the process at once; every step can be killed and run
again, and the services of a command end with its process.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from flows.cli.console import console, errors
from flows.cli.json_lines import emit
from flows.cli.output import is_json
from infra.local.process import resume_all

ORDERLY_SECONDS = 8.0  # then the process ends at once
_STATE_SECONDS = 1.5  # for the question whether a commit has succeeded
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_told = threading.Event()


class StoppedError(KeyboardInterrupt):
    """Raised in the main thread by a signal that ends the command."""

    def __init__(self, number: int) -> None:
        """Keep the exit code that shells expect after this signal."""
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """End the process soon after a signal, whatever the main thread waits for.

    Call it in the main thread.

    Raises:
        SystemExit: A signal came, and the body has ended.
    """
    before = {number: signal.signal(number, _stop) for number in _SIGNALS}
    # a thread hears of signals even if Prefect has replaced the handler of SIGTERM
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    previous = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_end_in_time, args=(reading,), name="stopping", daemon=True).start()
    try:
        yield
    except StoppedError as stopped:
        if is_json():
            emit("error", error="Stopped", message=str(stopped), exit_code=stopped.exit_code)
        raise SystemExit(stopped.exit_code) from None
    finally:
        signal.set_wakeup_fd(previous)
        os.close(writing)  # ends the thread, unless a signal has come
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def state_told() -> Iterator[None]:
    """Tell the state of a run that a signal stops, while its services still answer."""
    try:
        yield
    except KeyboardInterrupt:
        _tell_state()
        raise


def end_now(message: str, code: int) -> None:
    """Print a message and the state of the run, and end the process without waiting for threads.

    Args:
        message: The reason.
        code: Exit code of the process.
    """
    console.show_cursor()  # a live bar hides it
    errors.print(message, soft_wrap=True)
    _tell_state()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # the terminal is closed
            stream.flush()
    resume_all()
    os._exit(code)


def _tell_state() -> None:
    """Print what readers see, once."""
    if not _told.is_set():
        _told.set()
        state = _within(_STATE_SECONDS, _state_of_run)
        errors.print(state or "Stopped before the run began.", soft_wrap=True)


def _state_of_run() -> str:
    if "flows.current_run" not in sys.modules:  # importing it takes seconds
        return ""
    from flows.current_run import stopped_message  # noqa: PLC0415

    return stopped_message()


def _stop(number: int, frame: FrameType | None) -> None:
    del frame
    raise StoppedError(number)


def _end_in_time(reading: int) -> None:
    while (received := _read(reading)) and received[0] not in _SIGNALS:
        continue  # a signal that another library handles
    if not received:
        os.close(reading)
        return
    code = 128 + received[0]
    with suppress(OSError):
        errors.print("Stopping; Ctrl-C again ends at once …", style="dim")
    last = threading.Timer(ORDERLY_SECONDS, end_now, ("The orderly end took too long.", code))
    last.daemon = True
    last.start()
    while another := _read(reading):
        if another[0] == signal.SIGINT:  # not SIGTERM: Prefect sends it again after the first
            end_now("Stopped at once.", code)


def _read(reading: int) -> bytes:
    """Wait for the number of a signal; empty when the command has ended."""
    try:
        return os.read(reading, 1)
    except OSError:
        return b""


def _within(seconds: float, ask: Callable[[], str]) -> str:
    """Call a function that may wait for a service; return an empty text if it takes too long."""
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(ask()), daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else ""
