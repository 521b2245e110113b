"""A file is read exactly, or its records are set aside with line and reason, or it is refused."""

import csv
import gzip
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.contracts import Contract, contracts
from infra.csv_file import header, reader
from infra.csv_file.reader import CsvFile, TextBlock
from infra.source_storage import SourceError

REVIEWS = contracts()["order_reviews"]
SELLERS = contracts()["sellers"]
DATES = "2018-01-01 00:00:00,2018-01-02 00:00:00"


def read(
    path: Path, data: bytes, contract: Contract = SELLERS
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Write a file and read it: text, records that are set aside, blank lines."""
    path.write_bytes(data)
    blocks: list[TextBlock] = list(CsvFile(path, contract, str(path)).blocks())
    text = pl.DataFrame(schema=dict.fromkeys(contract.header, pl.String))
    set_aside = pl.DataFrame(schema=reader.SET_ASIDE)
    for block in blocks:
        text, set_aside = text.vstack(block.text), set_aside.vstack(block.set_aside)
    return text, set_aside, sum(block.blank_lines for block in blocks)


def sellers(*lines: str) -> bytes:
    return "\n".join([",".join(SELLERS.header), *lines, ""]).encode()


def reviews(*lines: str) -> bytes:
    return "\n".join([",".join(REVIEWS.header), *lines, ""]).encode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "f.csv"


def test_columns_are_found_by_name(file: Path) -> None:
    data = b"seller_state,seller_id,seller_city,seller_zip_code_prefix\nSP,s,santos,01001\n"
    assert read(file, data)[0].rows() == [("s", "01001", "santos", "SP")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_line_end_and_a_byte_order_mark_are_read(file: Path, end: str, mark: bytes) -> None:
    data = mark + sellers("a,01001,santos,SP", 'b,01002,"são, paulo",SP').replace(
        b"\n", end.encode()
    )
    text, set_aside, _ = read(file, data)
    assert text["seller_city"].to_list() == ["santos", "são, paulo"]
    assert set_aside.is_empty()


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    data = gzip.compress(sellers("a,01001,santos,SP"))
    assert read(tmp_path / "f.csv.gz", data)[0].height == 1


def test_line_ends_and_quotes_inside_a_quoted_field_are_its_text(file: Path) -> None:
    data = reviews(f'r,o,5,,"say ""hi""\r\n\nbye",{DATES}')
    text, set_aside, blank = read(file, data, REVIEWS)
    assert text["review_comment_message"].to_list() == ['say "hi"\r\n\nbye']
    assert (set_aside.height, blank) == (0, 0)


def test_blank_lines_hold_no_record_and_are_counted(file: Path) -> None:
    text, set_aside, blank = read(file, sellers("", "a,01001,santos,SP", "", ""))
    assert (text.height, set_aside.height, blank) == (1, 0, 3)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("b,01002,santos", "3 fields instead of 4"),
        ("b,01002,santos,SP,more", "5 fields instead of 4"),
        ("   ", "1 field instead of 4"),
        ('b,01002,tv 42" ok,SP', "the quote at byte 14 of line 3 neither starts nor ends"),
        ('b,01002,"tv 42" ok",SP', "the quote at byte 15 of line 3 neither starts nor"),
        ('b,01002, "santos",SP', "the quote at byte 10 of line 3 neither starts nor"),
        ("b,01002,san\0tos,SP", "malformed CSV: there is a NUL character in it"),
        (",".join(SELLERS.header), "the header, again"),
        ("\ufeff" + ",".join(SELLERS.header), "the header, again"),
        (",".join(f'"{name}"' for name in SELLERS.header), "the header, again"),
    ],
)
def test_a_record_that_cannot_be_split_is_set_aside_with_its_text(
    file: Path, line: str, reason: str
) -> None:
    last = 'd,01004,"x",SP'
    text, set_aside, _ = read(file, sellers("a,01001,santos,SP", line, "c,01003,santos,SP", last))
    assert text["seller_id"].to_list() == ["a", "c", "d"]
    assert set_aside["line"].to_list() == [3]
    assert reason in set_aside["reason"][0]
    assert set_aside["row"][0] == line


def test_a_quote_that_is_not_closed_sets_aside_all_lines_that_it_takes_in(file: Path) -> None:
    lines = [f"r{n},o{n},5,,comment,{DATES}" for n in range(2, 8)]
    lines[1] = f'r3,o3,5,,"comment,{DATES}'
    lines[4] = f'r6,o6,5,,"comment",{DATES}'
    text, set_aside, _ = read(file, reviews(*lines), REVIEWS)
    assert text["review_id"].to_list() == ["r2", "r7"]
    assert set_aside["line"].to_list() == [3, 4, 5, 6]
    assert set_aside["row"].to_list() == lines[1:5]
    assert set_aside["reason"].str.contains(r"\(lines 3 to 6\)").all()


def test_text_behind_a_closing_quote_leaves_its_field_open(file: Path) -> None:
    lines = ("a,01001,santos,SP", 'b,01002,"santos" ,SP', "c,01003,santos,SP", 'd,01004,"x",SP')
    text, set_aside, _ = read(file, sellers(*lines, "e,01005,santos,SP"))
    assert text["seller_id"].to_list() == ["a", "e"]
    assert set_aside["row"].to_list() == list(lines[1:])
    assert "(lines 3 to 5): the quote at byte 16 of line 3 " in set_aside["reason"][0]


def test_two_missing_quotes_that_join_records_are_noticed(file: Path) -> None:
    lines = [f"r{n},o{n},5,,comment,{DATES}" for n in range(2, 8)]
    lines[1] = f'r3,o3,5,,"comment,{DATES}'
    lines[2] = f'r4,o4,5,,comment",{DATES}'
    text, set_aside, _ = read(file, reviews(*lines), REVIEWS)
    assert text["review_id"].to_list() == ["r2", "r5", "r6", "r7"]
    assert set_aside["row"].to_list() == lines[1:3]
    assert "line 3 is a record by itself" in set_aside["reason"][0]


def test_a_comment_with_many_commas_in_a_line_is_read(file: Path) -> None:
    comment = "one, two, three,\nfour, five, six, seven, eight, nine\nten"
    text, set_aside, _ = read(file, reviews(f'r,o,5,,"{comment}",{DATES}'), REVIEWS)
    assert text["review_comment_message"].to_list() == [comment]
    assert set_aside.is_empty()


def test_a_quote_that_is_open_at_the_end_is_refused_with_its_line(file: Path) -> None:
    with pytest.raises(SourceError, match=r"f\.csv, line 3: a quote is opened and never closed to"):
        read(file, sellers("a,01001,santos,SP", 'b,01002,"santos,SP', "c,01003,santos,SP"))


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_another_encoding_is_refused_with_its_line(file: Path, end: bytes) -> None:
    data = sellers("a,01001,santos,SP").replace(b"\n", end) + b"b,01001,s\xe3o paulo,SP" + end
    with pytest.raises(
        SourceError, match=r"f\.csv, line 3: not UTF-8: b'\\xe3' at byte 10 of .*iconv"
    ):
        read(file, data)


@pytest.mark.parametrize("size", [131_073, 9_000_000])
def test_a_field_of_any_size_is_read(file: Path, size: int) -> None:
    data = reviews(f"r,o,5,,{'x' * size},{DATES}", f'r2,o,5,,"{"y" * size}",{DATES}')
    text, set_aside, _ = read(file, data, REVIEWS)
    assert text["review_comment_message"].str.len_bytes().to_list() == [size, size]
    assert set_aside.is_empty()


def test_a_record_longer_than_the_limit_is_refused_with_its_line(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MAX_RECORD_BYTES", 1 << 20)
    monkeypatch.setattr(reader, "BLOCK_BYTES", 1 << 16)
    for field in ("x" * (3 << 20), '"' + "x" * (3 << 20)):
        with pytest.raises(SourceError, match=r"line 3: .* within 16 MiB"):
            read(file, sellers("a,01001,santos,SP", f"b,01002,{field}"))


def test_the_limit_of_a_record_does_not_depend_on_its_place(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MAX_RECORD_BYTES", 1 << 20)
    monkeypatch.setattr(reader, "BLOCK_BYTES", 1 << 16)
    before = ["a,01001,santos,SP"] * 3000
    for rows in ([], before[:1500], before):
        read(file, sellers(*rows, f"b,01002,{'x' * 1_000_000},SP"))
        with pytest.raises(SourceError, match=rf"line {len(rows) + 2}: the record does not end"):
            read(file, sellers(*rows, f"b,01002,{'x' * 1_100_000},SP"))


def test_a_byte_order_mark_behind_the_header_is_text(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pyarrow leaves it out at the start of what it parses, that is of each block."""
    monkeypatch.setattr(reader, "BLOCK_BYTES", 1)
    text, _, _ = read(file, sellers("\ufeffa,01001,x,SP", "bad", "\ufeffb,01001,x,SP"))
    assert text["seller_id"].to_list() == ["\ufeffa", "\ufeffb"]


def test_a_wrong_quote_at_the_very_end_is_set_aside(file: Path) -> None:
    text, set_aside, _ = read(file, sellers("a,01001,x,SP") + b'b,01002,x,S"')
    assert (text.height, set_aside["line"].to_list()) == (1, [3])


def test_the_line_of_an_open_quote_is_that_of_its_field(file: Path) -> None:
    with pytest.raises(SourceError, match="line 2: a quote is opened and never closed"):
        read(file, sellers() + b'a,01001,"x\n""y\n""z\nq')


@pytest.mark.parametrize("cut", [-1, -8, 30])
def test_a_damaged_compressed_file_is_refused(tmp_path: Path, cut: int) -> None:
    data = gzip.compress(sellers(*(f"{n},01001,santos,SP" for n in range(1000))))
    with pytest.raises(SourceError, match=r"f\.csv\.gz: cannot be read"):
        read(tmp_path / "f.csv.gz", data[:cut])


@settings(max_examples=150, deadline=None)
@example(rows=[["\r0", "0", "0", "0"]], end="\n", size=1)  # the first field has two lines
@given(
    rows=st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
            min_size=4,
            max_size=4,
        ),
        max_size=30,
    ),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    size=st.integers(1, 60),
)
def test_what_a_csv_writer_writes_is_read_unchanged(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[list[str]],
    end: str,
    size: int,
) -> None:
    """Any text, also where a block ends inside a record, a CRLF or a letter."""
    written = io.StringIO()
    # QUOTE_MINIMAL quotes a line end only if it is the one of the file
    has_line_ends = any(letter in value for row in rows for value in row for letter in "\r\n")
    quoting = csv.QUOTE_ALL if has_line_ends else csv.QUOTE_MINIMAL
    csv.writer(written, lineterminator=end, quoting=quoting).writerows([SELLERS.header, *rows])
    path = tmp_path_factory.mktemp("any") / "f.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "BLOCK_BYTES", size)
        for module in (reader, header):
            patch.setattr(module, "HEAD_BYTES", 72)  # the header ends before it
        text, set_aside, _ = read(path, written.getvalue().encode())
    assert set_aside.is_empty()
    assert text.rows() == [tuple(value or None for value in row) for row in rows]
