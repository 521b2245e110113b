"""Rows in quarantine: list them, write them to files for a person to mend, deliver mended rows.

A redelivery is a source folder in the lake: the files of the batch as they were, but with the
mended records in place of those in quarantine. It is loaded, checked and traced like any other.
"""

import csv
import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from infra.contracts import contracts
from infra.csv_file.records import Records, split
from infra.lake import Lake
from infra.scratch import scratch_folder
from infra.settings import Settings
from infra.shown_text import HIDDEN
from infra.source_storage import SourceError, open_folder
from tasks.receipts import UploadReceipt
from tasks.reporting.run_history import last_run_of
from tasks.request import RequestError
from tasks.warehouse.restore import indexed_receipts


@dataclass(frozen=True)
class Reason:
    """Why a record is in quarantine."""

    line: int  # in the source file, from 1
    column: str  # empty if the record cannot be split into columns
    value: str
    reason: str


@dataclass(frozen=True)
class SetAside:
    """The rows of a file that are in quarantine."""

    receipt: UploadReceipt
    reasons: list[Reason]


def quarantined(settings: Settings, day: date) -> list[SetAside]:
    """Return what is in quarantine of a batch, by table; sensitive values are hidden.

    Args:
        settings: Access to the lake.
        day: The date of the batch.

    Raises:
        RequestError: The batch is not known.
    """
    lake = Lake(settings)
    return [
        SetAside(receipt, _reasons(lake, receipt))
        for receipt in _receipts(settings, lake, day)
        if receipt.quarantine_url
    ]


def write_for_mending(settings: Settings, aside: SetAside, folder: Path) -> Path:
    """Write the header of a source file and its records in quarantine, as they are in the file.

    Args:
        settings: Access to the source.
        aside: What is in quarantine.
        folder: Target folder; it is created if it is missing.

    Returns:
        Path of the file.

    Raises:
        RequestError: The folder already has such a file, which may be the source itself.
        SourceError: The source file is gone, has changed, or cannot be split into records.
    """
    path = folder / contracts()[aside.receipt.table].source_file
    if path.exists():
        raise RequestError(f"{path} is there already; name a new folder")
    text = _source_text(settings, aside.receipt)
    records = _records(text, aside.receipt.source_file)
    folder.mkdir(parents=True, exist_ok=True)
    parts = [_record(text, records, i) for i in (0, *_set_aside(records, aside))]
    path.write_bytes(b"".join(map(_ended, parts)))
    return path


def redeliver(settings: Settings, day: date, mended: Sequence[Path]) -> str:
    """Write the source folder of a redelivery to the lake.

    Args:
        settings: Access to the lake and the source.
        day: The date of the batch.
        mended: Files as `write_for_mending` wrote them, with mended records. Each has as many
            records as are in quarantine, so that none is lost.

    Returns:
        Address of the folder.

    Raises:
        RequestError: A file is not of a table with rows in quarantine, or has other columns or
            another number of records.
        SourceError: A source file is gone, has changed, or cannot be split into records.
    """
    lake = Lake(settings)
    aside = {contracts()[a.receipt.table].source_file: a for a in quarantined(settings, day)}
    given = {path.name: path.read_bytes() for path in mended}
    if unknown := sorted(given.keys() - aside.keys()):
        raise RequestError(
            f"{', '.join(unknown)}: of batch {day}, rows are in quarantine of "
            f"{', '.join(aside) or 'no file'}. `olist quarantine {day} --to DIR` writes such files"
        )
    digest = hashlib.sha256(b"".join(given[name] for name in sorted(given))).hexdigest()[:16]
    prefix = f"redelivered/{day}/{digest}"
    for receipt in _receipts(settings, lake, day):
        name = contracts()[receipt.table].source_file
        with scratch_folder("redelivery") as scratch:
            if name in given:
                path = scratch / name
                path.write_bytes(_mended(settings, aside[name], given[name]))
            else:
                path, name = _file(settings, receipt, scratch)
            lake.put_file(f"{prefix}/{name}", path)
    return lake.url(prefix)


