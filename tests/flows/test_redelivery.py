"""Rows in quarantine are listed, written to files, mended, and loaded with their batch."""

from datetime import date
from pathlib import Path

import pytest

from flows.daily_elt import daily_elt_flow
from infra.local.generate import generate
from infra.settings import Settings
from infra.source_storage import SourceError
from tasks.ingest.redelivery import quarantined, redeliver, write_for_mending
from tasks.request import RequestError
from tasks.validation.gate import GateError
from tests.history import require_invariants

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect_api")]
DAY = date(2018, 10, 18)
ITEMS, REVIEWS = "olist_order_items_dataset.csv", "olist_order_reviews_dataset.csv"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A batch with an amount that cannot be read, and a review of two lines with a bad score."""
    folder = tmp_path_factory.mktemp("source") / str(DAY)
    generate(folder, 300, seed=3)
    items = (folder / ITEMS).read_text().splitlines(keepends=True)
    # a second item: without its only item, an order would stop the batch
    at = next(i for i, item in enumerate(items) if item.split(",")[1].strip('"') == "2")
    *first, price, freight = items[at].strip().split(",")
    items[at] = ",".join([*first, f'"{price.strip(chr(34))} EUR"', freight]) + "\n"
    (folder / ITEMS).write_text("".join(items))
    reviews = (folder / REVIEWS).read_text().splitlines(keepends=True)
    review, order, _, title, _, *times = reviews[1].strip().split(",")
    reviews[1] = ",".join([review, order, "nine", title, '"two\nlines"', *times]) + "\n"
    (folder / REVIEWS).write_text("".join(reviews))
    return folder


@pytest.fixture(scope="module")
def _loaded(stack: Settings, source: Path) -> None:
    daily_elt_flow(DAY, str(source))


@pytest.mark.usefixtures("_loaded")
def test_what_is_in_quarantine_is_listed_with_line_value_and_reason(
    stack: Settings, source: Path
) -> None:
    items, reviews = quarantined(stack, DAY)
    assert (items.receipt.table, reviews.receipt.table) == ("order_items", "order_reviews")
    (item,) = items.reasons
    assert item.column == "price"
    assert item.value.endswith(" EUR")
    assert " EUR" in (source / ITEMS).read_text().splitlines()[item.line - 1]
    (review,) = reviews.reasons
    assert (review.line, review.column, review.value) == (2, "review_score", "nine")
    with pytest.raises(RequestError, match="no run has loaded a batch 2011-01-01"):
        quarantined(stack, date(2011, 1, 1))


@pytest.mark.usefixtures("_loaded")
def test_a_file_with_too_few_records_or_another_header_is_refused(
    stack: Settings, tmp_path: Path
) -> None:
    for aside in quarantined(stack, DAY):
        path = write_for_mending(stack, aside, tmp_path)
    with pytest.raises(RequestError, match="is there already; name a new folder"):
        write_for_mending(stack, aside, tmp_path)
    header = (tmp_path / ITEMS).read_text().splitlines()[0]
    (tmp_path / ITEMS).write_text(header)
    with pytest.raises(RequestError, match="0 records, but 1 are in quarantine"):
        redeliver(stack, DAY, [tmp_path / ITEMS])
    (tmp_path / ITEMS).write_text("a,b\n1,2\n")
    with pytest.raises(RequestError, match="the first line is not that of"):
        redeliver(stack, DAY, [tmp_path / ITEMS])
    with pytest.raises(RequestError, match=r"other\.csv: of batch 2018-10-18, rows are in quaran"):
        redeliver(stack, DAY, [path.rename(tmp_path / "other.csv")])


@pytest.mark.usefixtures("_loaded")
def test_mended_rows_are_loaded_and_traced_to_the_redelivery(
    stack: Settings, source: Path, tmp_path: Path, ask
) -> None:
    paths = [write_for_mending(stack, aside, tmp_path) for aside in quarantined(stack, DAY)]
    assert [path.name for path in paths] == [ITEMS, REVIEWS]
    assert "two\nlines" in paths[1].read_text(), "the whole record"
    header, rest = paths[0].read_text().split("\n", 1)
    paths[0].write_text("\ufeff" + header.replace('"', "") + "\n" + rest)  # as Excel writes it
    for path, wrong, right in ((paths[0], " EUR", ""), (paths[1], "nine", "5")):
        path.write_text(path.read_text().replace(wrong, right))
    address = redeliver(stack, DAY, paths)
    assert address.startswith(f"s3://{stack.bucket}/redelivered/2018-10-18/")
    receipt = daily_elt_flow(DAY, address)
    assert sum(upload.rows_quarantined for upload in receipt.uploads) == 0
    assert quarantined(stack, DAY) == []
    require_invariants(stack)
    assert ask("SELECT source_file FROM audit.loads WHERE table_name = 'order_items'") == [
        (f"{address}/{ITEMS}",)
    ]


@pytest.mark.usefixtures("_loaded")
def test_a_stopped_batch_is_listed_and_a_source_that_has_changed_since_is_refused(
    stack: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / str(DAY.replace(day=19))
    generate(folder, 100, seed=4)
    items = (folder / ITEMS).read_text()
    (folder / ITEMS).write_text(items.replace("-", "x", 3))
    with pytest.raises(GateError, match="delivered again: olist quarantine 2018-10-19"):
        daily_elt_flow(DAY.replace(day=19), str(folder))
    (aside,) = quarantined(stack, DAY.replace(day=19))
    (folder / ITEMS).write_text(items)
    with pytest.raises(
        SourceError, match=r"has changed since it was loaded\. Load it again: olist"
    ):
        write_for_mending(stack, aside, tmp_path)
    (folder / ITEMS).unlink()
    with pytest.raises(SourceError, match="the file is gone"):
        write_for_mending(stack, aside, tmp_path)
