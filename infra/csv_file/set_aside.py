"""Find the records that cannot be split into the columns of a contract.

Each finder yields the index of a record and the rows that stand for it in quarantine.
"""

import csv
import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from infra.contracts import Column
from infra.csv_file.records import Offsets, Records, field_counts, split

Row = tuple[int, str, str]  # line of the file, from 1; reason; text

_FIELD_EDGE = re.compile(r'(?:^|(?<=,))"|"(?=,|$)')  # a quote that starts or ends a field
_MOST_LINES = 100_000  # of a malformed record: each is a row of quarantine
_MOST_EDGES = 50  # a line of millions of quotes is no record


class TooManyLinesError(ValueError):
    """A malformed record has so many lines that it is no record.

    Attributes:
        line: Line of the file, from 1, on which it starts.
        reason: What is wrong with it.
    """

    def __init__(self, line: int, reason: str) -> None:
        """Store the line and the reason."""
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True)
class Part:
    """A part of a file: complete records, in UTF-8."""

    buffer: bytes  # behind the records, the start of another one may follow
    records: Records
    first_line: int  # line of the file on which the buffer starts

    @property
    def data(self) -> memoryview:
        """The bytes of the records."""
        return memoryview(self.buffer)[: self.records.end]

    def pieces(self, most: int) -> Iterator["Part"]:
        """Yield parts of at most `most` records each; the part itself if it has no more."""
        count = self.records.starts.size
        if count <= most:
            yield self
            return
        for first in range(0, count, most):
            start = int(self.records.starts[first])
            piece = self.buffer[start : int(self.records.ends[min(first + most, count) - 1])]
            yield Part(piece, split(piece, at_end=True), self.line(start))

    def record(self, index: int) -> bytes:
        """Return the bytes of a record, line end included."""
        return self.buffer[int(self.records.starts[index]) : int(self.records.ends[index])]

    def containing(self, text: bytes) -> list[int]:
        """Return the indexes of the records that contain a text, in order."""
        offsets = array("q")
        offset = self.buffer.find(text)
        while offset >= 0:
            offsets.append(offset)
            offset = self.buffer.find(text, offset + 1)
        return self.records.containing(np.array(offsets, dtype=np.int64)).tolist()

    def line(self, offset: int) -> int:
        """Return the line of the file that contains an offset of the buffer."""
        return self.first_line + self.records.lines_before(offset)

    def place(self, offset: int) -> str:
        """Describe an offset of the buffer: its line, and its byte in the line, from 1."""
        number = self.records.lines_before(offset)
        start = int(self.records.line_ends[number - 1]) + 1 if number else 0
        return f"at byte {offset - start + 1} of line {self.first_line + number}"

    def lines_of(self, index: int) -> Iterator[tuple[int, str]]:
        """Yield number and text of each line of a record; blank lines are left out."""
        first = self.line(int(self.records.starts[index]))
        for number, text in enumerate(self.record(index).splitlines(), start=first):
            if text:
                yield number, text.decode()


def blank_lines(part: Part) -> Offsets:
    """Return the indexes of empty lines; they hold no value."""
    starts, ends = part.records.starts, part.records.ends
    short = np.flatnonzero(ends - starts <= len(b"\r\n"))
    codes = np.frombuffer(part.buffer, dtype=np.uint8)
    ends_line = np.isin(codes[starts[short]], (10, 13)) & np.isin(codes[ends[short] - 1], (10, 13))
    return short[ends_line]


def malformed(part: Part) -> Iterator[tuple[int, list[Row]]]:
    """Find the records with a quote that breaks the grammar.

    Such a record may have taken in the records that follow it, so each of its lines is a row.
    """
    bad = part.records.bad_quotes
    for index in part.records.containing(bad).tolist():
        quote = int(bad[np.searchsorted(bad, part.records.starts[index])])
        reason = (
            f"the quote {part.place(quote)} neither starts nor ends a field; a quote is missing, "
            "or one in the text is not doubled"
        )
        yield index, _malformed_lines(part, index, reason)


