"""Accepts only expressions and types that Redshift has and DuckDB evaluates alike.

Everything else is refused with its reason.
Source: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_reference.html
"""

import re
from collections.abc import Callable

from sqlglot import exp

from infra.local.redshift.errors import NotEmulatedError, RedshiftError, refuse, short
from infra.local.redshift.sql import validator_ddl_dml
from infra.local.redshift.sql.allowlist import (
    EXPRESSIONS,
    INSTEAD,
    PARTS,
    REASONS,
    SYSTEM_TABLES,
    TYPES,
    is_system,
)
from infra.local.redshift.sql.functions import USER_PREFIX, name_of
from infra.local.redshift.sql.registry import AGGREGATES, FUNCTIONS, RANKING, SORTING, WINDOWS

_UNITS = "(?:year|month|week|day|hour|minute|second)s?"
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")
_CATALOGUES = {"pg_catalog", "information_schema", "emulator", "main", "temp", "system"}


def check(node: exp.Expr) -> None:
    """Raise NotEmulatedError if an expression, apart from its children, is not accepted."""
    name = type(node).__name__
    if name not in EXPRESSIONS:
        raise NotEmulatedError(f"{REASONS.get(name, name.upper())} in {short(node)}")
    for part, value in node.args.items():
        if value and part not in EXPRESSIONS[name]:
            refuse(PARTS.get(part, f"{part.strip('_').upper()} of {name.upper()}"), node)
    detail = _CHECKS.get(type(node))
    if detail is not None:
        detail(node)


def _check_window(node: exp.Expr) -> None:
    if not node.args.get("over") or node.args.get("alias"):
        refuse("named windows do not exist in Redshift", node)
    inner = (
        node.this.this if isinstance(node.this, (exp.IgnoreNulls, exp.RespectNulls)) else node.this
    )
    spec, name = node.args.get("spec"), name_of(inner)
    if spec is not None and (
        str(spec.args.get("kind")).upper() != "ROWS" or spec.args.get("exclude")
    ):
        refuse("only ROWS frames exist in Redshift", node)
    if isinstance(inner, exp.WithinGroup):
        return
    if name not in AGGREGATES | WINDOWS:
        refuse("window function", node)
    if any(isinstance(argument, exp.Distinct) for argument in inner.expressions):
        refuse("DISTINCT of a window function", node)
    if name in RANKING and spec is not None:
        refuse(f"{name.upper()} takes no frame", node)
    if name in {"lag", "lead"} and (not node.args.get("order") or len(inner.expressions) > 2):
        refuse(f"{name.upper()} takes a value, an offset and OVER (… ORDER BY …)", node)
    if node.args.get("order") and spec is None and name not in RANKING:
        refuse("an aggregate with OVER (… ORDER BY …) needs an explicit ROWS frame", node)


def _check_select(node: exp.Expr) -> None:
    sorted_by = set()
    for call in node.find_all(exp.Anonymous):
        if name_of(call) in SORTING and call.parent_select is node:
            group = call.parent if isinstance(call.parent, exp.WithinGroup) else None
            if group is not None:
                sorted_by.add(group.expression.expressions[0].sql().removesuffix(" NULLS LAST"))
            elif name_of(call) == "median":
                sorted_by.add(call.expressions[0].sql())
            if node.args.get("from_") is None:
                refuse("a function of compute nodes only needs a table", call)
    if len(sorted_by) > 1:
        refuse("sort-based aggregates of one SELECT must share their ORDER BY", node)
    if isinstance(node.args.get("distinct"), exp.Distinct) and node.args["distinct"].args.get("on"):
        refuse("DISTINCT ON does not exist in Redshift", node)
    _check_order_of_distinct(node)
    if not node.expressions:
        refuse("a query that starts with FROM does not exist in Redshift", node)
    source = node.args.get("from_")
    alone = not any(node.args.get(part) for part in ("where", "joins", "group"))
    if node.args.get("qualify") and source is not None and alone and not source.this.alias:
        refuse("QUALIFY directly after FROM needs an alias on the table", node)


