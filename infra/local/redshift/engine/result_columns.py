"""Columns of a result: their types in the protocol and the encoding of their values."""

# pyarrow creates its compute functions at import, so pyright does not find them
# pyright: reportAttributeAccessIssue=false

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from infra.local.redshift import protocol
from infra.local.redshift.errors import NotEmulatedError
from infra.local.redshift.sql.types.numeric_type import INTEGER
from infra.local.redshift.sql.types.type_class import engine_kind, plain

_OIDS = {
    "BOOLEAN": protocol.BOOL,
    "SMALLINT": protocol.INT2,
    "INTEGER": protocol.INT4,
    "BIGINT": protocol.INT8,
    "FLOAT": protocol.FLOAT4,
    "DOUBLE": protocol.FLOAT8,
    "DATE": protocol.DATE,
    "TIMESTAMP": protocol.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": protocol.TIMESTAMPTZ,
    "VARCHAR": protocol.VARCHAR,
    '"NULL"': protocol.VARCHAR,
    "OID": protocol.OID,
    "UBIGINT": protocol.INT8,
    "UINTEGER": protocol.INT8,
    "SMALLINT[]": protocol.INT2_ARRAY,
}
_SQL_TYPES = {
    protocol.BOOL: "boolean",
    protocol.INT2: "smallint",
    protocol.INT4: "integer",
    protocol.INT8: "bigint",
    protocol.FLOAT4: "float",
    protocol.FLOAT8: "double",
    protocol.DATE: "date",
    protocol.TIMESTAMP: "timestamp",
    protocol.TIMESTAMPTZ: "timestamptz",
}


@dataclass(frozen=True)
class OutColumn:
    """A column of a result: its name, type OID and type modifier."""

    name: str
    oid: int
    modifier: int = -1


def out_column(name: str, kind: str) -> OutColumn:
    """Map a DuckDB type to a type of the protocol.

    Args:
        name: The column's name.
        kind: The DuckDB type, for example `DECIMAL(18,2)`.

    Raises:
        NotEmulatedError: The protocol has no such type here.
    """
    if kind.startswith("DECIMAL"):
        precision, scale = (int(n) for n in kind[8:-1].split(","))
        return OutColumn(name, protocol.NUMERIC, (precision << 16 | scale) + 4)
    if kind not in _OIDS:
        instead = ": use DATEDIFF(second, a, b)" if kind == "INTERVAL" else ""
        raise NotEmulatedError(f"a result column of type {kind} ({name}){instead}")
    return OutColumn(name, _OIDS[kind])


def parameter_kind(oid: int) -> str:
    """The type class of a parameter, by its OID; `integer`, or '' for text of unknown type."""
    if oid == protocol.NUMERIC:
        return "number"
    kind = engine_kind(_SQL_TYPES.get(oid, "").upper())
    return kind if kind == INTEGER else plain(kind)


def typed_null(oid: int) -> str:
    """SQL of a typed NULL, used to describe a statement before its parameters are bound."""
    kind = "decimal(38, 10)" if oid == protocol.NUMERIC else _SQL_TYPES.get(oid)
    return f"CAST(NULL AS {kind})" if kind else "NULL"


def literal(value: Any, oid: int) -> str:  # noqa: ANN401
    """SQL literal of a parameter.

    Args:
        value: The value, as `decode_parameter` returns it.
        oid: The OID of the parameter's type.

    Returns:
        A literal with the parameter's type. Text becomes an untyped literal.
    """
    if value is None:
        return typed_null(oid)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, Decimal):
        return f"({value:f})"
    if isinstance(value, int):
        return f"CAST({value} AS {_SQL_TYPES[oid]})" if oid in _SQL_TYPES else f"({value})"
    text = value.isoformat(" ") if isinstance(value, datetime) else str(value)
    quoted = "'" + text.replace("'", "''") + "'"
    return f"CAST({quoted} AS {_SQL_TYPES[oid]})" if oid in _SQL_TYPES else quoted


def encode_rows(
    batch: pa.RecordBatch, oids: Sequence[int], formats: Sequence[int], extra_float_digits: int = 0
) -> bytes:
    """Encode a batch as DataRow messages.

    Args:
        batch: The rows.
        oids: The type OID of each column.
        formats: The format of each column: 0 is text, 1 is binary.
        extra_float_digits: The session's setting; digits of a floating-point number beyond 15
            (DOUBLE PRECISION) or 6 (REAL).

    Returns:
        The messages, concatenated.

    Raises:
        NotEmulatedError: A type has no binary format here.
    """
    columns = [
        _column(column, oid, binary == 1, extra_float_digits)
        for column, oid, binary in zip(batch.columns, oids, formats, strict=True)
    ]
    head = struct.pack(">h", len(columns))
    size = struct.Struct(">i").pack
    if not columns:
        return (b"D" + size(6) + head) * batch.num_rows
    rows = map(b"".join, zip(*columns, strict=True))
    return b"".join([b"D" + size(len(row) + 6) + head + row for row in rows])


