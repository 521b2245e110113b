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

from infra.ddl import Column as DdlColumn
from infra.ddl import DdlError, Table, tables

BATCH_DATE = "batch_date"

_INTEGERS = {"SMALLINT": (pl.Int16, pa.int16()), "INT": (pl.Int32, pa.int32())}

_WHOLE = "(?:0|-?[1-9][0-9]*)"
# a value has one form, so that reading it changes nothing: ASCII digits, no plus sign, no leading
# zero or blank; the patterns mean the same to Python and to Polars
_DAY = "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-[0-9]{2}-[0-9]{2}"  # no year 0
_FORMS = {
    "SMALLINT": _WHOLE,
    "INT": _WHOLE,
    # so few digits that no number becomes infinite or zero, or loses digits before the point
    "DOUBLE": r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,25})?(?:[eE][-+]?[0-9]{1,2})?",
    "DATE": _DAY,
    "TIMESTAMP": f"{_DAY} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]",
}


@dataclass(frozen=True)
class Column:
    """One column of a contract."""

    name: str
    kind: str  # VARCHAR, SMALLINT, INT, DECIMAL, DOUBLE, TIMESTAMP or DATE
    required: bool
    length: int | None = None  # of VARCHAR, in bytes, as Redshift counts
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
        """The only Arrow type that COPY … FORMAT AS PARQUET accepts for this column."""
        if self.kind == "VARCHAR":
            return pa.string()
        if self.kind in _INTEGERS:
            return _INTEGERS[self.kind][1]
        if self.kind == "DECIMAL":
            return pa.decimal128(self.precision or 18, self.scale or 0)
        return {"DOUBLE": pa.float64(), "TIMESTAMP": pa.timestamp("us"), "DATE": pa.date32()}[
            self.kind
        ]

    @property
    def form(self) -> str:
        """The pattern that the text of a value matches as a whole."""
        if self.kind == "VARCHAR":
            return r"[^\x00]*"
        if self.kind == "DECIMAL":
            whole = (self.precision or 18) - (self.scale or 0)
            tail = rf"(?:\.[0-9]{{1,{self.scale}}})?" if self.scale else ""
            return rf"-?(?:0|[1-9][0-9]{{0,{whole - 1}}}){tail}"
        return _FORMS[self.kind]

    def accepts(self, text: str) -> bool:
        """Whether a text has the form of a value; its range is not checked."""
        if not text:
            return not self.required
        fits = self.length is None or len(text.encode()) <= self.length
        return fits and re.fullmatch(self.form, text) is not None


@dataclass(frozen=True)
class Contract:
    """A staging table: its columns in order, its key, and its source file."""

    table: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]  # within one batch; empty if the source has no key
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
        """Hash of the columns; changes when the schema of the Parquet file changes."""
        shape = [(c.name, c.kind, c.required, c.length, c.precision, c.scale) for c in self.columns]
        return hashlib.sha256(repr(shape).encode()).hexdigest()[:16]


@cache
def contracts() -> dict[str, Contract]:
    """All contracts by table name, in alphabetical order; raises DdlError."""
    return {name: _contract(table) for name, table in tables("staging").items()}


@cache
def sensitive_columns() -> frozenset[str]:
    """Return the columns with personal data, marked `-- sensitive` in their DDL.

    Includes the names that models give them, without the prefix `customer_`.
    """
    named = {
        (table, column.name)
        for table, contract in contracts().items()
        for column in contract.columns
        if column.sensitive
    }
    short = {name.removeprefix("customer_") for _, name in named} - {"unique_id"}
    return frozenset({name for _, name in named} | short)


def _contract(table: Table) -> Contract:
    if "Source" not in table.header:
        raise DdlError(f"sql/{table.path}: expected a line '-- Source:    <file>' in the header")
    return Contract(
        table=table.name,
        columns=tuple(_column(column) for column in table.columns),
        key=tuple(name for name in table.key if name != BATCH_DATE),
        source_file=table.header["Source"].split()[0],
    )


def _column(column: DdlColumn) -> Column:
    decimal = column.kind == "DECIMAL"
    return Column(
        name=column.name,
        kind=column.kind,
        required=column.required,
        length=column.sizes[0] if column.kind == "VARCHAR" else None,
        precision=column.sizes[0] if decimal else None,
        scale=column.sizes[1] if decimal else None,
        sensitive=column.sensitive,
    )
