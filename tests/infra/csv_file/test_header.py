"""A wrong file or header is refused with what it is and what to do."""

import gzip

import pytest

from infra.contracts import contracts
from infra.csv_file.header import check_header
from infra.source_storage import SourceError

SELLERS = contracts()["sellers"]
HEADER = ",".join(SELLERS.header)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_the_columns_and_the_start_of_the_records_are_returned(end: str) -> None:
    header = (
        b"\xef\xbb\xbf" + f'"seller_state",{HEADER.removesuffix(",seller_state")}{end}'.encode()
    )
    columns, start = check_header(header + (b"s,1" if end else b""), SELLERS, "f.csv")
    assert columns == ["seller_state", "seller_id", "seller_zip_code_prefix", "seller_city"]
    assert start == len(header)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("", "f.csv: empty file"),
        (HEADER.replace("seller_city,", ""), "column seller_city is missing.*staging/sellers.sql"),
        (f"{HEADER},tier", "column tier is not in the contract"),
        (HEADER.replace("seller_city", "seller_state"), "column seller_state occurs more than"),
        (HEADER.replace(",", ";"), "not the CSV file that was expected.*separated by commas"),
        ("<html><body>Not found</body></html>", "not the CSV file that was expected"),
        (f",{HEADER}", r"the first column has no name.*to_csv\(index=False\)"),
        (f"{HEADER},,,", "3 columns have no name at the end of the header, as Excel writes them"),
        (f'{HEADER}," "', "1 column has no name at the end"),
        (HEADER.replace(",seller_city", ",,seller_city"), "1 column has no name.*column 3 of 5"),
        (HEADER.replace(",", ", "), "is called ' seller_zip_code_prefix' instead of 'seller_zip"),
        (HEADER.replace("seller_city", "Seller_City"), "is called 'Seller_City' instead of 'sel"),
        (HEADER.replace("seller_city", "\u00a0x"), r"column seller_city is missing"),
        (HEADER.replace("seller_city", 'seller"_city'), "column seller_city is missing"),
        (
            HEADER.replace("seller_city", '"seller"_city'),
            "line 1: the header has a quote that is op",
        ),
        (HEADER.replace("seller_state", '"seller"_"state"'), "line 1: the header is malformed"),
        (
            HEADER.replace("seller_city", '"seller_city'),
            "line 1: the header has a quote that is open",
        ),
        ("\ufeff", "line 1: the header is empty"),
        ("x" * 70_000, "line 1: the header does not end within 65,536 bytes"),
    ],
)
def test_a_wrong_header_is_refused(header: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        check_header(header.encode()[:65_536], SELLERS, "f.csv")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(b"x", mtime=0), r"compressed with gzip: name it f\.csv\.gz"),
        (b"PK\x03\x04\x14\0\x06\0", "an Excel workbook"),
        (b"PAR1\x15\0", "not CSV, but Parquet"),
        (b"%PDF-1.7 \x00\x01", "not CSV, but PDF"),
        (HEADER.encode("utf-16"), "text in UTF-16: convert it: iconv -f UTF-16 -t UTF-8"),
        (HEADER.encode("utf-16-le"), "text in UTF-16. Convert it: iconv -f UTF-16LE"),
        (HEADER.encode("utf-16-be"), "text in UTF-16. Convert it: iconv -f UTF-16BE"),
        (HEADER.encode("utf-32"), "text in UTF-32"),
        (b"SQLite format 3\0\x10", "a binary file: there is a NUL byte in its first line"),
        (HEADER.replace("city", "citt\u00e0").encode("latin-1"), "line 1: the header is not UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_its_kind(data: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=rf"^f\.csv.*{message}"):
        check_header(data, SELLERS, "f.csv")
