"""The package on its own: what another project gets that copies it and `infra/local/loopback`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.settings import PROJECT
from tests.infra.local.redshift.ledger import emulator_only

_TEST_OF_ANOTHER_PROJECT = """
import redshift_connector

def test_an_average_of_integers_is_truncated(local_redshift):
    with redshift_connector.connect(**local_redshift) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE n (i INTEGER)")
        cursor.execute("INSERT INTO n VALUES (1), (2)")
        cursor.execute("SELECT AVG(i) AS mean FROM n")
        assert cursor.fetchall() == ([1],)

def test_the_package_imports_without_the_rest_of_the_project():
    import importlib.util
    assert importlib.util.find_spec("infra.settings") is None
"""


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A folder that holds the two packages and nothing else of the project."""
    target = tmp_path / "infra" / "local"
    for package in ("redshift", "loopback"):
        shutil.copytree(PROJECT / "infra" / "local" / package, target / package)
    for folder in (target, target.parent):
        (folder / "__init__.py").touch()
    return tmp_path


def _python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@emulator_only("other projects use the fixture")
def test_the_pytest_fixture_works_in_another_project(alone: Path) -> None:
    (alone / "test_it.py").write_text(_TEST_OF_ANOTHER_PROJECT)
    done = _python(
        alone, "-m", "pytest", "-q", "-p", "infra.local.redshift.pytest_plugin", "test_it.py"
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@emulator_only("other projects start the server")
def test_the_package_command_requires_a_password(alone: Path) -> None:
    done = _python(alone, "-m", "infra.local.redshift", "--path", str(alone / "w.duckdb"))
    assert done.returncode == 1
    assert "LOCAL_REDSHIFT_PASSWORD" in done.stderr
