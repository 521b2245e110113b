"""A service that cannot start says in a sentence what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from infra.error_hints import hint_for
from infra.local.ports import Ports, free_ports
from infra.local.process import StackError
from infra.local.service_specs import command_server_spec, prefect_server_environment
from infra.local.services import Services
from infra.local.start_errors import advice_for
from infra.settings import Settings
from tests.file_system import file_system


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("sqlite3.OperationalError: database or disk is full", "the disk is full: free"),
        ("OSError: [Errno 28] No space left on device", "the disk is full: free"),
        ("sqlite3.OperationalError: attempt to write a readonly database", "cannot be written"),
        ("PermissionError: [Errno 13] Permission denied: 'x'", "cannot be written"),
        ("sqlite3.OperationalError: database is locked", "another process holds"),
        ("sqlite3.DatabaseError: database disk image is malformed", "is damaged: move it away"),
        ("alembic: Can't locate revision identified by 'abc'", "is of a newer version: update"),
        (
            "Trying to read a database file with version number 99, but we can only read versions "
            "between 64 and 68",
            "is of a newer version: update",
        ),
        ("something else", ""),
    ],
)
def test_words_of_a_log_lead_to_advice(tmp_path: Path, log: str, words: str) -> None:
    advice = advice_for(f"first line\n{log}\nlast line", tmp_path)
    assert words in advice
    assert bool(advice) is bool(words)


def test_a_damaged_warehouse_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "redshift" / "warehouse.duckdb"
    path.parent.mkdir()
    path.write_text("no database, but long enough to be read as one\n" * 500)
    services = Services(Settings(home=tmp_path), Ports())
    with pytest.raises(StackError, match=r"the local redshift did not start: .*is damaged"):
        services.start_storage()
    services.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    with file_system(tmp_path / "small", "3m") as mounted:
        yield mounted


def test_a_full_disk_is_told(small_disk: Path) -> None:
    services = Services(Settings(home=small_disk / "home"), Ports())
    with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass
    with pytest.raises((StackError, OSError)) as told:
        services.start_storage()
    services.stop()
    assert "the disk is full: free some space" in f"{told.value} {hint_for(told.value)}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "words"), [("locked", "another process holds"), ("damaged", "is damaged")]
)
def test_a_prefect_database_that_cannot_be_used_is_told(
    tmp_path: Path, fault: str, words: str
) -> None:
    database = tmp_path / "prefect" / "prefect.db"
    database.parent.mkdir()
    (tmp_path / "logs").mkdir()
    if fault == "damaged":
        database.write_text("this is no database, but long enough to be read as one\n" * 100)
    with closing(sqlite3.connect(database, isolation_level=None)) as holder:
        if fault == "locked":
            holder.execute("CREATE TABLE held (n INT)")
            holder.execute("BEGIN EXCLUSIVE")
        environment = prefect_server_environment("run:secret")
        server = command_server_spec(tmp_path, free_ports(1)[0], environment).spawn(
            tmp_path / "logs"
        )
        with pytest.raises(StackError, match=f"prefect-server did not start: .*{words}"):
            server.wait_until_ready()
        server.stop()


@pytest.mark.parametrize("path", ["/dev/null/home"])
def test_a_home_that_cannot_be_written_is_told(path: str) -> None:
    with pytest.raises(OSError, match=path) as refused:
        Services(Settings(home=Path(path)), Ports())
    assert "OLIST_HOME" in str(hint_for(refused.value))
