"""The data dictionary: what each published column means, as the comments of the SQL say."""

import re
from dataclasses import dataclass

from infra.settings import SQL
from infra.sql_files import sql_files

# sql/views holds one published view; its columns are those of this table, and its own
VIEW, UNDER = "single_customer_view", "customer_totals"
_COLUMN = re.compile(r"^    ([a-z_]+) ([A-Z ]+?(?:\([\d, ]+\))?)(?: NOT NULL)?, -- (.+)$", re.M)
_COMPUTED = re.compile(r"\bAS ([a-z_]+),? -- (.+)$", re.M)
_UNIT = re.compile(r"^(.*?)\s*\[([^\]]+)\]$")
_PURPOSE = re.compile(r"^-- Purpose: +(.+(?:\n-- {5,}.+)*)", re.M)
_GRAIN = re.compile(r"^-- Grain: +(.+)", re.M)


@dataclass(frozen=True)
class Column:
    """A column of a published table."""

    name: str
    type: str  # as its DDL says; empty where the view computes it
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
    """All tables that people read, in the order of the star: dimensions, facts, marts."""
    found = {
        path.stem: _table(path.stem, path.read_text())
        for folder in ("dimensions", "facts", "marts")
        for path in sql_files(folder)
    }
    text = (SQL / "views" / f"{VIEW}.sql").read_text()
    computed = tuple(_column(name, "", told) for name, told in _COMPUTED.findall(text))
    under = found.pop(UNDER)
    view = _table(VIEW, text)
    return found | {VIEW: Table(VIEW, view.purpose, view.grain, under.columns + computed)}


def _table(name: str, text: str) -> Table:
    purpose, grain = _PURPOSE.search(text), _GRAIN.search(text)
    assert purpose is not None, name  # noqa: S101 (a test reads all files)
    assert grain is not None, name  # noqa: S101
    told = " ".join(line.strip(" -") for line in purpose[1].split("\n"))
    columns = tuple(_column(*found) for found in _COLUMN.findall(text))
    return Table(name, told, grain[1], columns)


def _column(name: str, type_: str, told: str) -> Column:
    unit = _UNIT.match(told)
    return Column(name, type_, unit[1] if unit else told, unit[2] if unit else "")


def links() -> list[tuple[str, str, str]]:
    """Table, column and the dimension that it leads to: `…: dim_customer` in the comments."""
    return [
        (table.name, column.name, found[1])
        for table in dictionary().values()
        for column in table.columns
        if (found := re.search(r": (dim_\w+)", column.meaning))
    ]
