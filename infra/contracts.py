"""The contract of a source table, read from its DDL in `sql/staging/`.

The DDL is the only list of columns. The Parquet schema, the COPY, the base expectations and the
generated data all come from here.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache, cached_property

import polars as pl
import pyarrow as pa
import sqlglot
from sqlglot import exp

from infra.settings import SQL

BATCH_DATE = "batch_date"

_INTEGERS = {"SMALLINT": (pl.Int16, pa.int16()), "INT": (pl.Int32, pa.int32())}


@dataclass(frozen=True)
class Column:
    """One column of a contract; `length` is in bytes, as Redshift counts VARCHAR."""

    name: str
    kind: str  # VARCHAR, SMALLINT, INT, DECIMAL, DOUBLE, TIMESTAMP or DATE
    required: bool
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    sensitive: bool = False  # its values stay out of reports and notifications

    @property
    def polars(self) -> pl.DataType:
        """The Polars type of a parsed value."""
        if self.kind == "VARCHAR":
            return pl.String()
        if self.kind in _INTEGERS:
            return _INTEGERS[self.kind][0]()
        if self.kind == "DECIMAL":
            return pl.Decimal(self.precision, self.scale or 0)
        return {"DOUBLE": pl.Float64(), "TIMESTAMP": pl.Datetime("us"), "DATE": pl.Date()}[
            self.kind
        ]

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type that COPY … FORMAT AS PARQUET accepts for this column, and no other."""
        if self.kind == "VARCHAR":
            return pa.string()
        if self.kind in _INTEGERS:
            return _INTEGERS[self.kind][1]
        if self.kind == "DECIMAL":
            return pa.decimal128(self.precision or 18, self.scale or 0)
        return {"DOUBLE": pa.float64(), "TIMESTAMP": pa.timestamp("us"), "DATE": pa.date32()}[
            self.kind
        ]


@dataclass(frozen=True)
class Contract:
    """A staging table: its columns in order, its key, and the file that feeds it."""

    table: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]  # of one batch; empty where the source has none
    source_file: str

    @cached_property
    def source_columns(self) -> tuple[Column, ...]:
        """The columns of the CSV file: all but the batch date."""
        return tuple(column for column in self.columns if column.name != BATCH_DATE)

    @property
    def header(self) -> list[str]:
        """The header of the CSV file."""
        return [column.name for column in self.source_columns]

    @property
    def arrow_schema(self) -> pa.Schema:
        """The schema of the Parquet file, batch date included."""
        return pa.schema([pa.field(c.name, c.arrow, nullable=not c.required) for c in self.columns])

    @property
    def fingerprint(self) -> str:
        """Changes when the shape of the Parquet file would."""
        shape = [(c.name, c.kind, c.required, c.length, c.precision, c.scale) for c in self.columns]
        return hashlib.sha256(repr(shape).encode()).hexdigest()[:16]


@cache
def contracts() -> dict[str, Contract]:
    """All contracts by table name, in alphabetical order."""
    return {path.stem: _parse(path.stem, path.read_text()) for path in _files()}


@cache
def sensitive_columns() -> frozenset[str]:
    """Columns whose values name or describe a person, marked `-- sensitive` in their DDL.

    Also as models call them, without the name of the table in front.
    """
    named = {
        (table, column.name)
        for table, contract in contracts().items()
        for column in contract.columns
        if column.sensitive
    }
    short = {name.removeprefix("customer_") for _, name in named} - {"unique_id"}
    return frozenset({name for _, name in named} | short)


def _files() -> list:
    return sorted(SQL.joinpath("staging").glob("*.sql"))


def _parse(table: str, ddl: str) -> Contract:
    create = sqlglot.parse_one(ddl, read="redshift")
    source = re.search(r"^-- Source:\s+(\S+)", ddl, re.MULTILINE)
    if not isinstance(create, exp.Create) or source is None:
        raise ValueError(
            f"sql/staging/{table}.sql: expected a '-- Source: <file>' line and one CREATE TABLE"
        )
    key = create.find(exp.PrimaryKey)
    return Contract(
        table=table,
        columns=tuple(_column(definition) for definition in create.find_all(exp.ColumnDef)),
        key=tuple(c.name for c in key.expressions if c.name != BATCH_DATE) if key else (),
        source_file=source.group(1),
    )


def _column(definition: exp.ColumnDef) -> Column:
    kind = definition.args["kind"]
    sizes = [int(size.name) for size in kind.expressions]
    name = kind.this.value
    decimal = name == "DECIMAL"
    return Column(
        name=definition.name,
        kind=name,
        required=any(
            isinstance(c.kind, exp.NotNullColumnConstraint) for c in definition.constraints
        ),
        length=sizes[0] if name == "VARCHAR" else None,
        precision=sizes[0] if decimal else None,
        scale=sizes[1] if decimal else None,
        sensitive=any(
            comment.strip().startswith("sensitive")
            for part in definition.walk()
            for comment in part.comments or []
        ),
    )
