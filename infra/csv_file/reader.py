"""Read a CSV file block by block, as columns of text, in constant memory.

Nothing is typed here. `records.py` counts the records from the bytes; pyarrow splits them into
fields and has to find as many.
"""

import codecs
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
from isal import igzip, isal_zlib

from infra.contracts import Contract
from infra.csv_file import set_aside
from infra.csv_file.header import HEAD_BYTES, check_header
from infra.csv_file.records import Offsets, Records, split
from infra.csv_file.set_aside import Part, TooManyLinesError
from infra.csv_file.size_limits import LimitedFile, SizeLimits, check_records
from infra.source_storage import SourceError

BLOCK_BYTES = 2 << 20
_MAX_RECORDS = 100_000  # of a block: records of two bytes would take a kilobyte each
MAX_RECORD_BYTES = 16 << 20  # bounds the memory; no row of Redshift is as long
# the stub of isal says that its exception is an instance
_UNREADABLE: tuple[Any, ...] = (OSError, EOFError, isal_zlib.error)
_LIMIT = f"within {MAX_RECORD_BYTES >> 20} MiB"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SET_ASIDE = {"line": pl.Int64, "reason": pl.String, "row": pl.String}


@dataclass(frozen=True)
class TextBlock:
    """The records of a part of a file; each is in `text` or in `set_aside`."""

    text: pl.DataFrame  # a string column for each source column; an empty field is null
    set_aside: pl.DataFrame  # columns SET_ASIDE: records that cannot be split into fields
    blank_lines: int
    part: Part
    starts: Offsets  # of the records in `text`

    @property
    def records(self) -> int:
        """Number of records; of malformed ones, whose end is uncertain, each line counts as one."""
        return self.text.height + self.set_aside.height

    def lines(self, rows: pl.Series) -> list[int]:
        """Return the lines of the file, from 1, on which rows of `text` start."""
        return [self.part.line(start) for start in self.starts[rows.to_numpy()]]


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file as bytes; a name that ends in `.gz` is decompressed."""
    return cast("IO[bytes]", igzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


@dataclass(frozen=True)
class CsvFile:
    """A CSV file, plain or compressed with gzip, with the columns of a contract in any order."""

    path: Path
    contract: Contract
    address: str  # for messages
    limits: SizeLimits = field(default_factory=SizeLimits.of_settings)

    def blocks(self) -> Iterator[TextBlock]:
        """Read the file once; the next block is read while the caller works on one.

        Yields:
            The records of each block of about 2 MiB.

        Raises:
            SourceError: The file is unreadable, its header is wrong, it is not UTF-8, a quoted
                field does not end, a record is longer than 16 MiB, most records have other fields,
                or the file holds more text than it may.
        """
        blocks = self._blocks()
        with ThreadPoolExecutor(1, "csv") as reader:
            ahead = reader.submit(next, blocks, None)
            while (block := ahead.result()) is not None:
                ahead = reader.submit(next, blocks, None)
                yield block

    def _blocks(self) -> Iterator[TextBlock]:
        try:
            with open_bytes(self.path) as opened:
                file = LimitedFile(opened, self.path, self.address, self.limits)
                head = file.read(HEAD_BYTES)
                columns, start = check_header(head, self.contract, self.address)
                line = 1 + int(split(head[:start], at_end=True).line_ends.size)
                records = unsplit = first_unsplit = 0
                for part in self._parts(file, head[start:], line):
                    block = self._block(part, columns)
                    records, unsplit = records + block.records, unsplit + block.set_aside.height
                    if block.set_aside.height:
                        first_unsplit = first_unsplit or min(block.set_aside["line"])
                    check_records(records, unsplit, first_unsplit, len(columns), self.address)
                    yield block
        except TooManyLinesError as error:
            raise SourceError(
                f"{self.address}, line {error.line}: the record goes on for over 100,000 lines "
                f"and is malformed: {error.reason}. Ask the source for the file again"
            ) from error
        except _UNREADABLE as error:
            raise SourceError(f"{self.address}: cannot be read: {error}") from error

    def _parts(self, file: LimitedFile, rest: bytes, line: int) -> Iterator[Part]:
        at_end = False
        while not at_end:
            # a long record doubles the buffer each time, so that it is scanned a few times only
            chunk = file.read(max(BLOCK_BYTES, len(rest)))
            at_end = not chunk
            buffer = rest + chunk
            records = split(buffer, at_end=at_end)
            if at_end and records.open_quote is not None:
                raise self._endless(records, line, "to the end of the file")
            if records.end:
                part = Part(buffer, records, line)
                self._check_length(part)
                self._check_encoding(part)
                yield from part.pieces(_MAX_RECORDS)
            rest = buffer[records.end :]
            if len(rest) > MAX_RECORD_BYTES:
                raise self._endless(records, line, _LIMIT)
            line += records.lines_before(records.end)

    def _check_length(self, part: Part) -> None:
        longest = int(np.argmax(part.records.ends - part.records.starts))
        if part.records.ends[longest] - part.records.starts[longest] > MAX_RECORD_BYTES:
            line = part.line(int(part.records.starts[longest]))
            raise SourceError(
                f"{self.address}, line {line}: the record does not end {_LIMIT}. "
                "Ask the source for the file again"
            )

    def _check_encoding(self, part: Part) -> None:
        try:
            codecs.utf_8_decode(part.data, "strict", True)
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{self.address}, line {part.line(error.start)}: not UTF-8: "
                f"{bytes(part.data[error.start : error.start + 1])!r} {part.place(error.start)}. "
                "Find the file's encoding and convert it: iconv -f ISO-8859-1 -t UTF-8"
            ) from error

    def _endless(self, records: Records, first_line: int, extent: str) -> SourceError:
        offset = records.end if records.open_quote is None else records.open_quote
        line = first_line + records.lines_before(offset)
        problem = (
            f"the record does not end {extent}"
            if records.open_quote is None
            else f"a quote is opened and never closed {extent}: the file is cut off, or its quotes "
            "are not doubled"
        )
        return SourceError(
            f"{self.address}, line {line}: {problem}. Ask the source for the file again"
        )

    def _block(self, part: Part, names: list[str]) -> TextBlock:
        """Parse a part, without the records that cannot be split into the columns."""
        by_name = {column.name: column for column in self.contract.source_columns}
        columns = [by_name[name] for name in names]
        keep = np.ones(part.records.starts.size, dtype=bool)
        blank = set_aside.blank_lines(part)
        keep[blank] = False
        rows: list[set_aside.Row] = []
        for index, found in chain(
            set_aside.malformed(part),
            set_aside.with_nul(part),
            set_aside.joined(part, columns),
            set_aside.headers(part, columns),
        ):
            rows += found if keep[index] else []
            keep[index] = False
        table, skipped = _parse(part, keep, names)
        if skipped:
            wrong, found = set_aside.ragged(part, np.flatnonzero(keep), len(names))
            rows += found
            keep[wrong] = False
            table, skipped = _parse(part, keep, names)
        counted = int(np.count_nonzero(keep))
        if skipped or table.num_rows != counted:
            raise SourceError(
                f"{self.address}, from line {part.first_line}: {counted:,} records were counted, "
                f"but {table.num_rows:,} parsed. Nothing was loaded; report it with this file"
            )
        return TextBlock(
            text=cast("pl.DataFrame", pl.from_arrow(table)).select(self.contract.header),
            set_aside=pl.DataFrame(rows, schema=SET_ASIDE, orient="row"),
            blank_lines=blank.size,
            part=part,
            starts=part.records.starts[keep],
        )


def _parse(part: Part, keep: np.ndarray, names: list[str]) -> tuple[pa.Table, int]:
    """Parse records into columns of text; return also how many have another number of fields."""
    skipped: list[None] = []

    def skip(row: pa_csv.InvalidRow) -> str:
        del row
        skipped.append(None)
        return "skip"

    if not keep.any():
        return pa.table({name: pa.array([], pa.string()) for name in names}), 0
    data = _kept(part, keep)
    if data[:3] == _BYTE_ORDER_MARK:
        data = _BYTE_ORDER_MARK + bytes(data)  # pyarrow skips one, as if the file started here
    table = pa_csv.read_csv(
        pa.BufferReader(pa.py_buffer(data)),
        read_options=pa_csv.ReadOptions(
            column_names=names, block_size=len(data) + 1, use_threads=False
        ),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
            check_utf8=False,  # checked for the whole part
        ),
    )
    return table, len(skipped)


def _kept(part: Part, keep: np.ndarray) -> memoryview | bytes:
    if keep.all():
        return part.data
    edges = np.flatnonzero(np.diff(keep, prepend=False, append=False))
    starts, ends = part.records.starts[edges[::2]], part.records.ends[edges[1::2] - 1]
    return b"".join(part.buffer[s:e] for s, e in zip(starts, ends, strict=True))
