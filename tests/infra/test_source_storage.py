"""A local folder and an S3 folder behave the same."""

from pathlib import Path

import pytest

from infra.lake import Lake
from infra.settings import Settings
from infra.source_storage import open_folder


@pytest.fixture(params=["disk", "s3"])
def address(request: pytest.FixtureRequest, stack: Settings, tmp_path: Path) -> str:
    """A source with two files and a subfolder with a third."""
    files = {"a.csv": b"one,two\n", "b.csv": b"x" * 100, "2018-01-01/c.csv": b"c\n"}
    if request.param == "disk":
        for name, body in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(body)
        return str(tmp_path)
    for name, body in files.items():
        (tmp_path / "up").write_bytes(body)
        Lake(stack).put_file(f"incoming/{name}", tmp_path / "up")
    return f"s3://{stack.bucket}/incoming"


def test_files_and_folders_are_listed(address: str, stack: Settings) -> None:
    folder = open_folder(address, stack)
    assert folder.files() - {"up"} == {"a.csv", "b.csv"}
    assert folder.folders() == {"2018-01-01"}
    assert folder.inner("2018-01-01").files() == {"c.csv"}


def test_the_start_and_the_whole_of_a_file_can_be_read(
    address: str, stack: Settings, tmp_path: Path
) -> None:
    folder = open_folder(address, stack)
    assert folder.head("b.csv", 10) == b"x" * 10
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert folder.local("a.csv", scratch).read_bytes() == b"one,two\n"


def test_a_missing_folder_lists_no_files(stack: Settings, tmp_path: Path) -> None:
    for address in (str(tmp_path / "no"), f"s3://{stack.bucket}/no", "s3://no-such-bucket/no"):
        folder = open_folder(address, stack)
        assert (folder.files(), folder.folders()) == (set(), set())