def _check_order_of_distinct(node: exp.Expr) -> None:
    order = node.args.get("order")
    if not node.args.get("distinct") or order is None:
        return
    shown = {p.alias_or_name.lower() for p in node.expressions}
    shown |= {p.unalias().unnest().sql().lower() for p in node.expressions}
    for item in order.expressions:
        key = item.this
        known = (
            isinstance(key, exp.Literal)
            or key.sql().lower() in shown
            or (isinstance(key, exp.Column) and key.name.lower() in shown)
        )
        if not known and not node.is_star:
            refuse("for SELECT DISTINCT, ORDER BY expressions must appear in select list", item)


def _check_table(node: exp.Expr) -> None:
    if isinstance(node.parent, (exp.Create, exp.Drop)) and node.args.get("this") is None:
        return  # CREATE SCHEMA
    if not isinstance(node.this, exp.Identifier):
        refuse("table function", node)
    if is_system(node):
        return
    if re.match(r"(stl|stv|svl|svcs)_", node.name.lower()):
        refuse("STL, STV and SVL tables do not exist on Serverless, use SYS_ ones", node)
    engines_own = re.match(r"(duckdb|pragma|sqlite|pg)_", node.name.lower())
    if node.text("db").lower() in _CATALOGUES or engines_own:
        refuse(f"catalogue table, known here are {', '.join(sorted(SYSTEM_TABLES))}", node)
    if not re.fullmatch(r"[A-Za-z_][\w$]*", node.name):
        refuse("table name", node)


def _check_type(node: exp.Expr) -> None:
    if node.this.value not in TYPES or node.args.get("nested"):
        refuse("type", node)


def _check_like(node: exp.Expr) -> None:
    if not node.expression.is_string and not isinstance(node.expression, exp.Parameter):
        refuse("LIKE takes here a literal or a parameter", node)


def _check_escape(node: exp.Expr) -> None:
    if not (node.expression.is_string and isinstance(node.this, (exp.Like, exp.ILike))):
        refuse("ESCAPE", node)


def _check_regexp(node: exp.Expr) -> None:
    pattern = node.expression
    if not isinstance(pattern, (exp.Literal, exp.Parameter)) or "(?" in pattern.name:
        refuse("a regular expression must be a literal or a parameter, without (?…)", node)
    if node.args.get("flag"):
        refuse("~* is not listed by Redshift: LOWER the text", node)


def _check_join(node: exp.Expr) -> None:
    if node.text("kind") not in {"", "INNER", "OUTER", "CROSS"}:
        refuse("join", node)
    if node.text("side") == "FULL":
        if node.args.get("using"):
            refuse("FULL JOIN … USING is not emulated: write ON", node)
        condition = node.args["on"].unnest() if node.args.get("on") else None
        parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
        if not all(part is not None and isinstance(part.unnest(), exp.EQ) for part in parts):
            refuse("FULL JOIN is only supported with merge-joinable join conditions", node)


def _check_is(node: exp.Expr) -> None:
    if isinstance(node.expression, exp.Boolean) and isinstance(
        node.parent, (exp.Select, exp.Alias)
    ):
        refuse("IS TRUE in the SELECT list does not exist in Redshift", node)


def _check_distinct_set(node: exp.Expr) -> None:
    if not isinstance(node, exp.Union) and not node.args.get("distinct"):
        refuse("INTERSECT ALL and EXCEPT ALL do not exist in Redshift", node)
    for operand in (node.this, node.expression):
        if operand.unnest().args.get("limit"):
            refuse("LIMIT may not be used within input to set operations", node)
    with_ = node.find_ancestor(exp.With)
    if isinstance(node, exp.Union) and node.args.get("distinct") and with_ and (
        with_.args.get("recursive")
    ):  # fmt: skip
        refuse("WITH RECURSIVE takes UNION ALL", node)


def _check_timestamp(node: exp.Expr) -> None:
    if not node.args.get("sysdate"):
        refuse("CURRENT_TIMESTAMP and NOW run on the leader node only: use GETDATE()", node)


