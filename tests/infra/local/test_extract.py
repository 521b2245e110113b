"""The extract simulates the source: a batch has the data known then; the union is the dump."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from infra.contracts import contracts
from infra.local.extract import ExtractError, extract, period_ends
from tests.history import slices
from tests.load import id_of, write_source

LIFE = {
    "customers": [{"customer_id": "c", "customer_unique_id": "p"}],
    "products": [{"product_id": "product"}, {"product_id": "never sold"}],
    "sellers": [{"seller_id": "seller"}],
    "geolocation": [{"zip_code_prefix": "01001"}] * 2,
    "orders": [
        {
            "order_id": "o",
            "customer_id": "c",
            "order_purchase_timestamp": "2018-01-01 10:00:00",
            "order_approved_at": "2018-01-02 10:00:00",
            "order_delivered_carrier_date": "2018-01-04 10:00:00",
            "order_delivered_customer_date": "2018-01-08 23:59:59",
        }
    ],
    "order_items": [{"order_id": "o"}],
    "order_payments": [{"order_id": "o"}],
    "order_reviews": [
        {"order_id": "o", "review_id": "r", "review_answer_timestamp": "2018-01-11 00:00:00"}
    ],
}


def _read(folder: Path, table: str) -> pl.DataFrame:
    return pl.read_csv(folder / contracts()[table].source_file, infer_schema=False)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return write_source(tmp_path / "dump", LIFE)


def test_an_extracted_order_has_its_state_at_the_end_of_each_day(
    dump: Path, tmp_path: Path
) -> None:
    extract(dump, tmp_path / "out")
    known = {
        day: (orders["order_status"].item(), len(_read(folder, "order_reviews")))
        for day, folder in slices(tmp_path / "out")
        for orders in [_read(folder, "orders")]
    }
    assert known == {
        date(2018, 1, 1): ("created", 0),
        date(2018, 1, 2): ("approved", 0),
        date(2018, 1, 4): ("shipped", 0),
        date(2018, 1, 8): ("delivered", 0),
        date(2018, 1, 11): ("delivered", 1),  # only the review is new
    }
    second = _read(tmp_path / "out" / "2018-01-02", "orders")
    assert second["order_delivered_carrier_date"].to_list() == [None]


def test_a_changed_order_is_extracted_with_all_its_items_and_payments(
    dump: Path, tmp_path: Path
) -> None:
    extract(dump, tmp_path / "out")
    for _, folder in slices(tmp_path / "out"):
        assert _read(folder, "order_items")["order_id"].to_list() == [id_of("o")]
        assert _read(folder, "order_payments")["order_id"].to_list() == [id_of("o")]


def test_a_time_that_cannot_be_read_is_extracted_as_it_is(tmp_path: Path) -> None:
    orders = [
        {"order_id": "o", "customer_id": "c", "order_approved_at": "01/02/2018"},
        {
            "order_id": "never",
            "customer_id": "c",
            "order_purchase_timestamp": "2018-01-01 10:60:00",
        },
    ]
    items = [{"order_id": "o"}, {"order_id": "never"}]
    dump = write_source(tmp_path / "dump", LIFE | {"orders": orders, "order_items": items})
    extract(dump, tmp_path / "out")
    first, *_ = (folder for _, folder in slices(tmp_path / "out"))
    found = {row["order_id"]: row for row in _read(first, "orders").iter_rows(named=True)}
    assert found[id_of("o")]["order_approved_at"] == "01/02/2018"
    assert found[id_of("never")]["order_purchase_timestamp"] == "2018-01-01 10:60:00"
    assert set(_read(first, "order_items")["order_id"]) == {id_of("o"), id_of("never")}


def test_an_order_that_a_dump_holds_twice_is_extracted_twice_its_review_once(
    tmp_path: Path,
) -> None:
    orders = [
        {"order_id": "o", "customer_id": "c", "order_purchase_timestamp": f"2018-01-{day} 10:00:00"}
        for day in ("01", "05")
    ]
    dump = write_source(tmp_path / "dump", LIFE | {"orders": orders})
    extract(dump, tmp_path / "out")
    rows = [_read(folder, "orders").height for _, folder in slices(tmp_path / "out")]
    assert rows == [1, 2, 2]
    reviews = [_read(folder, "order_reviews").height for _, folder in slices(tmp_path / "out")]
    assert reviews == [0, 0, 1]


def test_reference_rows_are_extracted_with_the_first_batch_only(dump: Path, tmp_path: Path) -> None:
    extract(dump, tmp_path / "out")
    first, *later = (folder for _, folder in slices(tmp_path / "out"))
    counts = {"customers": 1, "products": 2, "sellers": 1, "geolocation": 2}
    assert {table: len(_read(first, table)) for table in counts} == counts
    assert all(len(_read(folder, table)) == 0 for folder in later for table in counts)


@pytest.mark.slow
def test_the_union_of_all_slices_is_the_dump(sample: Path, tmp_path: Path) -> None:
    extract(sample, tmp_path / "out", every="1mo")
    folders = [folder for _, folder in slices(tmp_path / "out")]
    for table, contract in contracts().items():
        whole = _read(sample, table)
        parts = [_read(folder, table) for folder in folders]
        key = {"order_items": "order_id", "order_payments": "order_id", "order_reviews": "order_id"}
        if table in key or contract.key:
            # the last batch that contains the order, or the key, wins
            by = [key[table]] if table in key else list(contract.key)
            numbered = pl.concat(
                [p.with_columns(pl.lit(n).alias("n")) for n, p in enumerate(parts)]
            )
            last = numbered.filter(pl.col("n") == pl.col("n").max().over(by)).drop("n")
        else:
            last = pl.concat(parts)
        assert sorted(last.rows(), key=repr) == sorted(whole.rows(), key=repr), table


def test_the_same_dump_gives_the_same_bytes(dump: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        extract(dump, tmp_path / name, every="7d")
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.csv"))
    assert all(
        (tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files
    )


def test_an_extracted_date_range_contains_the_rows_that_its_orders_reference(
    dump: Path, tmp_path: Path
) -> None:
    """A date range can be loaded without the earlier days."""
    days = extract(dump, tmp_path / "out", date(2018, 1, 3), date(2018, 1, 8))
    assert days == [date(2018, 1, 4), date(2018, 1, 8)]
    assert len(_read(tmp_path / "out" / "2018-01-04", "customers")) == 1


def test_nothing_is_overwritten(dump: Path, tmp_path: Path) -> None:
    extract(dump, tmp_path / "out")
    with pytest.raises(ExtractError, match="exists already"):
        extract(dump, tmp_path / "out")


def test_a_period_is_named_by_its_last_day() -> None:
    assert period_ends(date(2018, 1, 1), date(2018, 1, 10), "7d") == [
        date(2018, 1, 7), date(2018, 1, 10),
    ]  # fmt: skip
    assert period_ends(date(2018, 1, 1), date(2018, 2, 28), "1mo") == [
        date(2018, 1, 31), date(2018, 2, 28),
    ]  # fmt: skip
