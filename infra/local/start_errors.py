"""Advice for a local service that does not start, from the last lines of its log."""

import re
import shutil
from pathlib import Path

_FREE_BYTES = 16 << 20  # what the databases of the services take when they are created
_FULL = "the disk is full: free some space, then repeat the command"

# the words of SQLite, Alembic, DuckDB and the operating system
_ADVICE = {
    r"database or disk is full|No space left on device|Disk quota exceeded": _FULL,
    r"readonly database|attempt to write a readonly|Read-only file system|Permission denied": (
        "{home} cannot be written: give it to the user who runs this, or set OLIST_HOME to another "
        "folder"
    ),
    r"database is locked": (
        "another process holds Prefect's database {home}/prefect/prefect.db: end it (`olist down`, "
        "or `pgrep -f prefect` finds it), then repeat the command"
    ),
    r"disk image is malformed|file is not a database|malformed database schema": (
        "Prefect's database {home}/prefect/prefect.db is damaged: move it away, then repeat the "
        "command. It holds the list of runs and the schedules; published data is not in it"
    ),
    r"Can't locate revision": (
        "Prefect's database {home}/prefect/prefect.db is of a newer version: update this project "
        "(git pull; make .venv/ready), or move the file away. Published data is not in it"
    ),
    r"file with version number \d+, but we can only read|newer version of DuckDB": (
        "the warehouse {home}/redshift/warehouse.duckdb is of a newer version: update this project "
        "(git pull; make .venv/ready). Or set OLIST_HOME to a new folder, which starts empty"
    ),
    r"not a valid DuckDB database file|Corrupt|corrupt": (
        "the warehouse {home}/redshift/warehouse.duckdb is damaged: move it away, then load it "
        "again from the lake: olist rebuild --from-lake"
    ),
}


def advice_for(log: str, home: Path) -> str:
    """Return what to do about the last lines of a log; empty if they say nothing known.

    Args:
        log: The last lines, or the error that the service printed.
        home: State folder of the services.
    """
    for words, advice in _ADVICE.items():
        if re.search(words, log):
            return advice.format(home=home)
    # a full disk may leave no room for the log
    if shutil.disk_usage(home).free < _FREE_BYTES:
        return _FULL
    return ""
