"""Correlated subqueries of the patterns that Redshift cannot plan: refused as there.

`scopes` notes which columns belong to a query around the one that they stand in.
Source: https://docs.aws.amazon.com/redshift/latest/dg/r_correlated_subqueries.html
"""

from collections.abc import Iterator

from sqlglot import exp

from infra.local.redshift.errors import refuse
from infra.local.redshift.sql.functions import name_of
from infra.local.redshift.sql.registry import AGGREGATES

_REASON = "Redshift does not support a correlated subquery"


def note_level(column: exp.Column, level: int, between: bool) -> None:
    """Note how many queries lie between a column and its table; refuse one that skips a query."""
    column.meta["outer"] = level > 0
    if level > 1 and between:
        refuse(f"{_REASON} that skips a query: JOIN in the query between", column)


def check_condition(join: exp.Expr) -> None:
    """Refuse them in the ON of an outer join."""
    if join.args.get("side"):
        for query in _queries(join.args["on"]):
            if _outer(query):
                refuse(f"{_REASON} in the ON of an outer join: JOIN it before", query)


def check_select(select: exp.Expr) -> None:
    """Refuse window functions in them, their results as keys of groups, and sums given to IN."""
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
    """Whether a query has columns of one around it, its own subqueries aside."""
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
