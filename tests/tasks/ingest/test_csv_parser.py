"""Text is parsed exactly, or quarantined with line, column and reason."""

import csv
import io
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.contracts import contracts
from tasks.ingest.csv_parser import CsvFile
from tasks.ingest.source import SourceError

ITEMS = contracts()["order_items"]
SELLERS = contracts()["sellers"]
GOOD = ["o", "1", "p", "s", "2018-01-02 03:04:05", "10.50", "0.05"]


def _items(*rows: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([ITEMS.header, *rows])
    return text.getvalue().encode()


def _read(path: Path, data: bytes, contract=ITEMS) -> tuple[pl.DataFrame, pl.DataFrame]:
    path.write_bytes(data)
    file = CsvFile(path, contract)
    batches = list(file.blocks())
    good = pl.concat([b.good for b in batches]) if batches else pl.DataFrame()
    bad = pl.concat([*(b.bad for b in batches), file.ragged_rows()])
    return good, file.with_lines(bad).sort("line")


def test_values_are_typed_exactly(tmp_path: Path) -> None:
    good, bad = _read(tmp_path / "f.csv", _items(GOOD))
    assert bad.is_empty()
    assert good.row(0)[4:] == (datetime(2018, 1, 2, 3, 4, 5), Decimal("10.50"), Decimal("0.05"))


def _with(column: str, value: str) -> list[str]:
    return [value if name == column else old for name, old in zip(ITEMS.header, GOOD, strict=True)]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("price", "10,50", "not a DECIMAL(12, 2)"),  # a comma would turn R$ 10.50 into 1,050
        ("price", "10.505", "not a DECIMAL(12, 2)"),  # never rounded silently
        ("price", "1e3", "not a DECIMAL(12, 2)"),
        ("price", "12345678901.00", "not a DECIMAL(12, 2)"),
        ("price", "", "missing, but required"),
        ("order_item_id", "1.0", "not a SMALLINT number"),
        ("order_item_id", "70000", "not a SMALLINT number"),
        ("shipping_limit_date", "2018-02-30 00:00:00", "not a time"),
        ("shipping_limit_date", "02/01/2018", "not a time"),
        ("shipping_limit_date", "2018-01-02", "not a time"),
        ("order_id", "é" * 17, "longer than 32 bytes"),  # 17 letters, 34 bytes
    ],
)
def test_a_value_that_does_not_fit_goes_to_quarantine(
    tmp_path: Path, column: str, value: str, reason: str
) -> None:
    good, bad = _read(tmp_path / "f.csv", _items(GOOD, _with(column, value), GOOD))
    assert good.height == 2
    (row,) = bad.iter_rows(named=True)
    assert (row["line"], row["column"]) == (3, column)
    assert row["value"] == (value or None)
    assert reason in row["reason"]


def test_lines_are_counted_over_quoted_newlines_and_ragged_rows(tmp_path: Path) -> None:
    reviews = contracts()["order_reviews"]
    data = (
        ",".join(reviews.header)
        + '\nr1,o1,5,,"two\nlines",2018-01-01 00:00:00,2018-01-01 00:00:00\n'  # lines 2 and 3
        + "r2,o2,5\n"  # line 4: too short
        + "\n"  # line 5: blank, ignored
        + "r3,o3,bad,,,2018-01-01 00:00:00,2018-01-01 00:00:00\n"  # line 6
        + "r4,o4,5,,,2018-01-01 00:00:00,2018-01-01 00:00:00,more\n"  # line 7: too long
    ).encode()
    good, bad = _read(tmp_path / "f.csv", data, reviews)
    assert good["review_comment_message"].to_list() == ["two\nlines"]
    assert bad["line"].to_list() == [4, 6, 7]
    assert bad["reason"].to_list()[0] == "3 fields instead of 7"


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    data = b"seller_state,seller_id,seller_city,seller_zip_code_prefix\nSP,s,santos,01001\n"
    good, _ = _read(tmp_path / "f.csv", data, SELLERS)
    assert good.row(0) == ("s", "01001", "santos", "SP")


def test_a_byte_order_mark_and_crlf_line_ends_are_ignored(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + _items(GOOD)
    good, bad = _read(tmp_path / "f.csv", data)
    assert (good.height, bad.height) == (1, 0)
    assert good["freight_value"].item() == Decimal("0.05")


def test_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    data = ",".join(SELLERS.header).encode() + b"\ns,01001,s\xe3o paulo,SP\n"
    with pytest.raises(SourceError, match=r"line 2: not UTF-8.*iconv"):
        _read(tmp_path / "f.csv", data, SELLERS)


def test_an_unclosed_quote_is_refused(tmp_path: Path) -> None:
    data = _items(GOOD) + b'"o,1,p,s,2018-01-02 03:04:05,1.00,1.00\n' + _items(GOOD, GOOD)
    with pytest.raises(SourceError, match="never closed"):
        _read(tmp_path / "f.csv", data)


_FIELDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(_FIELDS | st.sampled_from(GOOD), min_size=1, max_size=9), max_size=12)
)
def test_every_record_is_loaded_or_quarantined(tmp_path_factory, rows: list[list[str]]) -> None:
    """I4, for any output of a CSV writer."""
    # a record with one empty field is a blank line, and blank lines are ignored
    rows = [row for row in rows if any(row)]
    path = tmp_path_factory.mktemp("any") / "f.csv"
    try:
        good, bad = _read(path, _items(*rows))
    except SourceError:
        return  # the file is refused as a whole, so no row is lost
    assert good.height + bad.height == len(rows)
    assert bad["line"].null_count() == 0


@settings(max_examples=100, deadline=None)
@given(cents=st.integers(-(10**12) + 1, 10**12 - 1))
def test_money_is_exact(tmp_path_factory, cents: int) -> None:
    amount = Decimal(cents).scaleb(-2)
    path = tmp_path_factory.mktemp("money") / "f.csv"
    good, _ = _read(path, _items(_with("price", f"{amount:.2f}")))
    assert good["price"].item() == amount
