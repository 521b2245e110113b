"""Backfills: what they report, which batches they skip, and where they resume."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from flows.backfill import backfill_flow, format_date_ranges, missing_days, time_to_go
from flows.corrections import CorrectionError, rebuild_flow, retract_flow
from flows.daily_elt import daily_elt_flow
from infra.contracts import contracts
from infra.lake import Lake
from infra.local.extract import extract
from infra.local.generate import generate
from infra.settings import Settings
from infra.source_storage import SourceError
from infra.warehouse import transaction
from tasks.validation.gate import GATES
from tests.history import checksums, play, require_invariants, slices
from tests.load import Loader


def test_days_without_a_source_folder_are_reported_as_date_ranges() -> None:
    days = [date(2018, 1, 1), date(2018, 1, 3), date(2018, 1, 7)]
    missing = missing_days(days, None, date(2018, 1, 8))
    assert format_date_ranges(missing) == "2018-01-02, 2018-01-04 to 2018-01-06, 2018-01-08"
    assert format_date_ranges(missing, most=1) == "2018-01-02, and 2 more spans"


def test_progress_shows_the_remaining_time() -> None:
    assert str(time_to_go(10, 40, 20.0)) == "0:01:00"


# ------------------------------------------------------------------------------- the flow


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dumps") / "dump"
    generate(folder, 30, seed=5)
    extract(folder, folder.parent / "days", every="9mo")
    return folder


@pytest.fixture
def load(stack: Settings, tmp_path: Path) -> Loader:
    loader = Loader(stack, tmp_path)
    loader.clear()
    loader.release()
    return loader


@pytest.mark.usefixtures("prefect_api")
@pytest.mark.full
def test_a_backfill_resumes_after_published_batches_and_reloads_changed_files(
    load: Loader, dump: Path, tmp_path: Path
) -> None:
    days = tmp_path / "days"
    shutil.copytree(dump.parent / "days", days)
    all_days = [day for day, _ in slices(days)]
    play(load, [slices(days)])
    expected = checksums(load.settings)
    load.clear()
    load.release()

    first = backfill_flow(str(days), last=all_days[0])
    assert (first.published, first.skipped) == ([all_days[0]], [])

    rest = backfill_flow(str(days), batches_per_publish=2)
    assert (rest.published, rest.skipped) == (all_days[1:], [all_days[0]])
    assert rest.missing == missing_days(all_days, None, None)
    assert checksums(load.settings) == expected
    require_invariants(load.settings)

    again = backfill_flow(str(days))
    assert (again.published, again.skipped) == ([], all_days)

    # a corrected file is loaded again
    reviews = days / str(all_days[1]) / contracts()["order_reviews"].source_file
    lines = reviews.read_text().splitlines()
    reviews.write_text("\n".join(lines[:-1]) + "\n")
    assert backfill_flow(str(days)).published == [all_days[1]]


@pytest.mark.full
@pytest.mark.usefixtures("prefect_api")
def test_retract_and_rebuild_flows_work_with_a_source_in_s3(
    load: Loader, dump: Path, tmp_path: Path
) -> None:
    lake = Lake(load.settings)
    for path in (dump.parent / "days").rglob("*.csv"):
        lake.put_file(f"incoming/{path.parent.name}/{path.name}", path)
    source = f"s3://{lake.bucket}/incoming"
    batches = slices(dump.parent / "days")
    play(load, [batches])
    expected = checksums(load.settings)
    load.clear()
    load.release()

    day = batches[-1][0]
    backfill_flow(source, batches_per_publish=9)
    assert checksums(load.settings) == expected
    retract_flow(day)
    assert checksums(load.settings) != expected
    with pytest.raises(CorrectionError, match=f"Batch {day} is not published; there are"):
        retract_flow(day)
    receipt = daily_elt_flow(day, source)  # loads the subfolder of the day
    assert receipt.uploads[0].source_file.startswith(f"{source}/{day}/")
    assert checksums(load.settings) == expected

    with transaction(load.settings) as work:
        work.run("UPDATE analytics.fact_order SET order_value = 0")
        work.run("DELETE FROM staging.order_items")
    rebuilt = rebuild_flow(from_lake=True)
    assert rebuilt.published.batch_dates == [day for day, _ in batches]
    assert [gate.gate for gate in rebuilt.gates] == list(GATES)
    assert checksums(load.settings) == expected
    require_invariants(load.settings)


@pytest.mark.usefixtures("prefect_api")
def test_a_day_without_a_source_folder_raises_an_error(stack: Settings, dump: Path) -> None:
    with pytest.raises(SourceError, match="no folder 1999-01-01; there are"):
        daily_elt_flow(date(1999, 1, 1), str(dump.parent / "days"))
    with pytest.raises(SourceError, match=r"no folder YYYY-MM-DD from 2030-01-01.*olist extract"):
        backfill_flow(str(dump.parent / "days"), first=date(2030, 1, 1))
