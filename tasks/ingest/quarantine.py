"""Write the rows that break the contract to a CSV file, with line, column, value and reason."""

from pathlib import Path

import polars as pl

from infra.contracts import Contract
from infra.shown_text import FORMULA

_SAMPLE = 5  # rows that a message shows
_SHOWN = 80  # letters of a value in a message


class QuarantineWriter:
    """Write rows of quarantine to a CSV file, block by block."""

    def __init__(self, path: Path, contract: Contract) -> None:
        """Write to `path`; without rows, no file is written."""
        self.path = path
        self.rows = 0
        self.sample: list[str] = []  # a description of the first rows
        self._sensitive = {column.name for column in contract.columns if column.sensitive}

    def write(self, rows: pl.DataFrame) -> None:
        """Append rows with the columns of `infra.csv_file.values.QUARANTINE`."""
        if rows.is_empty():
            return
        # `row` is JSON, so only `value` may start like a formula
        value = pl.col("value")
        cells = rows.with_columns(
            pl.when(value.str.contains(FORMULA)).then(pl.lit("'") + value).otherwise(value)
        )
        with self.path.open("ab") as file:
            cells.write_csv(file, include_header=self.rows == 0)
        self.rows += rows.height
        for line, column, value, reason, _ in rows.head(_SAMPLE - len(self.sample)).iter_rows():
            shown = f"is {_short(value)}: " if value and column not in self._sensitive else ""
            self.sample.append(f"line {line}: {column or 'row'} {shown}{reason}")


def _short(value: str) -> str:
    return repr(value) if len(value) <= _SHOWN else f"{value[:_SHOWN]!r} … ({len(value):,} letters)"
