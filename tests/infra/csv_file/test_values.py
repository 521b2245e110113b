"""A value is converted exactly, or its row goes to quarantine; control totals cover all rows."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.contracts import Column, Contract, contracts
from infra.csv_file.reader import CsvFile
from infra.csv_file.values import TypedBlock, is_invalid, typed_block, typed_value

ITEMS = contracts()["order_items"]
GOOD = ["o", "1", "p", "s", "2018-01-02 03:04:05", "10.50", "0.05"]


def typed(path: Path, *rows: list[str], contract: Contract = ITEMS) -> TypedBlock:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([contract.header, *rows])
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    (block,) = CsvFile(path, contract, str(path)).blocks()
    return typed_block(block, contract)


def with_value(column: str, value: str) -> list[str]:
    return [value if name == column else old for name, old in zip(ITEMS.header, GOOD, strict=True)]


def read_value(kind: str, text: str) -> object:
    """Convert one value; None if it is invalid."""
    sizes = {"VARCHAR": {"length": 8}, "DECIMAL": {"precision": 6, "scale": 2}}.get(kind, {})
    column = Column("c", kind, required=True, **sizes)
    frame = pl.DataFrame({"c": [text or None]}, schema={"c": pl.String})
    row = frame.select(typed_value(column), is_invalid(column).alias("invalid")).row(0)
    assert row[1] == (row[0] is None)
    return row[0]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("SMALLINT", "0", 0),
        ("SMALLINT", "-32768", -32768),
        ("INT", "2147483647", 2147483647),
        ("DECIMAL", "1234.56", Decimal("1234.56")),
        ("DECIMAL", "-0.5", Decimal("-0.50")),
        ("DECIMAL", "12", Decimal(12)),
        ("DOUBLE", "-23.54562128115268", -23.54562128115268),
        ("DOUBLE", "5e-05", 5e-05),
        ("DOUBLE", "0.0", 0.0),
        ("TIMESTAMP", "2016-02-29 23:59:59", datetime(2016, 2, 29, 23, 59, 59)),
        ("TIMESTAMP", "0001-01-01 00:00:00", datetime(1, 1, 1)),
        ("DATE", "9999-12-31", date(9999, 12, 31)),
        ("VARCHAR", " á b\t\n ", " á b\t\n "),  # eight bytes, kept as they are
    ],
)
def test_a_value_in_the_form_of_its_type_is_read_exactly(
    kind: str, text: str, value: object
) -> None:
    assert read_value(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (
            "SMALLINT",
            ["+5", "05", "-0", "5.0", " 5", "5 ", "5\n", "32768", "1e3", "\u0665", "\uff15", "0x5"],
        ),
        ("INT", ["2147483648", "1,000", "1_000", "--1", "-", "five"]),
        ("DECIMAL", ["10,50", "10.505", "1e3", "12345.00", ".5", "5.", "+1.00", "01.00", "-.5"]),
        (
            "DECIMAL",
            ["\uff15\uff10.00", "\u0665.00", "R$ 5.00", "1 000.00", "nan", "inf", "5.00 ", "5.0\n"],
        ),
        ("DOUBLE", ["+23.5", ".5", "5.", "05.0", "nan", "inf", "-inf", "1e999", "1e-999", "1,5"]),
        ("TIMESTAMP", ["2018-01-01 10:59:60", "2018-01-01 24:00:00", "2018-02-30 00:00:00"]),
        ("TIMESTAMP", ["2018-08-15  1:30:33", "+2018-08-5 11:30:33", "2018-01-01T10:00:00"]),
        ("TIMESTAMP", ["0000-01-01 00:00:00", "2018-01-01\t10:00:00", "2018-01-01", "01/02/2018"]),
        (
            "TIMESTAMP",
            [
                "\uff12\uff10\uff11\uff18-01-01 10:00:00",
                "+017-01-01 10:00:00",
                "2018-01-01 10:00:00Z",
            ],
        ),
        ("TIMESTAMP", ["2018-01-01 10:00:0", "2018-1-01 10:00:000", "2018-01-01 10:00:00\n"]),
        ("DATE", ["2018-02-30", "2018-1-1", "0000-01-01", "2018-01-01 ", "20180101"]),
        ("VARCHAR", ["é" * 5, "123456789"]),  # five letters, ten bytes
    ],
)
def test_a_value_in_another_form_is_never_repaired(kind: str, texts: list[str]) -> None:
    assert [read_value(kind, text) for text in texts] == [None] * len(texts)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["SMALLINT", "INT", "DECIMAL", "DATE", "TIMESTAMP"]),
    st.text(st.sampled_from("0123456789-.: +eE,\t\u0663\uff13"), max_size=20),
)
def test_a_value_that_is_read_has_the_text_that_it_was_read_from(kind: str, text: str) -> None:
    value = read_value(kind, text)
    written = str(value)
    if value is None:
        return
    if kind == "DECIMAL":  # the scale is filled up: 12.5 and 12 mean 12.50 and 12.00
        assert Decimal(text) == value
        digits = text.removeprefix("-") if value == 0 else text  # minus zero is zero
        assert digits in (written, written.removesuffix("0"), written.removesuffix(".00"))
    else:
        assert written == text


@settings(max_examples=60, deadline=None)
@given(cents=st.integers(-(10**12) + 1, 10**12 - 1))
def test_money_is_exact(tmp_path_factory: pytest.TempPathFactory, cents: int) -> None:
    amount = Decimal(cents).scaleb(-2)
    path = tmp_path_factory.mktemp("money") / "f.csv"
    block = typed(path, with_value("price", f"{amount:.2f}"))
    assert block.rows["price"].item() == amount
    assert block.money_read["price"] == amount


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("price", "10,50", "not a DECIMAL(12, 2), as in 1234.56"),
        ("price", "", "missing, but required"),
        ("order_item_id", "1.0", "not a whole number (SMALLINT), as in 42"),
        ("shipping_limit_date", "02/01/2018", "not a time, as in 2018-08-01 13:45:00"),
        ("order_id", "é" * 17, "longer than 32 bytes"),
    ],
)
def test_an_invalid_row_has_its_line_column_value_and_reason(
    tmp_path: Path, column: str, value: str, reason: str
) -> None:
    block = typed(tmp_path / "f.csv", GOOD, with_value(column, value), GOOD)
    assert block.rows.height == 2
    (row,) = block.quarantine.iter_rows(named=True)
    assert (row["line"], row["column"], row["value"]) == (3, column, value or None)
    assert row["reason"] == reason
    assert '"shipping_limit_date":' in row["row"]


def test_lines_are_counted_over_quoted_line_ends_ragged_rows_and_blank_lines(
    tmp_path: Path,
) -> None:
    reviews = contracts()["order_reviews"]
    path = tmp_path / "f.csv"
    path.write_text(
        ",".join(reviews.header)
        + '\nr1,o1,5,,"two\nlines",2018-01-01 00:00:00,2018-01-01 00:00:00\n'  # lines 2 and 3
        + "r2,o2,5\n"  # line 4: too short
        + "\n"  # line 5: blank
        + "r3,o3,bad,,,2018-01-01 00:00:00,2018-01-01 00:00:00\n"  # line 6
        + "r4,o4,5,,,2018-01-01 00:00:00,2018-01-01 00:00:00,more\n"  # line 7: too long
    )
    (block,) = CsvFile(path, reviews, "f.csv").blocks()
    found = typed_block(block, reviews)
    assert found.rows["review_comment_message"].to_list() == ["two\nlines"]
    assert found.quarantine["line"].to_list() == [4, 6, 7]
    assert found.quarantine["reason"].to_list()[0] == "3 fields instead of 7"
    assert (block.records, block.blank_lines) == (4, 1)


def test_control_totals_are_taken_before_rows_are_set_aside(tmp_path: Path) -> None:
    block = typed(
        tmp_path / "f.csv",
        GOOD,
        with_value("order_item_id", "x"),  # its amounts can be read
        with_value("price", "ten"),  # its freight can be read, its price cannot
        [*GOOD, "more"],  # nothing can be read for certain
    )
    assert block.money_read == {"price": Decimal("21.00"), "freight_value": Decimal("0.15")}
    assert block.money_quarantined == {"price": Decimal("10.50"), "freight_value": Decimal("0.10")}
    assert block.amounts_unreadable == 2
