"""Limits of a source file, so that no file fills the memory or the disk.

A gzip file of a few kilobytes can hold gigabytes, and a file of another kind can look like millions
of records with one field.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from infra.settings import Settings
from infra.source_storage import SourceError

_SMALL = 16 << 20  # bytes of text that are read whatever the ratio is
_MAX_SPLIT_FAILURES = 100_000  # records without the columns of the table, if they are most records


@dataclass(frozen=True)
class SizeLimits:
    """How much text a file may hold.

    Attributes:
        text_bytes: Bytes of text, decompressed.
        gzip_ratio: Bytes of text for each byte of the compressed file.
    """

    text_bytes: int
    gzip_ratio: int

    @classmethod
    def of_settings(cls) -> "SizeLimits":
        """Return the limits of OLIST_MAX_FILE_GB and OLIST_MAX_GZIP_RATIO."""
        settings = Settings()
        return cls(int(settings.max_file_gb * 1e9), settings.max_gzip_ratio)


class LimitedFile:
    """Reads an open file, and raises when it holds more text than it may."""

    def __init__(self, file: IO[bytes], path: Path, address: str, limits: SizeLimits) -> None:
        """Wrap an open file.

        Args:
            file: The file, open for reading; decompressed while it is read.
            path: Its path, for the size of a compressed file.
            address: The file, for messages.
            limits: How much text it may hold.
        """
        self._file = file
        self._address = address
        self._limits = limits
        self._compressed = path.stat().st_size if path.suffix == ".gz" else None
        self._read = 0
        self._lines = 0

    def read(self, count: int) -> bytes:
        """Read at most `count` bytes.

        Raises:
            SourceError: The file holds too much text; the message names the line.
        """
        data = self._file.read(count)
        self._read += len(data)
        self._lines += data.count(b"\n") or data.count(b"\r")  # or a file with CR line ends
        if self._read > self._limits.text_bytes:
            self._refuse(
                f"more than {self._limits.text_bytes / 1e9:g} GB of text (OLIST_MAX_FILE_GB)"
            )
        if (
            self._compressed is not None
            and self._read > _SMALL
            and self._read > self._limits.gzip_ratio * self._compressed
        ):
            self._refuse(
                f"{self._compressed:,} bytes of gzip hold more than {self._read:,} bytes of text, "
                f"over {self._limits.gzip_ratio} for each (OLIST_MAX_GZIP_RATIO); no real data "
                "compresses so well"
            )
        return data

    def _refuse(self, problem: str) -> None:
        raise SourceError(
            f"{self._address}, before line {self._lines + 1:,}: {problem}. Nothing was loaded "
            "from it; ask the source for the file again, or raise the setting"
        )


def check_records(records: int, unsplit: int, first_line: int, width: int, address: str) -> None:
    """Check that the records read so far are mostly those of the table.

    Args:
        records: Records so far.
        unsplit: Those that could not be split into the columns.
        first_line: Line of the first such record.
        width: Number of columns.
        address: The file, for messages.

    Raises:
        SourceError: Over 100,000 records, and more than half of all, have other fields.
    """
    if unsplit > _MAX_SPLIT_FAILURES and unsplit > records / 2:
        raise SourceError(
            f"{address}, from line {first_line:,}: {unsplit:,} of {records:,} records cannot be "
            f"split into the {width} columns of the header. Nothing was loaded from it; ask the "
            "source for the file again"
        )
