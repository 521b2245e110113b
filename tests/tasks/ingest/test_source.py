"""Invalid source folders are rejected before any upload; errors name file, rule and fix."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.contracts import contracts
from infra.source_storage import LocalFolder
from tasks.ingest.source import SourceError, check_source
from tests.load import write_source

ORDERS = contracts()["orders"].source_file
SELLERS = contracts()["sellers"].source_file


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "source", {"sellers": [{"seller_id": "s"}]})


def test_a_complete_folder_is_accepted(source: Path) -> None:
    check_source(LocalFolder(source))


def test_a_missing_source_folder_raises_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere: the source folder does not exist.*olist gen"):
        check_source(LocalFolder(tmp_path / "nowhere"))


def test_every_problem_is_reported_at_once(source: Path) -> None:
    (source / ORDERS).unlink()
    (source / SELLERS).write_bytes(b"")
    with pytest.raises(SourceError) as caught:
        check_source(LocalFolder(source))
    assert f"{ORDERS}: missing" in str(caught.value)
    assert f"{SELLERS}: empty file" in str(caught.value)


def _replace(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda text: text.replace(old.encode(), new.encode())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_replace("seller_city,", ""), "column seller_city is missing.*sql/staging/sellers.sql"),
        (_replace("seller_state", "seller_state,tier"), "column tier is not in the contract"),
        (_replace("seller_city", "seller_state"), "column seller_state occurs more than once"),
        (_replace(",", ";"), "not the CSV file that was expected.*separated by commas"),
        (lambda _: b"%PDF-1.7 \x00\x01", "not UTF-8 text"),
        (lambda text: text.decode().encode("utf-16"), "not UTF-8 text.*iconv"),
        (lambda _: b"<html><body>Not found</body></html>", "not the CSV file that was expected"),
    ],
)
def test_a_bad_header_is_refused(
    source: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    path = source / SELLERS
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(SourceError, match=message):
        check_source(LocalFolder(source))


def test_a_broken_gzip_file_is_refused(source: Path) -> None:
    packed = source / f"{SELLERS}.gz"
    packed.write_bytes(gzip.compress((source / SELLERS).read_bytes())[:20])
    (source / SELLERS).unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        check_source(LocalFolder(source))


def test_a_plain_and_a_compressed_copy_of_a_file_are_refused(source: Path) -> None:
    (source / f"{SELLERS}.gz").write_bytes(gzip.compress(b"x"))
    with pytest.raises(SourceError, match="keep one of the two"):
        check_source(LocalFolder(source))