_NULL = struct.pack(">i", -1)


def _column(column: pa.Array, oid: int, binary: bool, extra_float_digits: int) -> list[bytes]:
    """Encode a column: the length and the value of each row's field."""
    size = struct.Struct(">i").pack
    if binary and oid in _BINARY:
        form, prefix = _BINARY[oid]
        if oid == protocol.DATE:
            days = pa.scalar(protocol.POSTGRES_EPOCH_DAYS, pa.int32())
            column = pc.subtract(column.cast(pa.int32()), days)
        elif oid in {protocol.TIMESTAMP, protocol.TIMESTAMPTZ}:
            column = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
            column = pc.subtract(column, pa.scalar(protocol.POSTGRES_EPOCH_US))
        pack = struct.Struct(f">i{form}").pack
        values = column.to_pylist()
        return [_NULL if v is None else pack(prefix, v) for v in values]
    if binary and oid == protocol.NUMERIC:
        values = [None if v is None else _binary_numeric(v) for v in column.to_pylist()]
        return [_NULL if v is None else size(len(v)) + v for v in values]
    if binary and oid not in _ALIKE:
        raise NotEmulatedError(f"a result of type {oid} in binary form")
    text = _as_text(column, oid)
    if text is not None:
        data = text.cast(pa.binary()).to_pylist()
        return [_NULL if v is None else size(len(v)) + v for v in data]
    encode = _encoder(oid, extra_float_digits)
    out = []
    for value in column.to_pylist():
        data = None if value is None else encode(value)
        out.append(_NULL if data is None else size(len(data)) + data)
    return out


_NOT_NUMBERS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_BINARY = {
    protocol.BOOL: ("?", 1), protocol.INT2: ("h", 2), protocol.INT4: ("i", 4),
    protocol.INT8: ("q", 8), protocol.FLOAT4: ("f", 4), protocol.FLOAT8: ("d", 8),
    protocol.TIMESTAMP: ("q", 8), protocol.TIMESTAMPTZ: ("q", 8), protocol.DATE: ("i", 4),
}  # fmt: skip
_ALIKE = {protocol.VARCHAR, protocol.TEXT, protocol.BPCHAR}  # binary and text format are the same


def _binary_numeric(value: Decimal) -> bytes:
    """Encode a NUMERIC in the binary format: base-10,000 digits."""
    sign, digits, exponent = value.as_tuple()
    scale = max(0, -int(exponent))
    whole = "".join(map(str, digits)).rjust(scale + 1, "0")
    whole, fraction = whole[: len(whole) - scale], whole[len(whole) - scale :]
    whole = whole.rjust(-(-len(whole) // 4) * 4, "0")
    fraction = fraction.ljust(-(-len(fraction) // 4) * 4, "0")
    groups = [int((whole + fraction)[i : i + 4]) for i in range(0, len(whole + fraction), 4)]
    return struct.pack(
        f">hhHh{len(groups)}h", len(groups), len(whole) // 4 - 1, 0x4000 * sign, scale, *groups
    )


def _as_text(column: pa.Array, oid: int) -> pa.Array | None:
    """Convert a whole column to text; None if Arrow's text differs from the protocol's."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column
    if oid in {protocol.INT2, protocol.INT4, protocol.INT8, protocol.DATE, protocol.NUMERIC,
               protocol.OID}:  # fmt: skip
        return column.cast(pa.string())
    return None


def _encoder(oid: int, extra_float_digits: int) -> Callable[[Any], bytes]:
    if oid == protocol.BOOL:
        return lambda v: b"t" if v else b"f"
    if oid == protocol.TIMESTAMP:
        return lambda v: v.isoformat(" ").encode()
    if oid == protocol.TIMESTAMPTZ:
        return lambda v: (v.replace(tzinfo=None).isoformat(" ") + "+00").encode()
    if oid == protocol.INT2_ARRAY:
        return lambda v: ("{" + ",".join(map(str, v)) + "}").encode()
    if oid in {protocol.FLOAT4, protocol.FLOAT8}:
        # https://docs.aws.amazon.com/redshift/latest/dg/r_extra_float_digits.html
        digits = (15 if oid == protocol.FLOAT8 else 6) + extra_float_digits
        return lambda v: _NOT_NUMBERS.get(text := f"{v:.{max(1, digits)}g}", text).encode()
    return lambda v: str(v).encode()
