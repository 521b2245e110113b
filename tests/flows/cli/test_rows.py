"""Rows of a query are printed for people and for programs."""

import json
from datetime import date, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from flows.cli import rows
from flows.cli.rows import RowFormat, print_table, write_rows

COLUMNS = ["order_id", "value", "purchased_at"]
ROWS = [("a[b]", Decimal("15843553.24"), datetime(2018, 8, 1, 12, 0, 5)), (None, None, None)]


def test_csv_has_unix_line_ends(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_rows(COLUMNS, ROWS, RowFormat.csv, exact_csv=False)
    assert capfdbinary.readouterr().out == (
        b"order_id,value,purchased_at\na[b],15843553.24,2018-08-01 12:00:05\n,,\n"
    )


def test_json_keeps_each_digit(capsys: pytest.CaptureFixture[str]) -> None:
    wide = Decimal("12345678901234567.89")
    write_rows([*COLUMNS, "wide"], [(*ROWS[0], wide)], RowFormat.json, exact_csv=False)
    printed = capsys.readouterr().out
    assert json.loads(printed) == [
        {
            "order_id": "a[b]",
            "value": 15843553.24,
            "purchased_at": "2018-08-01T12:00:05",
            "wide": str(wide),
        }
    ]
    assert "15843553.24" in printed


def test_parquet_is_typed(capfdbinary: pytest.CaptureFixture[bytes], tmp_path) -> None:
    write_rows(
        ["day", "value"], [(date(2018, 8, 1), ROWS[0][1])], RowFormat.parquet, exact_csv=True
    )
    path = tmp_path / "rows.parquet"
    path.write_bytes(capfdbinary.readouterr().out)
    (row,) = pq.read_table(path).to_pylist()
    assert row == {"day": date(2018, 8, 1), "value": ROWS[0][1]}


@pytest.mark.parametrize(("columns", "is_a_table"), [(3, True), (14, False)])
def test_a_table_too_wide_for_80_columns_is_printed_as_records(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    is_a_table: bool,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_table([f"column_{n}" for n in range(columns)], [("a value",) * columns])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("column_0" in line and "column_1" in line for line in lines) == is_a_table
    assert ("column_13  a value" in lines) != is_a_table


def test_a_file_gets_whole_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert not rows.console.is_terminal
    print_table([f"column_{n}" for n in range(20)], [("a value",) * 20])
    head = capsys.readouterr().out.splitlines()[1]
    assert "column_0" in head
    assert "column_19" in head
