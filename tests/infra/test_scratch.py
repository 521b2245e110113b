"""Temporary folders of killed processes are removed by the next process."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from infra import scratch
from infra.scratch import scratch_folder


def test_a_left_over_folder_of_a_killed_process_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, signal; from infra.scratch import scratch_folder\n"
            "with scratch_folder('orders') as folder:\n"
            "    (folder / 'part').write_text('x')\n"
            "    os.kill(os.getpid(), signal.SIGKILL)",
        ],
        check=False,
    )
    assert killed.returncode == -9
    (left,) = tmp_path.iterdir()
    other = tmp_path / "olist-somebody-else"
    other.mkdir()
    scratch._remove_left_over.cache_clear()
    with scratch_folder("sellers") as mine:
        assert not left.exists()
        assert sorted(tmp_path.iterdir()) == sorted([mine, other])
        scratch._remove_left_over.cache_clear()
        with scratch_folder("orders"):
            assert mine.exists(), "its process runs"
    assert list(tmp_path.iterdir()) == [other]
