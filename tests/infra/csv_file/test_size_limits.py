"""A file that would fill memory or disk is refused early, with file and line, in constant memory."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.contracts import contracts
from infra.csv_file.reader import CsvFile
from infra.csv_file.size_limits import SizeLimits
from infra.settings import PROJECT
from infra.source_storage import SourceError

SELLERS = contracts()["sellers"]
HEADER = ",".join(SELLERS.header) + "\n"
ROW = "a,01001,santos,SP\n"
LIMITS = SizeLimits(text_bytes=100_000_000, gzip_ratio=200)


def _read(path: Path, limits: SizeLimits = LIMITS) -> int:
    return sum(block.records for block in CsvFile(path, SELLERS, path.name, limits).blocks())


@pytest.fixture
def gzipped(tmp_path: Path) -> Callable[[str, int], Path]:
    """Writes a gzip file that repeats a text."""

    def write(text: str, count: int) -> Path:
        path = tmp_path / "f.csv.gz"
        with gzip.open(path, "wt", newline="") as file:
            file.write(HEADER)
            for _ in range(count // 1000):
                file.write(text * 1000)
        return path

    return write


def test_a_gzip_bomb_is_refused_at_the_ratio_with_its_line(
    gzipped: Callable[[str, int], Path],
) -> None:
    with pytest.raises(
        SourceError,
        match=r"^f.csv.gz, before line [\d,]+: .* \(OLIST_MAX_GZIP_RATIO\); no real data",
    ):
        _read(gzipped(ROW, 2_000_000))


def test_a_small_file_may_be_compressed_well(gzipped: Callable[[str, int], Path]) -> None:
    assert _read(gzipped(ROW, 500_000)) == 500_000  # 9 MB


@pytest.mark.parametrize("name", ["f.csv", "f.csv.gz"])
def test_more_text_than_allowed_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    opened = gzip.open(path, "wt") if name.endswith("gz") else path.open("w")  # noqa: SIM115
    with opened as file:
        file.write(HEADER + ROW * 200_000)
    with pytest.raises(
        SourceError, match=r"before line [\d,]+: more than 0.003 GB .*OLIST_MAX_FILE_GB"
    ):
        _read(path, SizeLimits(text_bytes=3_000_000, gzip_ratio=1000))


def test_the_limits_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLIST_MAX_FILE_GB", "0.5")
    monkeypatch.setenv("OLIST_MAX_GZIP_RATIO", "30")
    assert SizeLimits.of_settings() == SizeLimits(text_bytes=500_000_000, gzip_ratio=30)


def test_a_file_whose_records_are_mostly_others_is_refused(
    gzipped: Callable[[str, int], Path],
) -> None:
    with pytest.raises(SourceError, match=r"from line 2: .* cannot be split into the 4 columns"):
        _read(gzipped("x\n", 300_000))


def test_many_wrong_records_in_a_larger_file_are_set_aside(
    gzipped: Callable[[str, int], Path],
) -> None:
    assert _read(gzipped("x\n" + ROW * 2, 110_000)) == 330_000


def test_the_first_wrong_record_is_named_whatever_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text(HEADER + "x\n" * 50 + 'a,b"c,d,e\n' + "x\n" * 100_100)
    with pytest.raises(SourceError, match="from line 2: "):
        _read(path)


def test_lines_are_counted_by_carriage_returns_where_a_file_has_no_others(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes((HEADER + ROW * 200_000).replace("\n", "\r").encode())
    with pytest.raises(SourceError, match=r"before line \d\d\d?,\d+: more than"):
        _read(path, SizeLimits(text_bytes=3_000_000, gzip_ratio=1000))


HOSTILE = {
    "records of one letter": "x\n" * 1000,
    "records of two quotes": '""\n' * 1000,
    "blank lines": "\n" * 1000,
    "one field without an end": "x" * 1000,
    "one quoted field without an end": '"' + "x" * 1000,
    "commas": "," * 1000,
    "NUL": "\0" * 1000,
    "quotes": '"' * 1001,
    "a malformed record of many lines": 'a,"x"y' + "\n" * 900 + "z\n" * 50,
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.full] if number % 4 else [])
        for number, name in enumerate(HOSTILE)
    ],
)
def test_hostile_files_are_refused_in_little_memory(
    gzipped: Callable[[str, int], Path], name: str
) -> None:
    path = gzipped(HOSTILE[name], 60_000)  # 60 MB and more of text
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from infra.contracts import contracts\n"
        "from infra.csv_file.reader import CsvFile\n"
        "from infra.source_storage import SourceError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n"
        f"    for _ in CsvFile(Path({str(path)!r}), contracts()['sellers'], 'f').blocks(): pass\n"
        "except SourceError as refused: print(refused)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    said, taken = done.stdout.rsplit("\n", 2)[:2]
    assert said.startswith("f, "), said
    assert "line" in said
    assert int(taken) < 300
