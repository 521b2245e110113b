"""Upload: write a source file to the lake as typed Parquet, with a manifest and a receipt.

Keys are content-addressed: the same file under the same contract is never written twice. The
receipt is written last, so an upload that has a receipt is complete.
"""

import hashlib
import tempfile
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow.parquet as pq
from prefect import get_run_logger, task

from infra.contracts import BATCH_DATE, Contract, contracts
from infra.lake import Lake
from infra.settings import Settings
from infra.source_storage import Folder
from tasks.ingest.csv_parser import CsvFile
from tasks.ingest.source import batch_folder, check_source, source_file
from tasks.receipts import Money, UploadReceipt
from tasks.retries import RETRY

_ROWS_PER_PART = 500_000
_SAMPLE = 5


def upload_table(lake: Lake, folder: Folder, table: str, batch_date: date) -> UploadReceipt:
    """Upload one table of a batch, unless the same file was uploaded under the same contract.

    Args:
        lake: The lake to write to.
        folder: The source folder of the batch.
        table: Name of the table, without schema.
        batch_date: The day of the batch.

    Returns:
        The receipt; `uploaded` is False if it is the receipt of an earlier upload.

    Raises:
        SourceError: The file cannot be used.
    """
    contract = contracts()[table]
    name = source_file(folder, folder.files(), contract)
    with tempfile.TemporaryDirectory(prefix=f"olist-{table}-") as scratch:
        path = folder.local(name, Path(scratch))
        return _upload(lake, path, f"{folder.address}/{name}", contract, batch_date)


def _upload(
    lake: Lake, path: Path, address: str, contract: Contract, batch_date: date
) -> UploadReceipt:
    table = contract.table
    sha256 = _sha256(path)
    content_hash = hashlib.sha256(f"{sha256} {contract.fingerprint}".encode()).hexdigest()[:32]
    folder = f"{table}/batch_date={batch_date}/{content_hash}"
    if known := lake.get_json(f"raw/{folder}/receipt.json"):
        return UploadReceipt(**known).model_copy(update={"uploaded": False, "source_file": address})
    with tempfile.TemporaryDirectory(prefix=f"olist-{table}-") as scratch:
        parts = PartWriter(Path(scratch), contract, batch_date)
        quarantine = Path(scratch) / "rows.csv"
        file = CsvFile(path, contract)
        bad: list[pl.DataFrame] = []
        for block in file.blocks():
            parts.write(block.good)
            bad.append(block.bad)
        parts.close()
        rejected = pl.concat([*bad, file.ragged_rows()])
        if rejected.height:
            rejected = file.with_lines(rejected)
            rejected.write_csv(quarantine)
            lake.put_file(f"quarantine/{folder}/rows.csv", quarantine)
        entries = [
            {
                "url": lake.url(f"raw/{folder}/{part.name}"),
                "mandatory": True,
                # COPY of Parquet requires the size in the manifest
                "meta": {"content_length": lake.put_file(f"raw/{folder}/{part.name}", part)},
            }
            for part in parts.paths
        ]
        lake.put_json(f"raw/{folder}/manifest.json", {"entries": entries})
        profile = profile_parts(parts.paths, contract)
        receipt = UploadReceipt(
            table=table,
            batch_date=batch_date,
            source_file=address,
            source_bytes=path.stat().st_size,
            source_sha256=sha256,
            content_hash=content_hash,
            manifest_url=lake.url(f"raw/{folder}/manifest.json"),
            parquet_bytes=sum(entry["meta"]["content_length"] for entry in entries),
            rows_read=file.records + len(file.ragged),
            rows_quarantined=rejected.height,
            money_read=parts.money,
            quarantine_url=lake.url(f"quarantine/{folder}/rows.csv") if rejected.height else None,
            quarantine_sample=[
                f"line {line}: {column or 'row'} {_describe_value(contract, column, value)}{reason}"
                for line, column, value, reason, _ in rejected.head(_SAMPLE).iter_rows()
            ],
            **profile,
        )
        lake.put_json(f"raw/{folder}/receipt.json", receipt.model_dump(mode="json"))
    return receipt


def _describe_value(contract: Contract, column: str | None, value: str | None) -> str:
    """The invalid value, for a message; empty for a sensitive column."""
    sensitive = {c.name for c in contract.columns if c.sensitive}
    return f"is {value!r}: " if value and column not in sensitive else ""


class PartWriter:
    """Write typed rows to Parquet parts of about 500,000 rows in a local folder."""

    def __init__(self, folder: Path, contract: Contract, batch_date: date) -> None:
        """Write into `folder`; the batch date becomes the last column of each row."""
        self._folder = folder
        self._schema = contract.arrow_schema
        self._batch_date = batch_date
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0
        self._money = [c.name for c in contract.columns if c.kind == "DECIMAL"]
        self.paths: list[Path] = []
        self.money: Money = dict.fromkeys(self._money, Decimal("0.00"))

    def write(self, rows: pl.DataFrame) -> None:
        """Append rows; close a full part, so that the next rows start a new one."""
        for column in self._money:
            self.money[column] += cast("Decimal", rows[column].sum())
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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@task(name="upload", task_run_name="upload {table} {batch_date}", **RETRY)
def upload(table: str, batch_date: date, source: str) -> UploadReceipt:
    """Upload the CSV file of one table to the lake as typed Parquet."""
    settings = Settings()
    folder = batch_folder(source, batch_date, settings)
    receipt = upload_table(Lake(settings), folder, table, batch_date)
    _say(receipt, get_run_logger())
    return receipt


@task(name="upload", task_run_name="upload {batch_date}", **RETRY)
def upload_batch(batch_date: date, source: str) -> list[UploadReceipt]:
    """Upload the CSV files of all tables of a small batch to the lake as typed Parquet."""
    settings = Settings()
    lake, folder = Lake(settings), batch_folder(source, batch_date, settings)
    check_source(folder)
    receipts = [upload_table(lake, folder, table, batch_date) for table in contracts()]
    for receipt in receipts:
        _say(receipt, get_run_logger())
    return receipts


def _say(receipt: UploadReceipt, logger: Any) -> None:  # noqa: ANN401 (two logger types)
    logger.info(
        "%s %s: %s rows, %s in quarantine; %s",
        receipt.table,
        receipt.batch_date,
        f"{receipt.rows_loaded:,}",
        f"{receipt.rows_quarantined:,}",
        f"{receipt.parquet_bytes:,} bytes of Parquet written"
        if receipt.uploaded
        else "already in the lake",
    )
