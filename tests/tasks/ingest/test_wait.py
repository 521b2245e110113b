"""A scheduled run looks again for files that are not there yet, until a deadline."""

import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from prefect import flow

from infra.local.generate import generate
from infra.source_storage import MissingSourceError
from tasks.ingest import wait
from tasks.ingest.wait import wait_for_source

DAY = date(2018, 10, 18)
pytestmark = pytest.mark.usefixtures("prefect_api")


@flow
def _waiting(source: str, seconds: float) -> None:
    wait_for_source(source, DAY, datetime.now(UTC) + timedelta(seconds=seconds))


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "_LOOK_SECONDS", 0.1)


def test_files_that_come_before_the_deadline_are_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    generate(tmp_path / "later", 5, seed=1)
    source = tmp_path / "source"
    (source / str(DAY)).mkdir(parents=True)
    for name in ("olist_orders_dataset.csv", "olist_customers_dataset.csv"):  # half a delivery
        (source / str(DAY) / name).write_bytes((tmp_path / "later" / name).read_bytes())

    def deliver() -> None:
        while "Looking again every minute until" not in caplog.text:
            time.sleep(0.05)
        for path in (tmp_path / "later").iterdir():
            path.rename(source / str(DAY) / path.name)

    delivery = threading.Thread(target=deliver, daemon=True)
    delivery.start()
    _waiting(str(source), 120)
    delivery.join()
    assert "olist_order_items_dataset.csv: missing" in caplog.text


def test_at_the_deadline_the_missing_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "2018-10-16").mkdir()
    with pytest.raises(MissingSourceError, match="no folder 2018-10-18; there are 2018-10-16 only"):
        _waiting(str(tmp_path), 1)
