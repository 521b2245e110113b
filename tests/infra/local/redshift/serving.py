"""Run `olist redshift` as a process for a test."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.settings import PROJECT


def command(path: Path, *more: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "flows.cli", "redshift", "--path", str(path), *more]


def environment(password: str | None) -> dict[str, str]:
    """Environment of the command, without the developer's own OLIST settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OLIST_")}
    return clean if password is None else {**clean, "OLIST_REDSHIFT_PASSWORD": password}


@contextmanager
def served(path: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The process and its port, once it reports ready."""
    line = command(path, "--port", "0", *more)
    with subprocess.Popen(
        line,
        env=environment("pw"),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        word, _, address = process.stdout.readline().strip().partition(" ")
        assert word == "ready"
        try:
            yield process, int(address.rpartition(":")[2])
        finally:
            process.kill()
