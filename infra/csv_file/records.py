"""Find the records in the bytes of a CSV file, by the grammar of RFC 4180.

A line ends with LF, CRLF or CR. A field that starts with a quote ends at the next quote that is
followed by a comma, a line end or the end of the file; commas and line ends before it belong to
the field. A quote in such a field is doubled, and a field that does not start with a quote has no
quote. Other quotes make their record malformed: it still has a first and a last line, so that all
of them can be set aside.

Source: RFC 4180, https://www.rfc-editor.org/rfc/rfc4180
"""

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.int64]

_LF, _CR, _QUOTE, _COMMA = b'\n\r",'
_EDGES = np.zeros(256, dtype=bool)  # the bytes beside a quoted field
_EDGES[[_LF, _CR, _COMMA]] = True


@dataclass(frozen=True)
class Records:
    """The complete records at the start of a buffer; offsets count from the buffer's start."""

    starts: Offsets  # of each record
    ends: Offsets  # of each record, behind its line end
    line_ends: Offsets  # offset of the last byte of each line end, inside quoted fields too
    bad_quotes: Offsets  # quotes that break the grammar
    inner_line_ends: Offsets  # line ends inside quoted fields
    open_quote: int | None  # quote that opens a field which the buffer does not close

    @property
    def end(self) -> int:
        """Where the first incomplete record starts."""
        return int(self.ends[-1]) if self.ends.size else 0

    def containing(self, offsets: Offsets) -> Offsets:
        """Return the indexes of the records that contain any of the offsets, in order."""
        inside = offsets[offsets < self.end]
        return np.unique(np.searchsorted(self.starts, inside, side="right") - 1)

    def lines_before(self, offset: int) -> int:
        """Return the number of lines that end before an offset."""
        return int(np.searchsorted(self.line_ends, offset))


def split(buffer: bytes, *, at_end: bool) -> Records:
    """Find the complete records at the start of a buffer.

    Args:
        buffer: Bytes of the file, from the start of a record.
        at_end: Whether the file ends with the buffer, so that its last record is complete.

    Returns:
        The records; those that continue behind the buffer are left out.
    """
    codes = np.frombuffer(buffer, dtype=np.uint8)
    line_ends = _line_ends(buffer, codes, at_end=at_end)
    quotes = np.flatnonzero(codes == _QUOTE) if b'"' in buffer else _none()
    bad, open_quote = _none(), None
    if _is_strict(codes, quotes):
        inside = (np.searchsorted(quotes, line_ends) & 1).astype(bool)
        if quotes.size % 2:
            open_quote = _last_opening(quotes)
    else:
        opening, closing, bad = _quoted_fields(buffer, quotes.data)
        inside = np.searchsorted(opening, line_ends) > np.searchsorted(closing, line_ends)
        if opening.size > closing.size:
            open_quote = int(opening[-1])
    ends = line_ends[~inside] + 1
    if at_end and open_quote is None and buffer and len(buffer) not in ends[-1:]:
        ends = np.append(ends, len(buffer))  # the last record has no line end
    return Records(
        starts=np.append(0, ends[:-1]) if ends.size else ends,
        ends=ends,
        line_ends=line_ends,
        bad_quotes=bad,
        inner_line_ends=line_ends[inside],
        open_quote=open_quote,
    )


def field_counts(buffer: bytes, records: Records) -> Offsets:
    """Return the number of fields of each record. No record may be malformed."""
    codes = np.frombuffer(buffer, dtype=np.uint8)[: records.end]
    commas = np.flatnonzero(codes == _COMMA)
    quotes = np.flatnonzero(codes == _QUOTE)
    separators = commas[(np.searchsorted(quotes, commas) & 1) == 0]
    before, behind = (np.searchsorted(separators, edge) for edge in (records.starts, records.ends))
    return behind - before + 1


def _none() -> Offsets:
    return np.empty(0, dtype=np.int64)


def _line_ends(buffer: bytes, codes: NDArray[np.uint8], *, at_end: bool) -> Offsets:
    ends = np.flatnonzero(codes == _LF)
    if b"\r" not in buffer:
        return ends
    returns = np.flatnonzero(codes == _CR)
    if not at_end and returns[-1] == len(buffer) - 1:
        returns = returns[:-1]  # an LF may follow
    following = codes[np.minimum(returns + 1, len(buffer) - 1)]
    return np.sort(np.concatenate([ends, returns[following != _LF]]))


def _is_strict(codes: NDArray[np.uint8], quotes: Offsets) -> bool:
    """Whether each quote opens a field, closes one, or is one of two in a quoted field.

    If so, an odd number of quotes before an offset means that it is inside a quoted field.
    """
    if not quotes.size:
        return True
    opening, closing = quotes[::2], quotes[1::2]
    starts_field = _EDGES[codes[opening - 1]]
    starts_field[0] |= opening[0] == 0
    doubled = np.zeros(opening.size, dtype=bool)  # the second quote of two
    doubled[1:] = opening[1:] == closing[: opening.size - 1] + 1
    if not (starts_field | doubled).all():
        return False
    after = codes[np.minimum(closing + 1, codes.size - 1)]
    ends_field = _EDGES[after] | (closing == codes.size - 1)
    ends_field[: opening.size - 1] |= doubled[1:]
    return bool(ends_field.all())


def _last_opening(quotes: Offsets) -> int:
    """Return the last quote that opens a field and is not the second one of two."""
    index = quotes.size - 1
    while index >= 2 and quotes[index] == quotes[index - 1] + 1:
        index -= 2
    return int(quotes[index])


def _quoted_fields(buffer: bytes, quotes: memoryview) -> tuple[Offsets, Offsets, Offsets]:
    """Return the opening and closing quotes of all quoted fields, and the quotes that are wrong."""
    opening, closing, bad = array("q"), array("q"), array("q")  # not lists: there may be millions
    edges = (b",", b"\n", b"\r", b"")
    position = 0
    while position < len(quotes):
        start = quotes[position]
        position += 1
        if start and buffer[start - 1 : start] not in edges:
            bad.append(start)
            continue
        opening.append(start)
        while position < len(quotes):
            quote = quotes[position]
            position += 1
            following = buffer[quote + 1 : quote + 2]
            if following == b'"':
                position += 1  # a doubled quote
            elif following in edges:
                closing.append(quote)
                break
            else:
                bad.append(quote)
    return (
        np.array(opening, dtype=np.int64),
        np.array(closing, dtype=np.int64),
        np.array(bad, dtype=np.int64),
    )
