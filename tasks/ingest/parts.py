"""Write typed rows to Parquet parts, and measure what was written."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from infra.contracts import BATCH_DATE, Contract

_ROWS_PER_PART = 500_000
_SAMPLE = 5  # duplicate keys that a message shows


class PartWriter:
    """Write typed rows to Parquet parts of about 500,000 rows in a local folder."""

    def __init__(self, folder: Path, contract: Contract, batch_date: date) -> None:
        """Write into `folder`; the batch date becomes the last column of each row."""
        self._folder = folder
        self._schema = contract.arrow_schema
        self._batch_date = batch_date
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0
        self.paths: list[Path] = []

    def write(self, rows: pl.DataFrame) -> None:
        """Append rows; close a full part, so that the next rows start a new one."""
        dated = rows.with_columns(pl.lit(self._batch_date).alias(BATCH_DATE))
        table = dated.to_arrow().cast(self._schema)
        if self._writer is None:
            self._begin()
        assert self._writer is not None  # noqa: S101
        self._writer.write_table(table)
        self._rows += table.num_rows
        if self._rows >= _ROWS_PER_PART:
            self._end()

    def close(self) -> None:
        """Finish the last part; without rows, write an empty one, because COPY needs a file."""
        if not self.paths:
            self._begin()
        self._end()

    def _begin(self) -> None:
        path = self._folder / f"part-{len(self.paths):04d}.parquet"
        self.paths.append(path)
        self._writer = pq.ParquetWriter(path, self._schema, compression="snappy")
        self._rows = 0

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


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
