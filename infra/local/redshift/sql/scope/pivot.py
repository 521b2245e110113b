"""Rewrites PIVOT and UNPIVOT to GROUP BY and UNION ALL.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_FROM_clause-pivot-unpivot-examples.html
"""

from collections.abc import Sequence

from sqlglot import exp

from infra.local.redshift.errors import refuse
from infra.local.redshift.sql.functions import name_of
from infra.local.redshift.sql.types.type_class import plain

_AGGREGATES = {"count", "sum", "min", "max", "avg"}


def rotated(source: exp.Expr, columns: Sequence[tuple[str, str]] | None) -> exp.Expr:
    """Replace a source that has PIVOT or UNPIVOT with an equivalent subquery.

    Args:
        source: The table or subquery of FROM.
        columns: Its columns with their type classes; None if they are not known.

    Returns:
        The subquery, which replaces `source` in the tree.

    Raises:
        NotEmulatedError: The columns are not known, or the form is not emulated.
    """
    pivot, *more = source.args["pivots"]
    if more:
        refuse("more than one PIVOT or UNPIVOT of a table", source)
    if columns is None:
        refuse("the columns that are rotated are not known here: name them in a subquery", source)
    table = source.copy()
    table.set("pivots", None)
    write = _unpivot if pivot.args.get("unpivot") else _pivot
    new = exp.Subquery(this=write(pivot, table, dict(columns)), alias=pivot.args.get("alias"))
    source.replace(new)
    return new


def _pivot(pivot: exp.Expr, table: exp.Expr, columns: dict[str, str]) -> exp.Expr:
    """One row per group of the columns that PIVOT does not name, one column per value."""
    if len(pivot.expressions) != 1 or len(pivot.args["fields"]) != 1:
        refuse("PIVOT takes one aggregate and one column", pivot)
    aggregate = pivot.expressions[0].unalias()
    suffix = pivot.expressions[0].alias
    if name_of(aggregate) not in _AGGREGATES:
        refuse("PIVOT takes COUNT, SUM, MIN, MAX and AVG", pivot)
    by = pivot.args["fields"][0]
    named = {column.name.lower() for column in (by.this, *aggregate.find_all(exp.Column))}
    others = [exp.column(label, quoted=True) for label in columns if label not in named]
    rotation = exp.select(*others).from_(table)
    for value in by.expressions:
        label = _label(value) + (f"_{suffix}" if suffix else "")
        counted = _where(aggregate, by.this, value.unalias())
        rotation.select(exp.alias_(counted, label.lower(), quoted=True), copy=False)
    return rotation.group_by(*others) if others else rotation


def _label(value: exp.Expr) -> str:
    """The name of the column for a value: its alias, or the constant itself."""
    constant = value.unalias()
    number = constant.this if isinstance(constant, exp.Neg) else constant
    if not isinstance(number, (exp.Literal, exp.Null)):
        refuse("the values of PIVOT are constants here", value)
    if value.alias:
        return value.alias
    if isinstance(constant, exp.Null):
        return "null"
    label = constant.name if isinstance(constant, exp.Literal) else f"-{number.name}"
    if label != label.lower():
        refuse(f"whether a column is called {label} or {label.lower()}: give it an alias", value)
    return label


def _where(aggregate: exp.Expr, column: exp.Expr, value: exp.Expr) -> exp.Expr:
    """The aggregate over the rows in which `column` has `value`."""
    test = (exp.Is if isinstance(value, exp.Null) else exp.EQ)(
        this=column.copy(), expression=value.copy()
    )
    call = aggregate.copy()
    holder = call.expressions[0] if isinstance(call.expressions[0], exp.Distinct) else call
    counted = holder.expressions[0]
    if isinstance(counted, exp.Star):
        counted = exp.Literal.number(1)
    holder.set("expressions", [exp.Case(ifs=[exp.If(this=test, true=counted.copy())])])
    return call


def _unpivot(pivot: exp.Expr, table: exp.Expr, columns: dict[str, str]) -> exp.Expr:
    """One row per value of the columns that UNPIVOT names, with the other columns."""
    value, by = pivot.expressions[0], pivot.args["fields"][0]
    picked = [column.unalias() for column in by.expressions]
    named = [column.name.lower() for column in picked]
    for label in named:
        if label not in columns:
            refuse(f"the input has no column {label}", pivot)
    if len({plain(columns[label]) for label in named}) > 1:
        refuse("the columns that UNPIVOT names have no common type: CAST them", pivot)
    parts = []
    for column, source in zip(by.expressions, picked, strict=True):
        label = exp.Literal.string((column.alias or source.name).lower())
        part = exp.select(
            *(exp.column(other, quoted=True) for other in columns if other not in named),
            exp.alias_(exp.cast(label, "varchar(256)"), by.this.name, quoted=True),
            exp.alias_(source.copy(), value.name, quoted=True),
        ).from_(table.copy())
        if not pivot.args.get("include_nulls"):
            present = exp.Not(this=exp.Is(this=source.copy(), expression=exp.Null()))
            part.where(present, copy=False)
        parts.append(part)
    return exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
