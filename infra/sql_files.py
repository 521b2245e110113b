"""SQL files and the statements in them."""

from functools import cache
from pathlib import Path

import sqlglot
from sqlglot.tokens import TokenType

from infra.settings import SQL


@cache
def statements(path: str) -> tuple[str, ...]:
    """Statements of a file under `sql/`, comments included (`dimensions/dim_date.sql`)."""
    return split(SQL.joinpath(path).read_text())


def split(sql: str) -> tuple[str, ...]:
    """Split at the semicolons that end statements, not at those in comments and strings.

    Comments stay with the statement that follows; what holds nothing but comments is no statement.
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
