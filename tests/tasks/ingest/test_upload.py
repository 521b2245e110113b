"""Files are uploaded once, typed, with a receipt that accounts for every row."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from infra.contracts import contracts
from infra.lake import Lake
from infra.source_storage import LocalFolder
from tasks.ingest.upload import upload_table
from tests.conftest import DAY
from tests.load import write_source

ITEMS = contracts()["order_items"]


@pytest.fixture
def lake(stack) -> Lake:
    return Lake(stack)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = [{"order_id": "a"}, {"order_id": "b", "price": "0.10"}]
    return write_source(tmp_path / "source", {"order_items": rows})


def _parquet(stack, lake: Lake, manifest_url: str) -> pl.DataFrame:
    entries = lake.get_json(manifest_url.removeprefix(lake.url("")))["entries"]
    files = Path(stack.state / "s3" / lake.bucket)
    names = [e["url"].removeprefix(lake.url("")).replace("/", "%2F") for e in entries]
    for entry, name in zip(entries, names, strict=True):
        assert entry["meta"]["content_length"] == (files / name).stat().st_size
    return pl.concat([pl.from_arrow(pq.read_table(files / name)) for name in names])


def test_rows_arrive_typed_with_their_batch_date(stack, lake: Lake, source: Path) -> None:
    receipt = upload_table(lake, LocalFolder(source), "order_items", DAY)
    rows = _parquet(stack, lake, receipt.manifest_url)
    assert rows["price"].to_list() == [Decimal("10.00"), Decimal("0.10")]
    assert rows["batch_date"].unique().to_list() == [DAY]
    assert receipt.money_read == receipt.money_loaded
    assert receipt.money_loaded["price"] == Decimal("10.10")


def test_the_same_file_is_not_written_again(lake: Lake, source: Path) -> None:
    first = upload_table(lake, LocalFolder(source), "order_items", DAY)
    before = sorted(lake.keys(""))
    again = upload_table(lake, LocalFolder(source), "order_items", DAY)
    assert not again.uploaded
    assert again.content_hash == first.content_hash
    assert sorted(lake.keys("")) == before


def test_an_upload_without_its_receipt_is_done_again(lake: Lake, source: Path) -> None:
    """A run killed before its receipt leaves files behind; the next upload overwrites them."""
    first = upload_table(lake, LocalFolder(source), "sellers", DAY)
    folder = first.manifest_url.removeprefix(lake.url("")).removesuffix("manifest.json")
    lake._client.delete_object(Bucket=lake.bucket, Key=f"{folder}receipt.json")
    assert upload_table(lake, LocalFolder(source), "sellers", DAY).uploaded


def test_a_changed_file_is_kept_beside_the_earlier_one(lake: Lake, source: Path) -> None:
    first = upload_table(lake, LocalFolder(source), "order_items", DAY)
    path = source / ITEMS.source_file
    path.write_text(path.read_text().replace("0.10", "0.20"))
    second = upload_table(lake, LocalFolder(source), "order_items", DAY)
    assert second.manifest_url != first.manifest_url
    assert lake.get_json(first.manifest_url.removeprefix(lake.url(""))) is not None


def test_a_compressed_file_loads(lake: Lake, source: Path) -> None:
    path = source / ITEMS.source_file
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert upload_table(lake, LocalFolder(source), "order_items", DAY).rows_loaded == 2


def test_a_file_with_a_header_only_is_an_empty_delivery(stack, lake: Lake, source: Path) -> None:
    receipt = upload_table(lake, LocalFolder(source), "order_reviews", DAY)
    assert (receipt.rows_read, receipt.rows_loaded) == (0, 0)
    assert _parquet(stack, lake, receipt.manifest_url).is_empty()


def test_bad_rows_are_quarantined_with_their_reasons(lake: Lake, source: Path) -> None:
    path = source / ITEMS.source_file
    path.write_text(path.read_text().replace("0.10", "0,10").replace("10.00", '"ten"'))
    receipt = upload_table(lake, LocalFolder(source), "order_items", DAY)
    assert (receipt.rows_read, receipt.rows_loaded, receipt.rows_quarantined) == (2, 0, 2)
    key = receipt.quarantine_url.removeprefix(lake.url(""))
    body = lake._client.get_object(Bucket=lake.bucket, Key=key)["Body"].read()
    rows = pl.read_csv(body)
    assert rows["value"].to_list() == ["ten", None]  # the second row has one field too many
    assert json.loads(rows["row"][0])["price"] == "ten"


def test_keys_that_occur_twice_are_counted_and_shown(lake: Lake, tmp_path: Path) -> None:
    twice = write_source(tmp_path / "s", {"sellers": [{"seller_id": "x"}, {"seller_id": "x"}]})
    receipt = upload_table(lake, LocalFolder(twice), "sellers", DAY)
    assert receipt.duplicate_keys == 1
    assert "(2 times)" in receipt.duplicate_sample[0]


def test_the_real_files_have_the_known_rows_and_amounts(lake: Lake, sample: Path) -> None:
    receipts = {t: upload_table(lake, LocalFolder(sample), t, DAY) for t in contracts()}
    assert receipts["order_items"].money_loaded == {
        "price": Decimal("392468.58"),
        "freight_value": Decimal("68855.36"),
    }
    assert receipts["order_payments"].money_loaded == {"payment_value": Decimal("468087.37")}
    assert {t: r.rows_loaded for t, r in receipts.items()} == {
        "category_translation": 71,
        "customers": 3000,
        "geolocation": 8940,
        "order_items": 3397,
        "order_payments": 3170,
        "order_reviews": 2993,
        "orders": 3000,
        "products": 2452,
        "sellers": 938,
    }
    assert all(r.rows_quarantined == 0 and r.duplicate_keys == 0 for r in receipts.values())
