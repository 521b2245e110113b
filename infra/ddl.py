"""The one reader of the DDL under `sql/`: columns, types, keys, comments and header of a table.

Contracts, migrations, models, the data dictionary and `COMMENT ON` all come from here. A table file
has a header of `-- Key: text` lines and starts with a CREATE TABLE, one column a line. The comment
behind a column is its definition; it may end with a unit in brackets: `-- Price of the item [R$]`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, cached_property

import sqlglot
from sqlglot import exp

from infra.sql_files import sql_files, statements

_HEADER = re.compile(r"^-- ([A-Z][a-z ]+): +(.+(?:\n-- {5,}.+)*)", re.MULTILINE)
_COMMENT = re.compile(r"^    (\w+) [A-Z].*? -- (.+)$", re.MULTILINE)
_KEY = re.compile(r",(?P<comment>[ \t]*--[^\n]*)?\n    PRIMARY KEY \([^)]*\)(?=\n\))")
_REFERENCE = re.compile(r": (\w+)\b")
_UNIT = re.compile(r"^(.*?)\s*\[([^\]]+)\]$")


class DdlError(ValueError):
    """A file under `sql/` is not a table file."""


@dataclass(frozen=True)
class Column:
    """A column as its DDL defines it."""

    name: str
    type: str  # Redshift's: VARCHAR(32)
    kind: str  # the type without its sizes: VARCHAR
    sizes: tuple[int, ...]
    required: bool
    default: str  # SQL; '' where there is none
    comment: str  # without the unit
    unit: str

    @property
    def sensitive(self) -> bool:
        """Whether its values identify or describe a person, and stay out of reports."""
        return self.comment.startswith("sensitive")

    @property
    def definition(self) -> str:
        """The column as ALTER TABLE … ADD COLUMN takes it."""
        default = f" DEFAULT {self.default}" if self.default else ""
        return f"{self.name} {self.type}{default}{' NOT NULL' if self.required else ''}"


@dataclass(frozen=True)
class Table:
    """A table as its file defines it."""

    path: str  # below sql/: facts/fact_order.sql
    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]  # PRIMARY KEY, which Redshift does not enforce
    header: dict[str, str]
    create: str

    @property
    def full_name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.name}"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def column_list(self) -> str:
        """Column names for INSERT and SELECT: tables that were migrated have another order."""
        return ", ".join(self.names)

    def created_as(self, full_name: str) -> str:
        """CREATE TABLE of a table with the same columns and another name, without its key.

        Redshift does not enforce a key, but its planner relies on it. Rows that no gate has passed
        must not be declared unique.
        Source: https://docs.aws.amazon.com/redshift/latest/dg/t_Defining_constraints.html
        """
        create = self.create.replace(f"TABLE IF NOT EXISTS {self.full_name}", f"TABLE {full_name}")
        return _KEY.sub(r"\g<comment>", create)


@cache
def tables(folder: str) -> dict[str, Table]:
    """The tables of a folder below `sql/`, by name; files that make views are left out.

    Raises:
        DdlError: A file does not start with CREATE TABLE or CREATE VIEW.
    """
    found = (table(f"{folder}/{path.name}") for path in sql_files(folder))
    return {read.name: read for read in found if read is not None}


def table(path: str) -> Table | None:
    """The table that a file below `sql/` defines, None where it makes a view."""
    create = statements(path)[0]
    tree = sqlglot.parse_one(create, read="redshift")
    target = tree.find(exp.Table)
    if not isinstance(tree, exp.Create) or target is None:
        raise DdlError(f"sql/{path}: expected a CREATE statement first")
    if tree.kind != "TABLE":
        return None
    comments = dict(_COMMENT.findall(create))
    key = tree.find(exp.PrimaryKey)
    return Table(
        path=path,
        schema=target.db,
        name=target.name,
        columns=tuple(
            _column(found, comments.get(found.name, "")) for found in tree.find_all(exp.ColumnDef)
        ),
        key=tuple(column.name for column in key.expressions) if key else (),
        header=header(create),
        create=create,
    )


def view_columns(path: str) -> list[str]:
    """The columns of the view that a file below `sql/` makes; each has a name in its SELECT."""
    query = sqlglot.parse_one(statements(path)[0], read="redshift").expression
    return [column.alias_or_name for column in query.selects]


def references(folder: str, to: Collection[str]) -> list[tuple[str, str, str]]:
    """(table, column, referenced table) for each column whose comment names a table: `: dim_date`.

    Args:
        folder: The folder below `sql/` of the tables with the columns.
        to: Names of the tables that may be referenced.
    """
    return [
        (table.name, column.name, found[1])
        for table in tables(folder).values()
        for column in table.columns
        if (found := _REFERENCE.search(column.comment)) and found[1] in to
    ]


def header(text: str) -> dict[str, str]:
    """The `-- Key: text` lines at the top of a file; a text may go on in the next lines."""
    return {
        key: " ".join(line.strip(" -") for line in found.split("\n"))
        for key, found in _HEADER.findall(text)
    }


def split_unit(comment: str) -> tuple[str, str]:
    """The text of a comment and its unit: `Price [R$]` is `Price` in `R$`."""
    found = _UNIT.match(comment)
    return (found[1], found[2]) if found else (comment, "")


def _column(definition: exp.ColumnDef, comment: str) -> Column:
    kind = definition.args["kind"]
    constraints = [constraint.kind for constraint in definition.constraints]
    defaults = [c.this for c in constraints if isinstance(c, exp.DefaultColumnConstraint)]
    text, unit = split_unit(comment)
    return Column(
        name=definition.name,
        type=kind.sql(dialect="redshift"),
        kind=kind.this.value,
        sizes=tuple(int(size.name) for size in kind.expressions),
        required=any(isinstance(c, exp.NotNullColumnConstraint) for c in constraints),
        default=defaults[0].sql(dialect="redshift") if defaults else "",
        comment=text,
        unit=unit,
    )
