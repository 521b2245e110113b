"""Check the header of a CSV file against the columns of its contract."""

import csv
import io
import re
from collections import Counter

from infra.contracts import Contract
from infra.csv_file.records import split
from infra.source_storage import SourceError

HEAD_BYTES = 65_536  # a header is shorter

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
# first bytes of other files that are named .csv by mistake
_KINDS = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook", "save it as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "save it as CSV (UTF-8)"),
    (b"PAR1", "Parquet", "write it as CSV"),
    (b"%PDF", "PDF", "ask the source for CSV"),
    (b"BZh", "compressed with bzip2", "decompress it, or compress it with gzip"),
    (b"\xfd7zXZ", "compressed with xz", "decompress it, or compress it with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "decompress it, or compress it with gzip"),
    (b"\xff\xfe\0\0", "text in UTF-32", "convert it: iconv -f UTF-32 -t UTF-8"),
    (b"\0\0\xfe\xff", "text in UTF-32", "convert it: iconv -f UTF-32 -t UTF-8"),
    (b"\xff\xfe", "text in UTF-16", "convert it: iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "text in UTF-16", "convert it: iconv -f UTF-16 -t UTF-8"),
)


def check_header(head: bytes, contract: Contract, address: str) -> tuple[list[str], int]:
    """Check that a file is CSV in UTF-8 with the columns of the contract, in any order.

    Args:
        head: The first HEAD_BYTES of the file, or all of a shorter one; not compressed.
        contract: The contract of the table.
        address: The file, for messages.

    Returns:
        The columns in the order of the file, and the offset of the first record behind the header.

    Raises:
        SourceError: The file is empty, not text in UTF-8, or its columns are wrong.
    """
    if not head:
        raise SourceError(f"{address}: empty file; at least the header is needed")
    _check_kind(head, address)
    skipped = len(_BYTE_ORDER_MARK) if head.startswith(_BYTE_ORDER_MARK) else 0
    body = head[skipped:]
    records = split(body, at_end=len(head) < HEAD_BYTES)
    if not records.starts.size:
        problem = f"does not end within {HEAD_BYTES:,} bytes" if body else "is empty"
        if records.open_quote is not None:
            problem = "has a quote that is opened and never closed"
        raise SourceError(
            f"{address}, line 1: the header {problem}; it starts with {_excerpt(body)}"
        )
    end = int(records.ends[0])
    names = _names(body[:end], address)
    _check_names(names, contract, address, body)
    return names, skipped + end


def _check_kind(head: bytes, address: str) -> None:
    if head.startswith(_GZIP):
        raise SourceError(f"{address}: compressed with gzip: name it {address}.gz")
    for magic, kind, remedy in _KINDS:
        if head.startswith(magic):
            raise SourceError(f"{address}: not CSV, but {kind}: {remedy}")
    first = re.split(rb"[\r\n]", head, maxsplit=1)[0]
    if first[1::2] and not any(first[1::2]):
        raise SourceError(f"{address}: text in UTF-16. Convert it: iconv -f UTF-16LE -t UTF-8")
    if first[::2] and not any(first[::2]):
        raise SourceError(f"{address}: text in UTF-16. Convert it: iconv -f UTF-16BE -t UTF-8")
    if b"\0" in first:
        raise SourceError(
            f"{address}: a binary file: there is a NUL byte in its first line. "
            "Ask the source for CSV in UTF-8"
        )


def _names(header: bytes, address: str) -> list[str]:
    try:
        text = header.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{address}, line 1: the header is not UTF-8: {_excerpt(header)}"
        ) from error
    try:
        return next(csv.reader(io.StringIO(text, newline=""), strict=True), [])
    except csv.Error as error:
        raise SourceError(f"{address}, line 1: the header is malformed: {error}") from error


def _check_names(found: list[str], contract: Contract, address: str, body: bytes) -> None:
    expected = contract.header
    missing = [name for name in expected if name not in found]
    extra = [name for name in found if name not in expected]
    ddl = f"sql/staging/{contract.table}.sql"
    if len(missing) == len(expected):
        raise SourceError(
            f"{address}: not the CSV file that was expected. Its first line is {_excerpt(body)}; "
            f"the expected columns are {','.join(expected)}, separated by commas"
        )
    if nameless := [n for n, name in enumerate(found, start=1) if not name.strip()]:
        raise SourceError(f"{address}: {_nameless(nameless, len(found))}")
    if repeated := sorted(name for name, count in Counter(found).items() if count > 1):
        raise SourceError(f"{address}: column {_listed(repeated)} occurs more than once")
    for name in extra:
        if (meant := name.strip().lower()) in missing:
            raise SourceError(
                f"{address}: the column is called {name!r} instead of {meant!r}. Correct the name: "
                "case and blanks count"
            )
    if missing:
        raise SourceError(f"{address}: column {_listed(missing)} is missing. The contract is {ddl}")
    if extra:
        raise SourceError(
            f"{address}: column {_listed(extra)} is not in the contract. Remove it from the file, "
            f"or add it to {ddl}"
        )


def _nameless(columns: list[int], width: int) -> str:
    if columns == [1]:
        return (
            "the first column has no name. Is it an index that pandas wrote? "
            "Write the file with to_csv(index=False)"
        )
    count = len(columns)
    noun = "1 column has" if count == 1 else f"{count} columns have"
    if columns == list(range(width - count + 1, width + 1)):
        return f"{noun} no name at the end of the header, as Excel writes them. Remove the commas"
    return f"{noun} no name in the header: column {_listed([str(n) for n in columns])} of {width}"


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) if name != name.strip() else name for name in names)


def _excerpt(data: bytes) -> str:
    """The first line, at most 80 characters of it, as a Python literal."""
    first = re.split(rb"[\r\n]", data, maxsplit=1)[0]
    return repr(first[:320].decode("utf-8", errors="replace")[:80])
