"""The source folder of a batch: its nine files, found and looked over before anything is read."""

import csv
import gzip
import io
import zlib
from pathlib import Path
from typing import IO, cast

from infra.contracts import Contract, contracts

_HEAD_BYTES = 65_536


class SourceError(ValueError):
    """The source cannot be used; the message says file, rule and remedy."""


def source_path(source: Path, contract: Contract) -> Path:
    """The file that feeds a table: plain or gzip-compressed CSV.

    Raises SourceError when there is none, or both.
    """
    plain = source / contract.source_file
    packed = source / f"{contract.source_file}.gz"
    if plain.is_file() and packed.is_file():
        raise SourceError(f"{plain}: there is also {packed.name}; keep one of the two")
    if plain.is_file() or packed.is_file():
        return plain if plain.is_file() else packed
    raise SourceError(
        f"{plain}: missing (nor is there {packed.name}). A batch has all nine files; "
        "one without new rows holds its header only"
    )


def check_source(source: Path) -> None:
    """Look over all nine files: present, readable, and with the columns of their contract.

    Raises SourceError with every problem found, not only the first.
    """
    if not source.is_dir():
        raise SourceError(
            f"{source}: the source folder does not exist. Name one with --source or OLIST_SOURCE, "
            "or make one with `olist generate DIR`"
        )
    problems = []
    for contract in contracts().values():
        try:
            path = source_path(source, contract)
            check_header(path, contract)
        except SourceError as error:
            problems.append(str(error))
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise SourceError(f"The batch was not started; nothing was loaded.\n{listed}")


def check_header(path: Path, contract: Contract) -> None:
    """Check that a file is CSV in UTF-8 with the columns of the contract, in any order."""
    head = _head(path)
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
            f"expected are the columns {','.join(expected)}, separated by commas"
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


def _head(path: Path) -> bytes:
    try:
        with open_bytes(path) as file:
            return file.read(_HEAD_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: cannot be read: {error}") from error


def open_bytes(path: Path) -> IO[bytes]:
    """The bytes of a file, decompressed where its name ends in .gz."""
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")
