"""A translated statement and the binding of its parameters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from infra.local.redshift.sql import ddl

# group 1: quoted text and comments, unchanged; group 2: $1, $2, … or a session variable
PLACEHOLDER = re.compile(
    r"('[^']*(?:''[^']*)*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/)|\$(\d+|\w+)", re.DOTALL
)


@dataclass(frozen=True)
class Translated:
    """A statement in DuckDB's dialect, with what the session needs to run it."""

    sql: str  # DuckDB SQL, with parameters as $1, $2, …
    tag: str  # the command tag that the client receives
    returns_rows: bool = False
    writes: tuple[str, ...] = ()  # the tables that it writes, schema-qualified
    parameters: int = 0
    definition: ddl.Definition | None = None  # of CREATE TABLE
    change: tuple[str, ...] = ()  # of ALTER TABLE, as `ddl.change_of` returns it
    reads: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()  # the functions of users that it calls, schema-qualified
    inlined: tuple[str, ...] = ()  # these, and the functions that they call
    # numbers of parameters that are regular expressions, and whether the extent of a match matters
    patterns: tuple[tuple[int, bool], ...] = ()
    late_binding: bool = False  # CREATE VIEW … WITH NO SCHEMA BINDING
    cascade: bool = False
    assigned: tuple[str, ...] = ()  # the columns that UPDATE sets
    multiple_matches: str = ""  # of MERGE: DuckDB SQL that finds a target row with two matches
    added_column: str = ""  # of ALTER TABLE ADD COLUMN: its definition in Redshift's SQL
    values: int = 0  # INSERT … VALUES without a column list: how many values a row has

    @property
    def adds_text(self) -> bool:
        """Whether it adds a text column, whose length DuckDB can only check in CREATE TABLE."""
        return self.change[:1] == ("add",) and self.change[2].startswith("character")

    def bind(self, literals: Sequence[str], variables: dict[str, str], sql: str = "") -> str:
        """Write parameters and session variables into the statement.

        Args:
            literals: SQL literals of $1, $2, … in order.
            variables: SQL literals of the session variables, by name (`Session.session_variables`).
            sql: Other SQL with the same placeholders; empty means `self.sql`.

        Returns:
            DuckDB SQL without placeholders.
        """

        def written(match: re.Match[str]) -> str:
            if match[1]:
                return match[0]
            return literals[int(match[2]) - 1] if match[2].isdigit() else variables[match[2]]

        return PLACEHOLDER.sub(written, sql or self.sql)
