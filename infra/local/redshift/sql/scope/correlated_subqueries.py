"""Refuses the patterns of correlated subqueries that Redshift refuses.

`scope.annotate` marks the columns that belong to an outer query.
Source: https://docs.aws.amazon.com/redshift/latest/dg/r_correlated_subqueries.html
"""

from collections.abc import Iterator

from sqlglot import exp

from infra.local.redshift.errors import refuse
from infra.local.redshift.sql.functions import name_of
from infra.local.redshift.sql.registry import AGGREGATES

_REASON = "Redshift does not support a correlated subquery"


def note_level(column: exp.Column, level: int, between: bool) -> None:
    """Mark a column that belongs to an outer query; refuse one that skips a query.

    Args:
        column: The column.
        level: The number of queries from the column out to its table; 0 for its own query.
        between: Whether a query in between has tables.

    Raises:
        NotEmulatedError: The column skips a query.
    """
    column.meta["outer"] = level > 0
    if level > 1 and between:
        refuse(f"{_REASON} that skips a query: JOIN in the query between", column)


def check_condition(join: exp.Expr) -> None:
    """Refuse correlated subqueries in the ON of an outer join."""
    if join.args.get("side"):
        for query in _queries(join.args["on"]):
            if _outer(query):
                refuse(f"{_REASON} in the ON of an outer join: JOIN it before", query)


def check_select(select: exp.Expr) -> None:
    """Refuse what Redshift does not support in or around a SELECT.

    Raises:
        NotEmulatedError: A correlated subquery has a window function or is a key of GROUP BY, or
            the SELECT is a subquery of IN with GROUP BY and an aggregate other than MIN and MAX.
    """
    if _outer(select) and select.find(exp.Window) is not None:
        refuse(f"{_REASON} with a window function: compute it in a CTE and JOIN", select)
    for key in _group_keys(select):
        if any(_outer(query) for query in _queries(key)):
            refuse(f"{_REASON} as a key of GROUP BY: compute it in a CTE", key)
    around = select.parent
    while isinstance(around, exp.Subquery):
        around = around.parent
    if not isinstance(around, exp.In) or not select.args.get("group"):
        return
    shown = {name_of(call) for p in select.expressions for call in p.find_all(exp.Anonymous)}
    if shown & (AGGREGATES - {"min", "max"}):
        refuse("Redshift does not support IN with aggregates of groups: JOIN them", select)


def _queries(node: exp.Expr) -> Iterator[exp.Expr]:
    return node.find_all(exp.Query)


def _outer(query: exp.Expr) -> bool:
    """Whether a query, apart from its subqueries, has columns of an outer query."""
    return any(
        column.meta.get("outer") and column.find_ancestor(exp.Select) is query
        for column in query.find_all(exp.Column)
    )


def _group_keys(select: exp.Expr) -> Iterator[exp.Expr]:
    group = select.args.get("group")
    aliased = {p.alias.lower(): p for p in select.expressions if p.alias}
    for key in group.expressions if group is not None else []:
        if isinstance(key, exp.Literal) and key.is_int and int(key.name) <= len(select.expressions):
            yield select.expressions[int(key.name) - 1]
        elif isinstance(key, exp.Column) and not key.table and key.name.lower() in aliased:
            yield aliased[key.name.lower()]
        else:
            yield key
