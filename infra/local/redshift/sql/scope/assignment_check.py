"""Checks that INSERT, UPDATE and MERGE write values of the column's type class.

Redshift converts or rounds some other values, but documents this only in part. Only the result of
a value of the column's own type class is certain, so other values are refused.
Source: https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
"""

from collections.abc import Iterator

from sqlglot import exp

from infra.local.redshift.errors import refuse
from infra.local.redshift.sql.ddl import name
from infra.local.redshift.sql.functions import name_of
from infra.local.redshift.sql.scope.annotate import Columns, Schema
from infra.local.redshift.sql.types.type_class import column_kind, kind_of, plain

_INTEGERS = {"SMALLINT", "INTEGER", "BIGINT"}
_BOOLEANS = {"t", "f", "true", "false"}


def check_assignments(tree: exp.Expr, schema: Schema, shown: Columns) -> None:
    """Refuse values whose type class differs from that of their column.

    Args:
        tree: The statement.
        schema: The columns of its tables.
        shown: The columns that the query of an INSERT returns, from `annotate`.

    Raises:
        NotEmulatedError: A value has another type class, or it may be rounded.
    """
    known = {table: dict(columns) for table, columns in schema}
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if not isinstance(tree, (exp.Insert, exp.Update, exp.Merge)):
        return
    columns = known.get(name(target))
    if columns is None:
        return
    for column, value in _pairs(tree, list(columns)):
        if column in columns:
            _check(column, columns[column], value)
    if not isinstance(tree, exp.Insert) or shown is None or _written_out(tree.expression):
        return
    for column, (_, kind) in zip(_named(tree, list(columns)), shown, strict=False):
        expected = column_kind(columns.get(column, ""))
        if kind and expected and plain(kind) != expected:
            _refuse(column, expected, kind, tree.expression)


def _pairs(tree: exp.Expr, columns: list[str]) -> Iterator[tuple[str, exp.Expr]]:
    """Yield each column that a statement writes, with each expression assigned to it."""
    if isinstance(tree, exp.Update):
        for change in tree.expressions:
            yield change.this.name.lower(), change.expression
    elif isinstance(tree, exp.Merge):
        for when in tree.args["whens"].expressions:
            action = when.args["then"]
            if isinstance(action, exp.Update):
                yield from _pairs(action, columns)
            elif isinstance(action, exp.Insert):
                named = [c.name.lower() for c in action.this.expressions]
                values = action.expression or action.this.expressions[0]
                positional = name_of(values) == "values"
                yield from zip(columns if positional else named, values.expressions, strict=False)
    elif isinstance(tree, exp.Insert):
        source = tree.expression
        rows = [source.expressions] if _written_out(source) else _values(source)
        for row in rows:
            yield from zip(_named(tree, columns), row, strict=False)


def _values(source: exp.Expr) -> list[list[exp.Expr]]:
    if not isinstance(source, exp.Values):
        return []
    return [row.expressions if isinstance(row, exp.Tuple) else [row] for row in source.expressions]


def _written_out(source: exp.Expr) -> bool:
    """Whether a query is a SELECT that lists its columns, without `*`."""
    return isinstance(source, exp.Select) and not source.is_star


def _named(insert: exp.Expr, columns: list[str]) -> list[str]:
    if isinstance(insert.this, exp.Schema):
        return [column.name.lower() for column in insert.this.expressions]
    return columns


def _check(column: str, kind: str, value: exp.Expr) -> None:
    value = value.unalias()
    found, expected = kind_of(value), column_kind(kind)
    number = value.this if isinstance(value, exp.Neg) else value
    if found == "literal":
        text = value.unnest().name.strip().lower()
        if expected == "number" or (expected == "boolean" and text not in _BOOLEANS):
            _refuse(column, expected, "text", value)
    elif isinstance(value.unnest(), exp.Parameter) and kind in _INTEGERS:
        value.replace(exp.cast(value.copy(), kind.replace("INTEGER", "INT"), dialect="redshift"))
    elif found and expected and found not in {expected, "null", "parameter"}:
        _refuse(column, expected, found, value)
    elif isinstance(number, exp.Literal) and "." in number.name and kind in _INTEGERS:
        refuse(f"whether {column} rounds a fraction is not certain: ROUND it", value)


def _refuse(column: str, expected: str, found: str, value: exp.Expr) -> None:
    refuse(f"the column {column} takes a {expected}, not {found}: CAST the value", value)
