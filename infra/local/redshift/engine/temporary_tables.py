"""The temporary tables of a session: a DROP or a ROLLBACK may remove them, or bring them back."""

from collections.abc import Callable

import duckdb


class TemporaryTables:
    """The names of the temporary tables that exist; looked up again when they may have changed."""

    def __init__(self, run: Callable[[str], duckdb.DuckDBPyConnection]) -> None:
        """Use a function that runs DuckDB SQL in the session."""
        self._run = run
        self._made: set[str] = set()
        self._existing: set[str] | None = None

    def made(self, table: str) -> None:
        """Note that a statement has created a table."""
        self._made.add(table)
        self._existing = None

    def outdated(self) -> None:
        """Look again at the next question: tables may have changed."""
        self._existing = None

    def __contains__(self, table: str) -> bool:
        """Whether a temporary table exists, as schema.table."""
        if not self._made:
            return False
        if self._existing is None:
            found = self._run("SELECT table_name FROM duckdb_tables() WHERE database_name = 'temp'")
            names = {name for (name,) in found.fetchall()}
            self._existing = {t for t in self._made if t.partition(".")[2] in names}
        return table in self._existing
