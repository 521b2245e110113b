"""Runs with a faked clock: an hour back between two runs, midnight, leap day, summer time."""

import shutil
import time
from datetime import date, datetime
from pathlib import Path

import pytest

from infra.local.generate import generate
from infra.local.services import running
from infra.settings import Settings
from tasks.warehouse.published_index import last_publish, repair_index
from tasks.warehouse.restore import indexed_days
from tests.flows.cli.command import Command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed"),
]


def _run_at(seconds: float, home: Path, *words: object, **env: str) -> str:
    """Run a command whose processes all see a clock that is ahead; return what it prints."""
    clock = ["faketime", "-f", f"{seconds:+.0f}"] if seconds else []
    with Command(home, *words, through=clock, **env) as command:
        code, _ = command.ended(300)
        assert code == 0, command.printed
        return command.printed


@pytest.mark.full
def test_a_clock_that_goes_back_an_hour_loses_no_batch(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for day, seed in (("2018-10-18", 3), ("2018-10-19", 4)):
        generate(tmp_path / day, 20, seed=seed)
    _run_at(3600, home, "run", "--source", tmp_path / "2018-10-18")
    _run_at(0, home, "run", "--source", tmp_path / "2018-10-19")
    with running(Settings(home=home)) as settings:
        days = [date(2018, 10, 18), date(2018, 10, 19)]
        assert indexed_days(settings) == days, "a rebuild from the lake reads this index"
        assert repair_index(settings) == []
        last = last_publish(settings)
        assert last is not None
        assert last[1] == days[1]


@pytest.mark.full
@pytest.mark.parametrize(
    ("start", "timezone"),
    [
        ("2027-12-31T23:59:45-03:00", "America/Sao_Paulo"),  # already 2028 in UTC
        ("2028-02-28T23:59:45-03:00", "America/Sao_Paulo"),  # the next day is 29 February
        ("2027-03-14T01:59:45-05:00", "America/New_York"),  # summer time begins
        ("2027-11-07T01:59:45-04:00", "America/New_York"),  # and ends
    ],
)
def test_a_run_over_a_change_of_day_or_of_summer_time_keeps_its_day(
    tmp_path: Path, start: str, timezone: str
) -> None:
    """The batch date is the day in OLIST_TIMEZONE when the command starts."""
    generate(tmp_path / "dump", 20, seed=3)
    began = datetime.fromisoformat(start)
    printed = _run_at(
        began.timestamp() - time.time(),
        tmp_path / "home",
        *("run", "--source", tmp_path / "dump"),
        OLIST_TIMEZONE=timezone,
    )
    assert f"Batch {began:%Y-%m-%d} is published" in printed
    assert "match the source files to the cent" in printed
