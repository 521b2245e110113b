"""Upload: write a source file to the lake as typed Parquet, with a manifest and a receipt.

Keys are content-addressed: the same file under the same contract is never written twice. The
receipt is written last, so an upload that has a receipt is complete.
"""

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task

from infra.contracts import Contract, contracts
from infra.csv_file.money import Money
from infra.csv_file.reader import CsvFile, TextBlock
from infra.csv_file.values import TypedBlock, typed_block
from infra.lake import Lake
from infra.scratch import scratch_folder
from infra.settings import Settings
from infra.source_storage import Folder
from tasks.ingest.parts import PartWriter, profile_parts
from tasks.ingest.quarantine import QuarantineWriter
from tasks.ingest.source import batch_folder, check_source, source_file
from tasks.receipts import UploadReceipt
from tasks.retries import RETRY

# changes when the same file would be read to other rows, so that it is uploaded again
_READING_RULES = 3


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
    with scratch_folder(table) as scratch:
        path = folder.local(name, scratch)
        return _upload(lake, path, f"{folder.address}/{name}", contract, batch_date)


def content_hash(contract: Contract, sha256: str) -> str:
    """Hash of a file and of the rules by which it is read: the same hash means the same Parquet."""
    rules = f"{contract.fingerprint} {_READING_RULES}"
    return hashlib.sha256(f"{sha256} {rules}".encode()).hexdigest()[:32]


def receipt_key(table: str, batch_date: date, content: str) -> str:
    """Key of the receipt of an upload, in the lake."""
    return f"raw/{table}/batch_date={batch_date}/{content}/receipt.json"


def _upload(
    lake: Lake, path: Path, address: str, contract: Contract, batch_date: date
) -> UploadReceipt:
    table = contract.table
    sha256 = _sha256(path)
    content = content_hash(contract, sha256)
    folder = f"{table}/batch_date={batch_date}/{content}"
    if known := lake.get_json(receipt_key(table, batch_date, content)):
        return UploadReceipt(**known).model_copy(update={"uploaded": False, "source_file": address})
    if known := _same_content(lake, table, content):
        return _repeated(lake, known, batch_date, address)
    with scratch_folder(table) as scratch:
        parts = PartWriter(scratch, contract, batch_date)
        quarantine = QuarantineWriter(scratch / "rows.csv", contract)
        totals = ControlTotals(contract)
        for block in CsvFile(path, contract, address).blocks():
            typed = typed_block(block, contract)
            totals.add(block, typed)
            quarantine.write(typed.quarantine)
            parts.write(typed.rows)
        parts.close()
        if quarantine.rows:
            lake.put_file(f"quarantine/{folder}/rows.csv", quarantine.path)
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
            content_hash=content,
            manifest_url=lake.url(f"raw/{folder}/manifest.json"),
            parquet_bytes=sum(entry["meta"]["content_length"] for entry in entries),
            rows_read=totals.records,
            rows_quarantined=quarantine.rows,
            blank_lines=totals.blank_lines,
            money_read=totals.money_read,
            money_quarantined=totals.money_quarantined,
            amounts_unreadable=totals.amounts_unreadable,
            quarantine_url=lake.url(f"quarantine/{folder}/rows.csv") if quarantine.rows else None,
            quarantine_sample=quarantine.sample,
            **profile,
        )
        lake.put_json(receipt_key(table, batch_date, content), receipt.model_dump(mode="json"))
        lake.put_json(_content_key(table, content), {"batch_date": str(batch_date)})
    return receipt


def _content_key(table: str, content: str) -> str:
    """Key of the note which batch delivered a content first."""
    return f"raw/{table}/contents/{content}.json"


def _same_content(lake: Lake, table: str, content: str) -> UploadReceipt | None:
    """The receipt of another batch that delivered the same file, read by the same rules."""
    if noted := lake.get_json(_content_key(table, content)):
        day = date.fromisoformat(noted["batch_date"])
        if known := lake.get_json(receipt_key(table, day, content)):
            return UploadReceipt(**known)
    return None


def _repeated(lake: Lake, known: UploadReceipt, batch_date: date, address: str) -> UploadReceipt:
    """Store the receipt of a file that another batch has delivered, and no Parquet."""
    key = receipt_key(known.table, batch_date, known.content_hash)
    manifest = key.replace("receipt.json", "manifest.json")
    lake.put_json(manifest, lake.require_json(lake.key(known.manifest_url)))
    receipt = known.model_copy(
        update={
            "batch_date": batch_date,
            "source_file": address,
            "manifest_url": lake.url(manifest),
            "parquet_date": known.parquet_date or known.batch_date,
            "uploaded": False,
        }
    )
    lake.put_json(key, receipt.model_dump(mode="json"))
    return receipt


class ControlTotals:
    """What a file holds, counted and summed before any row is set aside."""

    def __init__(self, contract: Contract) -> None:
        """Start at zero, with a sum for each DECIMAL column of the contract."""
        money = [column.name for column in contract.columns if column.kind == "DECIMAL"]
        self.records = self.blank_lines = self.amounts_unreadable = 0
        self.money_read: Money = dict.fromkeys(money, Decimal("0.00"))
        self.money_quarantined: Money = dict.fromkeys(money, Decimal("0.00"))

    def add(self, block: TextBlock, typed: TypedBlock) -> None:
        """Add the records of a block."""
        self.records += block.records
        self.blank_lines += block.blank_lines
        self.amounts_unreadable += typed.amounts_unreadable
        for column in self.money_read:
            self.money_read[column] += typed.money_read[column]
            self.money_quarantined[column] += typed.money_quarantined[column]


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
        else f"same content as batch {receipt.parquet_date}"
        if receipt.parquet_date
        else "already in the lake",
    )
