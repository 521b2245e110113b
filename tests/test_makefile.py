"""`make clean` removes OLIST_HOME, and nothing else."""

import os
import subprocess
from pathlib import Path

import pytest

from infra.settings import PROJECT


def _make(target: str, folder: Path, **env: str) -> None:
    clean = {k: v for k, v in os.environ.items() if k not in {"OLIST_HOME", "MAKEFLAGS"}}
    subprocess.run(
        ["make", "-f", str(PROJECT / "Makefile"), target],
        cwd=folder,
        env={**clean, **env},
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize("home", ["olist state", "[olist] 'state'", "olíst;x", "-olist"])
def test_clean_removes_a_folder_of_any_name(tmp_path: Path, home: str) -> None:
    for name in ("olist", home, "kept"):
        (tmp_path / name).mkdir()
    _make("clean", tmp_path, OLIST_HOME=home)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "olist"]


@pytest.mark.parametrize("env", [{}, {"OLIST_HOME": ""}])
def test_without_a_name_clean_removes_the_default_folder(
    tmp_path: Path, env: dict[str, str]
) -> None:
    for name in (".local", "kept"):
        (tmp_path / name).mkdir()
    _make("clean", tmp_path, **env)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
