"""A CSV file as a lazy table of text, for readers that need its columns several times."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from infra.csv_file.reader import CsvFile

_SHOWN = 3  # records that a message shows


@dataclass(frozen=True)
class TextTable:
    """The records of a CSV file."""

    rows: pl.LazyFrame  # a string column for each source column; an empty field is null
    set_aside: int  # number of records that cannot be split into fields
    first_set_aside: list[str]  # line and reason of the first ones


def text_table(file: CsvFile, folder: Path) -> TextTable:
    """Read a CSV file into a Parquet file of text.

    Args:
        file: The file to read.
        folder: A folder for the Parquet file, which has to exist as long as the rows are used.

    Raises:
        SourceError: The file cannot be read as CSV.
    """
    path = folder / f"{file.contract.table}.parquet"
    schema = pa.schema([(name, pa.string()) for name in file.contract.header])
    set_aside, first = 0, []
    with pq.ParquetWriter(path, schema) as writer:
        for block in file.blocks():
            writer.write_table(block.text.to_arrow().cast(schema))
            for line, reason, _ in block.set_aside.head(_SHOWN - len(first)).iter_rows():
                first.append(f"line {line}: {reason}")
            set_aside += block.set_aside.height
    return TextTable(pl.scan_parquet(path), set_aside, first)
