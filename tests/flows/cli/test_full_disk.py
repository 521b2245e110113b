"""A disk that gets full in mid-run: the error says so, and the next run with space is clean."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.generate import generate
from infra.local.services import running
from infra.settings import Settings
from tests.file_system import file_system, resize
from tests.flows.cli.command import Command
from tests.history import left_over, require_invariants

pytestmark = pytest.mark.slow
ALL_STEPS = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 18]  # the disk of a run, in MB


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    with file_system(tmp_path / "disk", "500m") as mounted:
        yield mounted


@pytest.mark.parametrize(
    "megabytes",
    [pytest.param(n, marks=[] if n == 9 else pytest.mark.full) for n in ALL_STEPS],
)
def test_a_disk_that_gets_full_is_told_and_the_next_run_is_clean(
    disk: Path, tmp_path: Path, megabytes: int
) -> None:
    generate(tmp_path / "2018-10-18", 40, seed=3)
    words = ["run", "--source", str(tmp_path / "2018-10-18")]
    outputs = {"OLIST_EXPORTS": "true", "OLIST_DASHBOARDS": "true"}
    resize(disk, f"{megabytes}m")
    log = tmp_path / "log"
    with Command(disk / "home", *words, log=log, **outputs) as command:
        code, _ = command.ended(250)
        told = command.printed
    if code:
        assert "the disk is full: free some space" in told, told
    resize(disk, "500m")
    with Command(disk / "home", *words, log=log, **outputs) as again:
        assert again.ended(250)[0] == 0, again.printed
        assert "match the source files to the cent" in again.printed
        assert "Error logging to API" not in again.printed
    with running(Settings(home=disk / "home")) as settings:
        require_invariants(settings)
        assert left_over(settings) == []