def with_nul(part: Part) -> Iterator[tuple[int, list[Row]]]:
    """Find the records with a NUL character: no text has one, and Redshift refuses it."""
    for index in part.containing(b"\0"):
        yield index, _malformed_lines(part, index, "there is a NUL character in it")


def joined(part: Part, columns: list[Column]) -> Iterator[tuple[int, list[Row]]]:
    """Find the records one of whose lines is a record by itself.

    Two missing quotes can make one well-formed record of many: a comment that is not closed takes
    in all text up to the quote that closes another one. Each line is a row.

    Args:
        part: Part of the file.
        columns: The columns in the order of the file.
    """
    commas = len(columns) - 1
    if not commas:
        return  # each line of a text may be a record of one column
    for index in part.records.containing(part.records.inner_line_ends).tolist():
        record = part.record(index)
        # two records have twice the commas: a first field of several lines is no joined record
        if record.count(b",") < 2 * commas:
            continue
        if all(line.count(b",") < commas for line in record.splitlines()):
            continue
        for number, text in part.lines_of(index):
            if _is_record(text, columns):
                reason = f"line {number} is a record by itself; a quote is missing"
                yield index, _malformed_lines(part, index, reason)
                break


def headers(part: Part, columns: list[Column]) -> Iterator[tuple[int, list[Row]]]:
    """Find the records that repeat the header, as in two files that were joined."""
    names = [column.name for column in columns]
    for index in part.containing(names[-1].encode()):
        if sorted(_fields(part.record(index).decode().strip("\ufeff\r\n"))) == sorted(names):
            yield index, _malformed_lines(part, index, "the header, again; two files were joined")


def ragged(part: Part, indexes: Offsets, width: int) -> tuple[Offsets, list[Row]]:
    """Find the records with too few or too many fields, all at once: there may be millions.

    Args:
        part: Part of the file.
        indexes: Well-formed records of the part.
        width: The number of fields of the header.

    Returns:
        The indexes of the records, and a row for each.
    """
    kept = b"".join(part.record(index) for index in indexes)
    counts = field_counts(kept, split(kept, at_end=True))
    wrong = indexes[counts != width]
    lines = part.first_line + np.searchsorted(part.records.line_ends, part.records.starts[wrong])
    rows = [
        (
            line,
            f"{count} field{'' if count == 1 else 's'} instead of {width}",
            part.record(index).decode().rstrip("\r\n"),
        )
        for index, line, count in zip(
            wrong.tolist(), lines.tolist(), counts[counts != width].tolist(), strict=True
        )
    ]
    return wrong, rows


def _malformed_lines(part: Part, index: int, reason: str) -> list[Row]:
    record = part.record(index)
    if record.count(b"\n") + record.count(b"\r") > _MOST_LINES:
        raise TooManyLinesError(part.line(int(part.records.starts[index])), reason)
    lines = list(part.lines_of(index))
    extent = f" (lines {lines[0][0]} to {lines[-1][0]})" if len(lines) > 1 else ""
    return [(number, f"malformed CSV{extent}: {reason}", text) for number, text in lines]


def _is_record(line: str, columns: list[Column]) -> bool:
    """Whether a line has an acceptable value for each column, if one of its quotes is left out."""
    candidates: Iterable[str] = [line]
    if line.count('"') % 2:
        edges = islice(_FIELD_EDGE.finditer(line), _MOST_EDGES)
        candidates = (line[: edge.start()] + line[edge.end() :] for edge in edges)
    return any(
        len(values) == len(columns)
        and all(column.accepts(value) for column, value in zip(columns, values, strict=True))
        for values in map(_fields, candidates)
    )


def _fields(line: str) -> list[str]:
    """The fields of a record; empty if it is not strict CSV."""
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return []
