"""Files of the state are for their owner only; folders that others use stay as they are."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.private_files import make_private, write_private
from infra.settings import PROJECT


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o1777


def test_a_new_or_open_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_private(folder)
    assert _mode(folder) == 0o700
    folder.chmod(0o755)
    make_private(folder)
    assert _mode(folder) == 0o700


def test_a_shared_folder_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    make_private(shared)
    assert _mode(shared) == 0o1777
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    monkeypatch.setenv("HOME", str(home))
    make_private(home)
    assert _mode(home) == 0o755


def test_a_private_file_is_replaced_at_once(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    write_private(path, "new")
    assert path.read_text() == "new"
    assert _mode(path) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["secret"]


def test_files_that_a_user_asks_for_follow_the_umask_of_the_user(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "flows.cli", "generate", str(tmp_path / "out"), "--orders", "5"],
        cwd=PROJECT,
        umask=0o027,
        check=True,
        capture_output=True,
    )
    modes = {_mode(path) for path in (tmp_path / "out").iterdir()}
    assert modes == {0o640}
