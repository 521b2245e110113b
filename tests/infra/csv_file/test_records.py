"""Records are found by the grammar of RFC 4180, in any bytes and at any limit of a buffer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.csv_file.records import field_counts, split

# few letters, so that quotes, commas and line ends meet in all ways
BYTES = st.lists(st.sampled_from(b'",\n\ra'), max_size=40).map(bytes)


def read_by_letter(data: bytes) -> tuple[list[tuple[bytes, bool]], bool]:
    """The grammar in words: each record with whether it is malformed; whether a quote is open."""
    records, start, malformed = [], 0, False
    quoted, field_start, at = False, True, 0
    while at < len(data):
        letter, following = data[at : at + 1], data[at + 1 : at + 2]
        if quoted:
            if letter == b'"' and following == b'"':
                at += 1
            elif letter == b'"' and following in (b",", b"\n", b"\r", b""):
                quoted = False
            elif letter == b'"':
                malformed = True
            field_start = False
        elif letter == b'"':
            quoted, malformed = field_start, malformed or not field_start
            field_start = False
        elif letter in (b"\n", b"\r"):
            at += letter == b"\r" and following == b"\n"
            records.append((data[start : at + 1], malformed))
            start, malformed, field_start = at + 1, False, True
        else:
            field_start = letter == b","
        at += 1
    if start < len(data) and not quoted:
        records.append((data[start:], malformed))
    return records, quoted


def read_by_split(data: bytes) -> tuple[list[tuple[bytes, bool]], bool]:
    found = split(data, at_end=True)
    bad = set(found.containing(found.bad_quotes).tolist())
    pairs = zip(found.starts.tolist(), found.ends.tolist(), strict=True)
    records = [(data[start:end], n in bad) for n, (start, end) in enumerate(pairs)]
    return records, found.open_quote is not None


@settings(max_examples=800, deadline=None)
@given(BYTES)
def test_any_bytes_are_split_as_the_grammar_says(data: bytes) -> None:
    assert read_by_split(data) == read_by_letter(data)


@settings(max_examples=300, deadline=None)
@given(BYTES, st.integers(1, 7))
def test_the_limits_of_buffers_change_nothing(data: bytes, size: int) -> None:
    records, rest = [], b""
    for at in range(0, len(data) + size, size):
        buffer = rest + data[at : at + size]
        found = split(buffer, at_end=at + size > len(data) + size - 1)
        pairs = zip(found.starts.tolist(), found.ends.tolist(), strict=True)
        records += [buffer[start:end] for start, end in pairs]
        rest = buffer[found.end :]
    assert records == [record for record, _ in read_by_letter(data)[0]]


@pytest.mark.parametrize(
    ("data", "lines", "bad", "inner"),
    [
        (b"a,b\nc,d\n", [0, 4], [], 0),
        (b"a,b\r\nc,d", [0, 5], [], 0),
        (b"a,b\rc,d\r", [0, 4], [], 0),
        (b'a,"b\nc"\nd,e\n', [0, 8], [], 1),
        (b'a,"say ""x"""\nd,e\n', [0, 14], [], 0),
        (b'a,b"c\nd,e\n', [0, 6], [3], 0),  # a quote in a field that is not quoted
        (b'a,"b"c\n"\nd,e\n', [0, 9], [4], 1),  # text behind the closing quote
        (b'a,"b\nd,"e"\nf,g\n', [0, 11], [7], 1),  # not closed: takes in the next record
    ],
)
def test_a_record_has_a_start_and_its_wrong_quotes(
    data: bytes, lines: list[int], bad: list[int], inner: int
) -> None:
    found = split(data, at_end=True)
    assert found.starts.tolist() == lines
    assert found.bad_quotes.tolist() == bad
    assert found.inner_line_ends.size == inner


def test_fields_are_counted_by_commas_outside_quotes() -> None:
    data = b'a,"b,c"\n,,\nx\n'
    assert field_counts(data, split(data, at_end=True)).tolist() == [2, 3, 1]
