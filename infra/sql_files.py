"""Find SQL files under `sql/` and split them into statements."""

from functools import cache
from pathlib import Path

import sqlglot
from sqlglot.tokens import TokenType

from infra.settings import SQL


@cache
def statements(path: str) -> tuple[str, ...]:
    """Return the statements of a SQL file, comments included.

    Args:
        path: Path relative to `sql/`, such as `dimensions/dim_date.sql`.
    """
    return split(SQL.joinpath(path).read_text(encoding="utf-8"))


def split(sql: str) -> tuple[str, ...]:
    """Split SQL into statements; semicolons in comments and strings do not end a statement.

    A comment belongs to the statement after it. Text that holds only comments is dropped.

    Example:
        >>> split("SELECT ';' AS x; SELECT 2")
        ("SELECT ';' AS x", 'SELECT 2')
    """
    parts = []
    start, said = 0, False
    for token in sqlglot.tokenize(sql, read="redshift"):
        if token.token_type is not TokenType.SEMICOLON:
            said = True
            continue
        if said:
            parts.append(sql[start : token.start].strip())
        start, said = token.end + 1, False
    if said:
        parts.append(sql[start:].strip())
    return tuple(parts)


def sql_files(folder: str) -> list[Path]:
    """The files of a folder under `sql/`, in alphabetical order."""
    return sorted(SQL.joinpath(folder).glob("*.sql"))
