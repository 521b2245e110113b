"""Find the source files of a batch, and check them before they are parsed."""

import csv
import gzip
import io
import re
import zlib
from datetime import date
from pathlib import Path
from typing import IO, cast

from botocore.exceptions import ClientError

from infra.contracts import Contract, contracts
from infra.settings import Settings
from infra.source_storage import Folder, open_folder

_HEAD_BYTES = 65_536
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class SourceError(ValueError):
    """The source cannot be used; the message names file, rule and remedy."""


def source_file(folder: Folder, files: set[str], contract: Contract) -> str:
    """Return the name of the file that a table is loaded from: plain or gzip-compressed CSV.

    Args:
        folder: The source folder of the batch, for messages.
        files: Names of the files in `folder`.
        contract: The contract of the table.

    Raises:
        SourceError: Neither file exists, or both do.
    """
    plain, packed = contract.source_file, f"{contract.source_file}.gz"
    found = [name for name in (plain, packed) if name in files]
    if len(found) == 2:
        raise SourceError(f"{folder.address}/{plain}: there is also {packed}; keep one of the two")
    if not found:
        raise SourceError(
            f"{folder.address}/{plain}: missing, and so is {packed}. A batch has a "
            "file for each table; a file without new rows has only its header"
        )
    return found[0]


def batch_folder(source: str, batch_date: date, settings: Settings) -> Folder:
    """Return the folder with the files of a batch: the folder of its day, or the source itself.

    Args:
        source: A path, or s3://bucket/prefix.
        batch_date: The day of the batch; its folder is named YYYY-MM-DD.
        settings: Access to S3.

    Raises:
        SourceError: The source has only folders of other days.
    """
    folder = open_folder(source, settings)
    inner = folder.folders()
    if str(batch_date) in inner:
        return folder.inner(str(batch_date))
    days = sorted(name for name in inner if _DAY.fullmatch(name))
    if days and not folder.files():
        raise SourceError(
            f"{folder.address}: there is no folder {batch_date}; there are {len(days)} folders, "
            f"from {days[0]} to {days[-1]}. Nothing was loaded"
        )
    return folder


def day_folders(source: str, settings: Settings) -> list[date]:
    """Return the days for which a source has a folder, in order."""
    names = open_folder(source, settings).folders()
    return sorted(date.fromisoformat(name) for name in names if _DAY.fullmatch(name))


def check_source(folder: Folder) -> None:
    """Check that all files exist, are readable, and have the columns of their contract.

    Raises:
        SourceError: With every problem found, not only the first.
    """
    files = folder.files()
    if not files and not folder.folders():
        raise SourceError(
            f"{folder.address}: the source folder does not exist, or is empty. Name one with "
            "--source or OLIST_SOURCE, or make one with `olist generate DIR`"
        )
    problems = []
    for contract in contracts().values():
        try:
            check_header(folder, source_file(folder, files, contract), contract)
        except SourceError as error:
            problems.append(str(error))
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise SourceError(f"The batch was not started; nothing was loaded.\n{listed}")


def check_header(folder: Folder, name: str, contract: Contract) -> None:
    """Check that a file is CSV in UTF-8 with the columns of the contract, in any order.

    Reads only the first 64 KiB of the file.

    Raises:
        SourceError: The file is unreadable, empty or not UTF-8, or its columns are wrong.
    """
    path = f"{folder.address}/{name}"
    head = _head(folder, name)
    if not head:
        raise SourceError(f"{path}: empty file; at least the header is needed")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        raise SourceError(
            f"{path}: not UTF-8 text (UTF-16 or binary). Convert it: iconv -f UTF-16 -t UTF-8"
        )
    first = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].decode("utf-8", errors="replace")
    found = next(csv.reader(io.StringIO(first)), [])
    expected = contract.header
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in expected]
    if len(missing) == len(expected):
        raise SourceError(
            f"{path}: not the CSV file that was expected. Its first line is {first[:80]!r}; "
            f"the expected columns are {','.join(expected)}, separated by commas"
        )
    if repeated := {name for name in found if found.count(name) > 1}:
        raise SourceError(f"{path}: column {', '.join(sorted(repeated))} occurs more than once")
    if missing:
        raise SourceError(
            f"{path}: column {', '.join(missing)} is missing. "
            f"The contract is sql/staging/{contract.table}.sql"
        )
    if extra:
        raise SourceError(
            f"{path}: column {', '.join(extra)} is not in the contract. Remove it from the file, "
            f"or add it to sql/staging/{contract.table}.sql"
        )


def _head(folder: Folder, name: str) -> bytes:
    try:
        head = folder.head(name, _HEAD_BYTES)
        return _unzipped(head) if name.endswith(".gz") else head
    except (OSError, EOFError, zlib.error, ClientError) as error:
        raise SourceError(f"{folder.address}/{name}: cannot be read: {error}") from error


def _unzipped(head: bytes) -> bytes:
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    text = unzip.decompress(head, _HEAD_BYTES)
    if len(head) < _HEAD_BYTES and not (unzip.eof or unzip.unconsumed_tail):
        raise EOFError("the compressed file ends too early")
    return text


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file as bytes; a name that ends in `.gz` is decompressed."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")
