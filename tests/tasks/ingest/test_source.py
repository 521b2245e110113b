"""Invalid source folders are rejected before any upload; errors name file, rule and fix."""

import gzip
import logging
from datetime import date
from pathlib import Path

import pytest

from infra.contracts import contracts
from infra.settings import Settings
from infra.source_storage import LocalFolder, SourceError
from tasks.ingest.source import batch_folder, check_source, day_folders
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


def test_a_wrong_header_is_refused_before_the_batch_starts(source: Path) -> None:
    path = source / SELLERS
    path.write_bytes(path.read_bytes().replace(b"seller_city,", b""))
    with pytest.raises(
        SourceError, match=r"(?s)not started; nothing was loaded.*seller_city is mi"
    ):
        check_source(LocalFolder(source))


def test_a_file_that_is_not_compressed_may_not_be_called_gz(source: Path) -> None:
    (source / SELLERS).rename(source / f"{SELLERS}.gz")
    with pytest.raises(SourceError, match=r"not compressed with gzip, though its name says so"):
        check_source(LocalFolder(source))


def test_a_broken_gzip_file_is_refused(source: Path) -> None:
    packed = source / f"{SELLERS}.gz"
    packed.write_bytes(gzip.compress((source / SELLERS).read_bytes())[:20])
    (source / SELLERS).unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        check_source(LocalFolder(source))


def test_a_file_of_several_gzip_members_is_accepted(source: Path) -> None:
    data = (source / SELLERS).read_bytes()
    parts = [b"", data[:20], data[20:]]
    (source / f"{SELLERS}.gz").write_bytes(b"".join(map(gzip.compress, parts)))
    (source / SELLERS).unlink()
    check_source(LocalFolder(source))


def test_a_plain_and_a_compressed_copy_of_a_file_are_refused(source: Path) -> None:
    (source / f"{SELLERS}.gz").write_bytes(gzip.compress(b"x"))
    with pytest.raises(SourceError, match="keep one of the two"):
        check_source(LocalFolder(source))


def test_a_folder_whose_name_only_looks_like_a_day_is_left_out_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("2018-10-18", "2018-02-30", "2018-13-01", "0000-01-01", "notes"):
        (tmp_path / name).mkdir()
    days = day_folders(str(tmp_path), Settings(), logging.getLogger("test"))
    assert days == [date(2018, 10, 18)]
    assert [record.getMessage().partition(" is left out")[0] for record in caplog.records] == [
        f"{tmp_path}/{name}" for name in ("0000-01-01", "2018-02-30", "2018-13-01")
    ]
    with pytest.raises(SourceError, match=r"no folder 2018-10-19; there are 2018-10-18 only"):
        batch_folder(str(tmp_path), date(2018, 10, 19), Settings())
