"""COMMENT ON COLUMN, which DuckDB has too.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_COMMENT.html
"""

import re

from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.sql.translated import Translated

_STATEMENT = re.compile(r"\s*COMMENT\s+ON\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_COLUMN = re.compile(
    r"\s+COLUMN\s+(?:(?P<schema>[a-z_]\w*)\.)?(?P<table>[a-z_]\w*)\.(?P<column>[a-z_]\w*)\s+"
    r"IS\s+(?P<text>NULL|'(?:[^'\\]|'')*')\s*;?\s*",
    re.IGNORECASE,
)


def parse_comment(sql: str) -> Translated | None:
    """The COMMENT ON COLUMN that `sql` is, None for another statement.

    Raises:
        NotEmulatedError: The comment is on another object than a column.
        RedshiftError: 42601 for a syntax error.
    """
    statement = _STATEMENT.fullmatch(sql)
    if statement is None:
        return None
    match = _COLUMN.fullmatch(statement["rest"])
    if match is None:
        if re.match(r"\s+COLUMN\b", statement["rest"], re.IGNORECASE):
            raise RedshiftError("42601", "COMMENT ON COLUMN takes table.column IS 'text' or NULL")
        raise NotEmulatedError("COMMENT ON of another object than a column: comment the columns")
    schema = (match["schema"] or "public").lower()
    table, column = match["table"].lower(), match["column"].lower()
    return Translated(
        sql=f'COMMENT ON COLUMN "{schema}"."{table}"."{column}" IS {match["text"]}',
        tag="COMMENT",
        writes=(f"{schema}.{table}",),
    )
