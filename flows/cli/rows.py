"""Print the rows of a query: as a table, CSV, JSON or Parquet."""

import csv
import json
import os
import sys
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import IO, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.cli.console import console
from infra.shown_text import spreadsheet_cell, visible

_MOST = 10_000  # characters of a line
_DIGITS = 15  # that a float keeps of any decimal number


class RowFormat(StrEnum):
    """Formats of rows."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def write_rows(
    columns: Sequence[str], rows: Sequence[tuple], output: RowFormat, *, exact_csv: bool
) -> None:
    """Write rows to standard output.

    Args:
        columns: Names of the columns.
        rows: The rows, with Python values.
        output: The format. JSON is an array with one object for each row; numbers that a float
            cannot hold exactly are strings.
        exact_csv: Whether CSV keeps text that a spreadsheet program reads as a formula.

    Raises:
        typer.BadParameter: Parquet is written to a terminal.
    """
    if output is RowFormat.table:
        print_table(columns, rows)
    elif output is RowFormat.csv:
        cell = (lambda value: value) if exact_csv else spreadsheet_cell
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([spreadsheet_cell(column) for column in columns])
        writer.writerows([cell(value) for value in row] for row in rows)
    elif output is RowFormat.json:
        found = [dict(zip(columns, map(_json, row), strict=True)) for row in rows]
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False, default=str) + "\n")
    else:
        _write_parquet(columns, rows, sys.stdout.buffer)


def print_table(columns: Sequence[str], rows: Sequence[tuple], title: str | None = None) -> None:
    """Print a table; one line a value where the table is too wide for the terminal.

    Args:
        columns: Names of the columns.
        rows: The rows.
        title: Printed above the table.
    """
    table = Table(*columns, title=title, title_justify="left")
    cells = [[_shown(value) for value in row] for row in rows]
    for row in cells:
        # Text() stops rich from parsing brackets in values as markup
        table.add_row(*map(Text, row))
    # what no value has to be broken for
    needed = console.measure(table, options=console.options.update(max_width=_MOST)).maximum
    if needed <= console.width:
        console.print(table)
    elif console.is_terminal or "COLUMNS" in os.environ:
        _print_records(columns, cells, title)
    else:  # a file or another program, which has no width
        Console(width=needed).print(table)


def _print_records(
    columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None
) -> None:
    if title:
        console.print(title, style="italic")
    width = max(map(len, columns))
    for number, row in enumerate(rows, 1):
        console.print(f"-[ row {number} ]".ljust(console.width - 1, "-"), style="dim")
        for column, value in zip(columns, row, strict=True):
            console.print(f"{column.ljust(width)}  {value}".rstrip(), soft_wrap=True)
    console.print(f"({len(rows):,} rows)")


def _shown(value: object) -> str:
    if value is None:
        return ""
    return visible(value) if isinstance(value, str) else str(value)


def _json(value: object) -> object:
    if isinstance(value, Decimal):
        exact = len(value.as_tuple().digits) <= _DIGITS and value.is_finite()
        return float(value) if exact else str(value)
    return value.isoformat() if isinstance(value, date | time) else value


def _write_parquet(columns: Sequence[str], rows: Sequence[tuple], file: IO[bytes]) -> None:
    if file.isatty():
        raise typer.BadParameter("Parquet is binary: add `> rows.parquet`")
    import pyarrow as pa  # noqa: PLC0415 (slow to import)
    import pyarrow.parquet as pq  # noqa: PLC0415

    values: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    arrays = [pa.array(column) for column in values] or [pa.array([], pa.string())] * len(columns)
    table = pa.Table.from_arrays(arrays, list(columns))
    pq.write_table(table, file)
