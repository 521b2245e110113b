"""Write typed rows to Parquet parts, and measure what was written."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from infra.contracts import BATCH_DATE, Contract

_ROWS_PER_PART = 500_000
_ROWS_PER_GROUP = 125_000
_RARELY_EQUAL = {"DOUBLE", "TIMESTAMP"}
_SAMPLE = 5  # duplicate keys that a message shows


class PartWriter:
    """Write typed rows to Parquet parts of about 500,000 rows in a local folder."""

    def __init__(self, folder: Path, contract: Contract, batch_date: date) -> None:
        """Write into `folder`; the batch date becomes the last column of each row."""
        self._folder = folder
        self._schema = contract.arrow_schema
        # nearly all values of these types differ, so a dictionary of them only costs time
        self._dictionary: Any = [c.name for c in contract.columns if c.kind not in _RARELY_EQUAL]
        self._batch_date = batch_date
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0
        self._waiting: list[pa.Table] = []  # the rows of the next row group
        self.paths: list[Path] = []

    def write(self, rows: pl.DataFrame) -> None:
        """Append rows; close a full part, so that the next rows start a new one."""
        dated = rows.with_columns(pl.lit(self._batch_date).alias(BATCH_DATE))
        self._waiting.append(dated.to_arrow().cast(self._schema))
        if sum(table.num_rows for table in self._waiting) >= _ROWS_PER_GROUP:
            self._write_group()
        if self._rows >= _ROWS_PER_PART:
            self._end()

    def close(self) -> None:
        """Finish the last part; without rows, write an empty one, because COPY needs a file."""
        if self._waiting or not self.paths:
            self._write_group()
        self._end()

    def _write_group(self) -> None:
        if self._writer is None:
            path = self._folder / f"part-{len(self.paths):04d}.parquet"
            self.paths.append(path)
            self._writer = pq.ParquetWriter(
                path, self._schema, compression="snappy", use_dictionary=self._dictionary
            )
        group = pa.concat_tables([self._schema.empty_table(), *self._waiting])
        self._waiting.clear()
        self._writer.write_table(group)
        self._rows += group.num_rows

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._rows = None, 0


def profile_parts(parts: Iterable[Path], contract: Contract) -> dict:
    """Measure the written Parquet files: rows, sums of money and duplicate keys.

    Returns:
        Fields of UploadReceipt: `rows_loaded`, `money_loaded` (R$ by column) and, if the contract
        has a key, `duplicate_keys` and `duplicate_sample`.
    """
    rows = pl.scan_parquet(list(parts))
    money = [column.name for column in contract.columns if column.kind == "DECIMAL"]
    totals = rows.select(pl.len().alias("rows"), *(pl.col(name).sum() for name in money)).collect(
        engine="streaming"
    )
    profile = {
        "rows_loaded": totals["rows"].item(),
        "money_loaded": {name: totals[name].item() for name in money},
    }
    if contract.key:
        repeated = (
            rows.group_by(contract.key)
            .len()
            .filter(pl.col("len") > 1)
            .sort(contract.key)
            .collect(engine="streaming")
        )
        profile["duplicate_keys"] = repeated.height
        profile["duplicate_sample"] = [
            ", ".join(f"{name}={value}" for name, value in zip(contract.key, row, strict=False))
            + f" ({row[-1]} times)"
            for row in repeated.head(_SAMPLE).iter_rows()
        ]
    return profile
