"""Ends a command if Prefect's server dies or hangs; Prefect itself retries for minutes."""

import os
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from flows.cli.exit_codes import ExitCode
from flows.cli.prefect_server import OwnServer
from flows.cli.stopping import end_now
from infra.silence import Silence

_EVERY_SECONDS = 5.0
_ANSWER_SECONDS = 5.0
_LOOK_SECONDS = 2 * (_EVERY_SECONDS + _ANSWER_SECONDS)  # of silence that count at most at once
_SILENT_SECONDS = 70.0  # of a server that runs but does not answer; SQLite may stop it for 60


@contextmanager
def server_watched(own_server: OwnServer | None) -> Iterator[None]:
    """Ask Prefect's server every five seconds, and end the process if it is gone.

    The run cannot go on without it, and every step can be run again.

    Args:
        own_server: The server of this command; None if it uses another one.
    """
    address = os.environ["PREFECT_API_URL"]
    done = threading.Event()
    watch = threading.Thread(
        target=_watch, args=(address, own_server, done), name="prefect-watch", daemon=True
    )
    watch.start()
    try:
        yield
    finally:
        done.set()


def _watch(address: str, own_server: OwnServer | None, done: threading.Event) -> None:
    silence = Silence(_LOOK_SECONDS)
    while not done.wait(_EVERY_SECONDS):
        service = own_server.service if own_server else None
        ended = service.process.poll() if service else None
        if _answers(f"{address}/health"):
            silence.broken()
            continue
        silent = silence.seconds()
        if done.is_set() or (ended is None and silent < _SILENT_SECONDS):
            continue
        what = (
            f"ended with exit code {ended}"
            if ended is not None
            else f"has not answered for {silent:.0f} seconds"
        )
        if service and ended is None:
            service.log_stacks()
        log = f" Its log: {service.log}." if service else ""
        end_now(
            f"Prefect's server at {address} {what}, and a run cannot go on without it.{log}",
            ExitCode.INFRASTRUCTURE,
        )


def _answers(url: str) -> bool:
    """Whether a server answers in time, with whatever status."""
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS):  # noqa: S310 (Prefect's API)
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False
