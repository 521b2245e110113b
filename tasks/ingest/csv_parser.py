"""Parse CSV into typed columns, block by block, and quarantine rows that break the contract.

An empty field is NULL, quoted or not. Values are never repaired: a value that does not match its
column's type exactly sends the row to quarantine.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv

from infra.contracts import Column, Contract
from tasks.ingest.source import SourceError, open_bytes

_BLOCK_BYTES = 8 << 20
_RECORD = "record number"  # has a space, so no column of a contract has this name
QUARANTINE_COLUMNS = ("line", "column", "value", "reason", "row")


@dataclass
class ParsedBlock:
    """Valid rows of a block, typed, and its invalid rows, as text with the reason."""

    good: pl.DataFrame
    bad: pl.DataFrame  # record number, column, value, reason, row


@dataclass
class CsvFile:
    """A CSV file that is parsed once, in blocks of 8 MiB."""

    path: Path
    contract: Contract
    records: int = 0  # well-formed records parsed so far
    ragged: list[tuple[int, str]] = field(default_factory=list)  # number of fields, text
    unclosed_quote: bool = False

    def blocks(self) -> Iterator[ParsedBlock]:
        """Parse the file; update `records`, `ragged` and `unclosed_quote` during the iteration.

        Yields:
            The valid and the invalid rows of each block that has rows.

        Raises:
            SourceError: The file is not UTF-8, has an unclosed quote, or is not readable as CSV.
        """
        header = self.contract.header
        try:
            with open_bytes(self.path) as raw:
                reader = pa_csv.open_csv(
                    pa.PythonFile(raw, mode="r") if self.path.suffix == ".gz" else str(self.path),
                    read_options=pa_csv.ReadOptions(block_size=_BLOCK_BYTES),
                    parse_options=pa_csv.ParseOptions(
                        newlines_in_values=True, invalid_row_handler=self._set_aside
                    ),
                    convert_options=pa_csv.ConvertOptions(
                        column_types=dict.fromkeys(header, pa.string()),
                        strings_can_be_null=True,
                        null_values=[""],
                    ),
                )
                for batch in reader:
                    if batch.num_rows:
                        text = pl.DataFrame(batch).select(header)
                        yield parse_text(text, self.contract, self.records)
                        self.records += text.height
        except (pa.ArrowInvalid, OSError, EOFError) as error:
            raise self._unreadable(error) from error

    def _set_aside(self, row: pa_csv.InvalidRow) -> str:
        if row.text.count('"') % 2:
            self.unclosed_quote = True
            return "error"
        self.ragged.append((row.actual_columns, row.text))
        return "skip"

    def _unreadable(self, error: Exception) -> SourceError:
        text = str(error)
        if "UTF8" in text:
            line, line_bytes = _first_undecodable(self.path)
            return SourceError(
                f"{self.path}, line {line}: not UTF-8: {line_bytes[:80]!r}. "
                "Find the file's encoding and convert it: iconv -f ISO-8859-1 -t UTF-8"
            )
        if self.unclosed_quote or "straddling" in text:
            return SourceError(
                f"{self.path}: a quote is opened and never closed; the file is cut off or its "
                "quotes are not doubled. Ask the source for the file again"
            )
        return SourceError(f"{self.path}: cannot be read as CSV: {text}")

    def ragged_rows(self) -> pl.DataFrame:
        """Records with too few or too many fields, in the shape of `ParsedBlock.bad`."""
        wanted = len(self.contract.header)
        return pl.DataFrame(
            [
                (None, None, None, f"{count} fields instead of {wanted}", text)
                for count, text in self.ragged
            ],
            schema=_BAD_SCHEMA,
            orient="row",
        )

    def with_lines(self, bad: pl.DataFrame) -> pl.DataFrame:
        """Add to each quarantined row the line of the file on which it starts.

        Reads the file a second time, record by record, because a record may span several lines.
        Call it only for a file that has invalid rows.

        Args:
            bad: Invalid and ragged rows, in the shape of `ParsedBlock.bad`.

        Returns:
            The rows with the columns QUARANTINE_COLUMNS; lines count from 1.
        """
        wanted = set(bad[_RECORD].drop_nulls())
        lines: dict[int, int] = {}
        ragged_lines: list[int] = []
        last = max(wanted, default=-1)
        width = len(self.contract.header)
        with open_bytes(self.path) as raw:
            reader = csv.reader(io.TextIOWrapper(raw, "utf-8-sig", newline=""))
            next(reader)
            record, start = 0, reader.line_num + 1
            for fields in reader:
                if fields and len(fields) != width:
                    ragged_lines.append(start)
                elif fields:
                    if record in wanted:
                        lines[record] = start
                    record += 1
                start = reader.line_num + 1
                if record > last and len(ragged_lines) == len(self.ragged):
                    break
        rest = iter(ragged_lines)
        return bad.with_columns(
            pl.Series(
                "line",
                [next(rest, None) if r is None else lines.get(r) for r in bad[_RECORD]],
                dtype=pl.Int64,
            )
        ).select(QUARANTINE_COLUMNS)


_BAD_SCHEMA = {
    _RECORD: pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "reason": pl.String,
    "row": pl.String,
}


def parse_text(text: pl.DataFrame, contract: Contract, first_record: int) -> ParsedBlock:
    """Convert a block of strings to the types of the contract, and separate the invalid rows.

    Args:
        text: One string column for each source column of the contract.
        contract: Columns and types of the table.
        first_record: Number of the block's first record in the file, counted from 0.

    Returns:
        The valid rows, typed, and the invalid rows with column, value and reason.
    """
    typed = [_typed(column).alias(column.name) for column in contract.source_columns]
    faults = {column.name: _fault(column) for column in contract.source_columns}
    parsed = text.select(*typed, pl.any_horizontal(list(faults.values())).alias(_RECORD))
    is_bad = parsed[_RECORD]
    if not is_bad.any():
        return ParsedBlock(parsed.drop(_RECORD), pl.DataFrame(schema=_BAD_SCHEMA))
    bad = (
        text.with_row_index(_RECORD, first_record)
        .filter(is_bad)
        .select(
            pl.col(_RECORD).cast(pl.Int64),
            pl.coalesce(pl.when(fault).then(pl.lit(name)) for name, fault in faults.items()).alias(
                "column"
            ),
            pl.coalesce(pl.when(fault).then(pl.col(name)) for name, fault in faults.items()).alias(
                "value"
            ),
            pl.coalesce(
                pl.when(faults[column.name]).then(_reason(column))
                for column in contract.source_columns
            ).alias("reason"),
            pl.struct(contract.header).struct.json_encode().alias("row"),
        )
    )
    return ParsedBlock(parsed.filter(~is_bad).drop(_RECORD), bad)


def _typed(column: Column) -> pl.Expr:
    text = pl.col(column.name)
    if column.kind == "VARCHAR":
        return text
    if column.kind == "TIMESTAMP":
        return text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    return text.cast(column.polars, strict=False)


def _fault(column: Column) -> pl.Expr:
    """True if the text is not a valid value of the column."""
    text = pl.col(column.name)
    if column.kind == "VARCHAR":
        wrong = text.str.len_bytes() > (column.length or 0)
    elif column.kind == "DECIMAL":
        scale = column.scale or 0
        whole = (column.precision or 0) - scale
        wrong = ~text.str.contains(rf"^-?\d{{1,{whole}}}(\.\d{{1,{scale}}})?$")
    elif column.kind == "TIMESTAMP":
        wrong = (text.str.len_bytes() != 19) | _typed(column).is_null()
    elif column.kind == "DOUBLE":
        wrong = ~_typed(column).is_finite().fill_null(value=False)
    else:
        wrong = _typed(column).is_null()
    present = text.is_not_null() & wrong
    return (present | text.is_null()) if column.required else present.fill_null(value=False)


def _reason(column: Column) -> pl.Expr:
    form = {
        "VARCHAR": f"longer than {column.length} bytes",
        "DECIMAL": f"not a DECIMAL({column.precision}, {column.scale}), as in 1234.56",
        "TIMESTAMP": "not a time, as in 2018-08-01 13:45:00",
        "DOUBLE": "not a number",
    }.get(column.kind, f"not a {column.kind} number")
    return (
        pl.when(pl.col(column.name).is_null())
        .then(pl.lit("missing, but required"))
        .otherwise(pl.lit(form))
    )


def _first_undecodable(path: Path) -> tuple[int, bytes]:
    with open_bytes(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number, line
    return 0, b""
