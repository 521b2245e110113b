"""Find the source files of a batch, and check them before they are parsed."""

import re
import zlib
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from typing import Any

from botocore.exceptions import ClientError

from infra.contracts import Contract, contracts
from infra.csv_file.header import HEAD_BYTES, check_header
from infra.settings import Settings
from infra.source_storage import Folder, MissingSourceError, SourceError, open_folder

_GZIP = b"\x1f\x8b"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def source_file(folder: Folder, files: set[str], contract: Contract) -> str:
    """Return the name of the file that a table is loaded from: plain or gzip-compressed CSV.

    Args:
        folder: The source folder of the batch, for messages.
        files: Names of the files in `folder`.
        contract: The contract of the table.

    Raises:
        MissingSourceError: Neither file exists.
        SourceError: Both files exist.
    """
    plain, packed = contract.source_file, f"{contract.source_file}.gz"
    found = [name for name in (plain, packed) if name in files]
    if len(found) == 2:
        raise SourceError(f"{folder.address}/{plain}: there is also {packed}; keep one of the two")
    if not found:
        raise MissingSourceError(
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
        MissingSourceError: The source has only folders of other days.
    """
    folder = open_folder(source, settings)
    inner = folder.folders()
    if str(batch_date) in inner:
        return folder.inner(str(batch_date))
    days = [str(day) for day in _days(inner)]
    if days and not folder.files():
        there = f"{days[0]} only" if len(days) == 1 else f"{len(days)}, {days[0]} to {days[-1]}"
        raise MissingSourceError(f"{folder.address}: no folder {batch_date}; there are {there}")
    return folder


def day_folders(source: str, settings: Settings, logger: Any) -> list[date]:  # noqa: ANN401
    """Return the days for which a source has a folder, in order.

    Args:
        source: A path, or s3://bucket/prefix.
        settings: Access to S3.
        logger: Logs a warning for each folder with an impossible date as its name (2018-02-30).
    """
    folder = open_folder(source, settings)
    names = folder.folders()
    days = _days(names)
    for name in sorted(names - set(map(str, days))):
        if _DAY.fullmatch(name):
            logger.warning(
                "%s/%s is left out: there is no such day. Correct its name", folder.address, name
            )
    return days


def _days(names: Iterable[str]) -> list[date]:
    """The days among the names of folders, in order."""
    days = []
    for name in names:
        if _DAY.fullmatch(name):
            with suppress(ValueError):  # it only looks like a day
                days.append(date.fromisoformat(name))
    return sorted(days)


def check_source(folder: Folder) -> None:
    """Check that all files exist, are readable, and have the columns of their contract.

    Raises:
        MissingSourceError: Nothing is wrong but that the folder or files are not there.
        SourceError: With every problem found, not only the first.
    """
    files = folder.files()
    if not files and not folder.folders():
        raise MissingSourceError(
            f"{folder.address}: the source folder does not exist, or is empty. Name one with "
            "--source or OLIST_SOURCE, or make one with `olist generate DIR`"
        )
    problems: list[SourceError] = []
    for contract in contracts().values():
        try:
            name = source_file(folder, files, contract)
            check_header(_head(folder, name), contract, f"{folder.address}/{name}")
        except SourceError as error:
            problems.append(error)
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        only_missing = all(isinstance(problem, MissingSourceError) for problem in problems)
        kind = MissingSourceError if only_missing else SourceError
        raise kind(f"The batch was not started; nothing was loaded.\n{listed}")


def _head(folder: Folder, name: str) -> bytes:
    try:
        head = folder.head(name, HEAD_BYTES)
        if not name.endswith(".gz"):
            return head
        if not head.startswith(_GZIP):
            raise SourceError(
                f"{folder.address}/{name}: not compressed with gzip, though its name says so. "
                f"Name it {name.removesuffix('.gz')}, if it is CSV"
            )
        return _unzipped(head)
    except (OSError, EOFError, zlib.error, ClientError) as error:
        raise SourceError(f"{folder.address}/{name}: cannot be read: {error}") from error


def _unzipped(head: bytes) -> bytes:
    """Decompress the start of a file, which may consist of several gzip members."""
    text, rest, is_whole = b"", head, len(head) < HEAD_BYTES
    while rest and len(text) < HEAD_BYTES:
        unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
        text += unzip.decompress(rest, HEAD_BYTES - len(text))
        if is_whole and not (unzip.eof or unzip.unconsumed_tail):
            raise EOFError("the compressed file ends too early")
        rest = unzip.unused_data.lstrip(b"\0")
    return text
