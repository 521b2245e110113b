"""Run the command line as a user does."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from flows.cli.main import main
from infra.settings import PROJECT


def in_a_process(home: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `olist` as a user does."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OLIST_", "PREFECT_"))}
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        env={**clean, "OLIST_HOME": str(home), **env},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@dataclass
class Ended:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def olist(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Runs `olist` in this process, which saves the seconds of its imports."""

    def run(home: Path, *arguments: str, **env: str) -> Ended:
        with (
            monkeypatch.context() as patch,
            mock.patch.dict(os.environ, {"OLIST_HOME": str(home), **env}),
        ):
            patch.setattr(sys, "argv", ["olist", *arguments])
            capsys.readouterr()
            try:
                main()
                code = 0
            except SystemExit as ended:
                code = int(ended.code or 0)
            return Ended(code, *capsys.readouterr())

    return run
