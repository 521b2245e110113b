"""The DuckDB file that holds the database: how it is opened, and the settings of its engine."""

from pathlib import Path

import duckdb

from infra.local.redshift.engine.system_catalog import CATALOGUE
from infra.local.redshift.sql.macros import MACROS

# a macro binds `/` when it is created, so the division must be set before the macros
_CONFIG = {
    "integer_division": "true",
    "python_enable_replacements": "false",
    # the engine downloads nothing. Otherwise it looks for its own functions on the network while it
    # replays the log of a killed server, before it loads those that it holds
    "autoinstall_known_extensions": "false",
}


def open_database(path: Path, name: str, memory_mb: int) -> duckdb.DuckDBPyConnection:
    """Open or create the file.

    Args:
        path: The DuckDB file.
        name: Name of the database that clients see.
        memory_mb: Memory of the process in megabytes; the engine gets three quarters of it.

    Returns:
        A connection whose cursors are the connections of the sessions.

    Raises:
        duckdb.Error: The file cannot be opened or written.
    """
    database = duckdb.connect(str(path), config={**_CONFIG})
    database.execute(MACROS)
    database.execute(CATALOGUE.replace("'dev'", f"'{name}'"))
    for setting in (
        "SET GLOBAL preserve_insertion_order = false",
        "SET GLOBAL TimeZone = 'UTC'",
        # a join without a condition then fails with an error before it fills the disk
        "SET GLOBAL max_temp_directory_size = '10GB'",
        # the write-ahead log makes commits durable; frequent checkpoints would double the writes
        "SET GLOBAL checkpoint_threshold = '1GB'",
        f"SET GLOBAL memory_limit = '{memory_mb * 3 // 4}MB'",  # then it writes to disk
        "SET GLOBAL enable_external_access = false",
        "SET GLOBAL lock_configuration = true",
    ):
        database.execute(setting)
    return database
