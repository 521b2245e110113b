"""Convert the text of CSV fields to the types of a contract, and find the values that do not fit.

An empty field is NULL, quoted or not. A value is converted only if its text has the one form of
its type (`Column.form`), so that no value is repaired, rounded or guessed. Values of VARCHAR are
first brought to the form of `infra.csv_file.text`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from infra.contracts import Column, Contract
from infra.csv_file.money import Money
from infra.csv_file.reader import TextBlock
from infra.csv_file.text import normalised

# column and value are null for a record that cannot be split into the columns
QUARANTINE = {
    "line": pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "reason": pl.String,
    "row": pl.String,
}


@dataclass(frozen=True)
class TypedBlock:
    """The records of a block: valid rows, typed, and rows for quarantine."""

    rows: pl.DataFrame
    quarantine: pl.DataFrame  # columns QUARANTINE, in the order of the file
    money_read: Money  # of all records, summed before any is set aside
    money_quarantined: Money  # the part of it that is in quarantine
    amounts_unreadable: int  # rows in quarantine with an amount that cannot be read


def typed_block(block: TextBlock, contract: Contract) -> TypedBlock:
    """Convert a block of text to typed rows.

    Args:
        block: Records as text.
        contract: Columns and types of the table.

    Returns:
        The valid rows, the rows for quarantine, and the control totals.
    """
    columns = contract.source_columns
    text = block.text.with_columns(
        normalised(block.text[column.name]) for column in columns if column.kind == "VARCHAR"
    )
    typed = text.select(typed_value(column).alias(column.name) for column in columns)
    invalid = _invalid_rows_of(text, typed, columns)
    rejected = typed.filter(invalid)
    quarantine = pl.concat([_invalid_rows(block, text, invalid, contract), _unsplit_rows(block)])
    money = [column.name for column in columns if column.kind == "DECIMAL"]
    unreadable = block.set_aside.height if money else 0
    if money and rejected.height:
        unreadable += rejected.filter(pl.any_horizontal(pl.col(money).is_null())).height
    return TypedBlock(
        rows=typed.filter(~invalid) if rejected.height else typed,
        quarantine=quarantine.sort("line"),
        money_read=_totals(typed, money),
        money_quarantined=_totals(rejected, money),
        amounts_unreadable=unreadable,
    )


def typed_value(column: Column) -> pl.Expr:
    """The value of a column of text; null if the text does not have the form of the type."""
    text = pl.col(column.name)
    if column.kind == "VARCHAR":
        return pl.when(text.str.len_bytes() <= (column.length or 0)).then(text)
    has_form = text.str.contains(f"^(?:{column.form})$")
    if column.kind == "TIMESTAMP":
        value = text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    elif column.kind == "DATE":
        value = text.str.to_date("%Y-%m-%d", strict=False)
    else:
        value = text.cast(column.polars, strict=False)
    return pl.when(has_form).then(value)


def _invalid_rows_of(
    text: pl.DataFrame, typed: pl.DataFrame, columns: Sequence[Column]
) -> pl.Series:
    """Whether a value of a row is invalid; counts come first, because they cost nothing."""
    wrong = pl.repeat(False, text.height, dtype=pl.Boolean, eager=True)
    for column in columns:
        absent = 0 if column.required else text[column.name].null_count()
        if typed[column.name].null_count() != absent:
            wrong |= text.select(is_invalid(column)).to_series()
    return wrong


def is_invalid(column: Column) -> pl.Expr:
    """Whether the text of a column is no value of it, or is missing though required."""
    unreadable = typed_value(column).is_null()
    return unreadable if column.required else unreadable & pl.col(column.name).is_not_null()


def _reason(column: Column) -> pl.Expr:
    text = pl.col(column.name)
    form = {
        "DECIMAL": f"not a DECIMAL({column.precision}, {column.scale}), as in 1234.56",
        "TIMESTAMP": "not a time, as in 2018-08-01 13:45:00",
        "DATE": "not a date, as in 2018-08-01",
        "DOUBLE": "not a number, as in -23.5456",
        "VARCHAR": f"longer than {column.length} bytes",
    }.get(column.kind, f"not a whole number ({column.kind}), as in 42")
    return pl.when(text.is_null()).then(pl.lit("missing, but required")).otherwise(pl.lit(form))


def _invalid_rows(
    block: TextBlock, text: pl.DataFrame, invalid: pl.Series, contract: Contract
) -> pl.DataFrame:
    """The rows with an invalid value; the first one of each row is shown."""
    if not invalid.any():
        return pl.DataFrame(schema=QUARANTINE)
    columns = contract.source_columns

    def first(shown: dict[str, pl.Expr]) -> pl.Expr:
        return pl.coalesce(pl.when(is_invalid(c)).then(shown[c.name]) for c in columns)

    found = text.filter(invalid).select(
        first({c.name: pl.lit(c.name) for c in columns}).alias("column"),
        first({c.name: pl.col(c.name) for c in columns}).alias("value"),
        first({c.name: _reason(c) for c in columns}).alias("reason"),
    )
    rows = block.text.filter(invalid).select(
        pl.struct(contract.header).struct.json_encode().alias("row")
    )
    return (
        pl.concat([found, rows], how="horizontal")
        .with_columns(pl.Series("line", block.lines(invalid.arg_true()), dtype=pl.Int64))
        .select(list(QUARANTINE))
    )


def _unsplit_rows(block: TextBlock) -> pl.DataFrame:
    absent = [pl.lit(None, pl.String).alias(name) for name in ("column", "value")]
    return block.set_aside.with_columns(absent).select(list(QUARANTINE))


def _totals(rows: pl.DataFrame, money: list[str]) -> Money:
    return {name: Decimal(rows[name].sum() or 0) for name in money}