def _check_limit(node: exp.Expr) -> None:
    value = node.expression
    if not (isinstance(value, exp.Parameter) or (value.is_int and not value.is_string)):
        refuse("LIMIT and OFFSET take a whole number", node)


def _check_interval(node: exp.Expr) -> None:
    if not isinstance(node.parent, (exp.Add, exp.Sub)):
        refuse("an interval is only for date + interval: use DATEADD(second, n, date)", node)
    amount = node.this.name if node.this and node.this.is_string else ""
    whole = f"{amount} {node.text('unit')}".strip().lower()
    if not re.fullmatch(rf"[+-]?\d+ {_UNITS}( [+-]?\d+ {_UNITS})*", whole):
        refuse(
            "an interval is written as 'number unit', like '1 day' or '2 hours 30 minutes'", node
        )


def _check_extract(node: exp.Expr) -> None:
    if isinstance(node.expression.unnest(), exp.Sub):
        refuse("EXTRACT from a difference is not emulated: use DATEDIFF(second, a, b)", node)


def _check_within_group(node: exp.Expr) -> None:
    if name_of(node.this) in {"percentile_cont", "percentile_disc"}:
        fraction = node.this.expressions[0] if len(node.this.expressions) == 1 else exp.Null()
        if not isinstance(fraction, exp.Literal) or not 0 <= float(fraction.name) <= 1:
            refuse("a percentile is a number from 0 to 1", node)


def _check_tuple(node: exp.Expr) -> None:
    if not isinstance(node.parent, (exp.Values, exp.Insert)) and not node.find_ancestor(exp.When):
        refuse("comparing rows: compare each column", node)


def _check_dot(node: exp.Expr) -> None:
    name = name_of(node.expression)
    plain = isinstance(node.this, exp.Identifier) and _PLAIN_NAME.fullmatch(node.this.name)
    if not plain or not name.startswith(USER_PREFIX):
        refuse(f"a function of a schema is a user's, and its name begins with {USER_PREFIX}", node)


def _check_nulls(node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.Window):
        refuse("write IGNORE NULLS and RESPECT NULLS after the parentheses", node)


def _check_function(node: exp.Expr) -> None:
    name = name_of(node)
    if name == "values" and isinstance(node.parent, exp.Tuple) and node.find_ancestor(exp.When):
        return  # INSERT VALUES (…) of MERGE
    if name.startswith(USER_PREFIX) and _PLAIN_NAME.fullmatch(name):
        return  # a function of a user, which the session looks up
    function = FUNCTIONS.get(name)
    if function is None:
        instead = f": {INSTEAD[name]}" if name in INSTEAD else ""
        refuse(
            f"function {name.upper()}: Redshift lacks it, or it is not known here{instead}", node
        )
    if function.least and not node.expressions:
        raise RedshiftError("42883", f"function {name}() does not exist")
    count = len(node.expressions)
    if not function.takes(count):
        refuse(
            f"{name.upper()} with {count} argument{'s' if count > 1 else ''} is not known here",
            node,
        )


_CHECKS: dict[type, Callable[[exp.Expr], None]] = {
    **validator_ddl_dml.CHECKS,
    exp.Anonymous: _check_function,
    exp.CurrentTimestamp: _check_timestamp, exp.DataType: _check_type, exp.Dot: _check_dot,
    exp.Escape: _check_escape, exp.Except: _check_distinct_set, exp.IgnoreNulls: _check_nulls,
    exp.Extract: _check_extract, exp.Offset: _check_limit, exp.WithinGroup: _check_within_group,
    exp.RespectNulls: _check_nulls, exp.Tuple: _check_tuple,
    exp.ILike: _check_like, exp.Intersect: _check_distinct_set,
    exp.Interval: _check_interval, exp.Is: _check_is, exp.Join: _check_join, exp.Like: _check_like,
    exp.Limit: _check_limit,
    exp.RegexpLike: _check_regexp, exp.Select: _check_select,
    exp.Table: _check_table, exp.Union: _check_distinct_set,
    exp.Window: _check_window,
}  # fmt: skip