def _receipts(settings: Settings, lake: Lake, day: date) -> list[UploadReceipt]:
    """The receipts of the last run that loaded a batch, also if a gate stopped it."""
    last = last_run_of(lake, day)
    found = [r for r in last.uploads if r.batch_date == day] if last else []
    # a run without uploads, such as a rebuild: the published files
    found = found or [r for r in indexed_receipts(settings) if r.batch_date == day]
    if not found:
        raise RequestError(f"no run has loaded a batch {day}; `olist status` shows the last ones")
    return found


def _reasons(lake: Lake, receipt: UploadReceipt) -> list[Reason]:
    assert receipt.quarantine_url is not None  # noqa: S101
    sensitive = {c.name for c in contracts()[receipt.table].columns if c.sensitive}
    with scratch_folder("quarantine") as scratch:
        path = scratch / "rows.csv"
        lake.get_file(lake.key(receipt.quarantine_url), path)
        with path.open(encoding="utf-8", newline="") as file:
            return [
                Reason(
                    int(row["line"]),
                    row["column"],
                    HIDDEN if row["column"] in sensitive else row["value"],
                    row["reason"],
                )
                for row in csv.DictReader(file)
            ]


def _mended(settings: Settings, aside: SetAside, mended: bytes) -> bytes:
    """The text of a source file with mended records in place of those in quarantine."""
    name = contracts()[aside.receipt.table].source_file
    text = _source_text(settings, aside.receipt)
    records = _records(text, aside.receipt.source_file)
    found = _records(mended, name)
    if _columns(_record(mended, found, 0)) != _columns(_record(text, records, 0)):
        raise RequestError(f"{name}: the first line is not that of {aside.receipt.source_file}")
    gone = set(_set_aside(records, aside))
    new = [_record(mended, found, i) for i in range(1, len(found.starts))]
    new = [record for record in new if record.strip()]
    if len(new) != len(gone):
        raise RequestError(
            f"{name}: {len(new):,} records, but {len(gone):,} are in quarantine. A row that should "
            "not be loaded has to be taken out of the source file"
        )
    kept = [_record(text, records, i) for i in range(len(records.starts)) if i not in gone]
    return b"".join(map(_ended, [*kept, *new]))


def _set_aside(records: Records, aside: SetAside) -> list[int]:
    """The indexes of the records in quarantine."""
    lines = np.array(sorted({reason.line for reason in aside.reasons}), dtype=np.int64)
    starts = np.append(0, records.line_ends + 1)
    return [int(i) for i in records.containing(starts[lines - 1])]


def _record(text: bytes, records: Records, index: int) -> bytes:
    return text[records.starts[index] : records.ends[index]]


def _columns(header: bytes) -> list[str]:
    """The names in a header, which a spreadsheet program may have quoted in another way."""
    return next(csv.reader([header.decode("utf-8-sig", "replace")]), [])


def _ended(record: bytes) -> bytes:
    return record if record.endswith((b"\n", b"\r")) else record + b"\n"


def _records(text: bytes, name: str) -> Records:
    records = split(text, at_end=True)
    if records.open_quote is not None:
        line = records.lines_before(records.open_quote) + 1
        raise SourceError(f"{name}: the quote in line {line} is never closed: mend the file itself")
    return records


def _source_text(settings: Settings, receipt: UploadReceipt) -> bytes:
    with scratch_folder("redelivery") as scratch:
        path, _ = _file(settings, receipt, scratch)
        content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def _file(settings: Settings, receipt: UploadReceipt, scratch: Path) -> tuple[Path, str]:
    """The source file of a receipt on this machine, and its name."""
    address, _, name = receipt.source_file.rpartition("/")
    folder = open_folder(address, settings)
    if name not in folder.files():
        raise SourceError(f"{receipt.source_file}: the file is gone, so its rows cannot be mended")
    path = folder.local(name, scratch)
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != receipt.source_sha256:
            raise SourceError(
                f"{receipt.source_file}: the file has changed since it was loaded. Load it again: "
                f"olist run --source {address} --batch-date {receipt.batch_date}"
            )
    return path, name
