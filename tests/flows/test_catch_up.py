"""A scheduled run loads the day before it and, first, all missed days, in order and once."""

from datetime import date
from pathlib import Path

import pytest

from flows import daily_elt as module
from flows.daily_elt import daily_elt_flow, scheduled_day, source_or_default
from infra.local.extract import extract
from infra.local.generate import generate
from infra.settings import Settings
from infra.source_storage import SourceError
from tasks.reporting.run_history import history
from tests.history import require_invariants, slices


@pytest.mark.full  # tests/e2e/test_stack.py covers late runs in every test run
@pytest.mark.usefixtures("prefect_api")
def test_missed_days_are_loaded_first_and_nothing_twice(
    stack: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate(tmp_path / "dump", 20, seed=5)
    extract(tmp_path / "dump", tmp_path / "days", every="8mo")
    source = str(tmp_path / "days")
    days = [day for day, _ in slices(tmp_path / "days")]
    assert daily_elt_flow(days[0], source) is not None

    def on_the_day_after(day: date):
        monkeypatch.setattr(module, "scheduled_day", lambda: day)
        return daily_elt_flow(source=source)

    # the machine was down on the day after days[1]
    receipt = on_the_day_after(days[2])
    assert receipt is not None
    assert receipt.published.batch_dates == [days[2]]
    from infra.lake import Lake

    told = [entry.batch_dates for entry in history(Lake(stack))]
    assert told == [[days[0]], [days[1]], [days[2]]]
    require_invariants(stack)

    assert on_the_day_after(days[2]) is None, "it is published already"
    assert len(history(Lake(stack))) == 3

    # the source has no files for the day yet: the run fails instead of skipping the day
    with pytest.raises(SourceError, match="no folder 2017-01-01; there are"):
        on_the_day_after(date(2017, 1, 1))


def test_the_scheduled_day_is_the_previous_day_in_sao_paulo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from datetime import UTC, datetime
    from types import SimpleNamespace

    # 02:00 UTC is still the previous evening in São Paulo
    at = datetime(2018, 8, 3, 2, 0, tzinfo=UTC)
    monkeypatch.setattr(module, "flow_run", SimpleNamespace(scheduled_start_time=at))
    assert scheduled_day() == date(2018, 8, 1)


def test_a_source_is_required_as_a_parameter_or_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="set OLIST_SOURCE"):
        source_or_default(Settings(source=None), None)
    assert source_or_default(Settings(source="/data"), None) == "/data"
    assert source_or_default(Settings(source="/data"), "s3://other") == "s3://other"
