"""The data dictionary: the meaning of each published column, from the comments in the SQL."""

import re
from dataclasses import dataclass

from infra import ddl
from infra.ddl import header, references, split_unit, tables
from infra.sql_files import statements

# sql/views has one published view; it has the columns of this table, and computed columns
VIEW, UNDER = "single_customer_view", "customer_totals"
_COMPUTED = re.compile(r"\bAS ([a-z_]+),? -- (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Column:
    """A column of a published table."""

    name: str
    type: str  # as in the DDL; empty if the view computes the column
    meaning: str
    unit: str


@dataclass(frozen=True)
class Table:
    """A published table or view."""

    name: str
    purpose: str
    grain: str
    columns: tuple[Column, ...]


def dictionary() -> dict[str, Table]:
    """All tables that readers see, in the order of the star: dimensions, facts, marts."""
    found = {
        name: _table(table)
        for folder in ("dimensions", "facts", "marts")
        for name, table in tables(folder).items()
    }
    text = statements(f"views/{VIEW}.sql")[0]
    computed = tuple(
        Column(name, "", *split_unit(comment)) for name, comment in _COMPUTED.findall(text)
    )
    top, under = header(text), found.pop(UNDER)
    view = Table(VIEW, top["Purpose"], top["Grain"], under.columns + computed)
    return found | {VIEW: view}


def _table(table: ddl.Table) -> Table:
    columns = tuple(Column(c.name, c.type, c.comment, c.unit) for c in table.columns)
    return Table(table.name, table.header["Purpose"], table.header["Grain"], columns)


def links() -> list[tuple[str, str, str]]:
    """Return (table, column, dimension) for each column that references a dimension."""
    dimensions = tables("dimensions")
    return [
        reference
        for folder in ("dimensions", "facts", "marts")
        for reference in references(folder, dimensions)
    ]
