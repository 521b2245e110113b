"""What may pass: expressions, types and formats that Redshift has and the engine gives alike.

Everything else is refused with its reason.
Source: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_reference.html
"""

import re
from collections.abc import Callable
from typing import NoReturn

from sqlglot import exp

from infra.local.redshift.errors import NotEmulatedError

# Expressions that mean the same in both, or are rewritten below.
_EXPRESSIONS = frozenset({
    "Abs", "Add", "Alias", "And", "Avg", "Between", "Boolean", "CTE", "Case", "Cast",
    "Ceil", "Coalesce", "Column", "ColumnConstraint", "ColumnDef", "Commit", "Count", "Create",
    "CurrentSchema", "DPipe", "DataType", "DataTypeParam", "Delete", "DistKeyProperty",
    "DistStyleProperty", "Distinct", "Div", "Drop", "EQ", "Except", "Extract", "Floor", "From",
    "FromBase", "GT", "GTE", "Greatest", "Group", "Having", "Identifier", "If", "In",
    "IndexParameters", "Insert", "Intersect", "Is", "Join", "LT", "LTE", "Lag", "Lead", "Least",
    "Left", "Length", "Like", "LikeProperty", "Limit", "Literal", "Lower", "MD5", "Max", "Median",
    "Min", "Mod", "Mul", "NEQ", "Neg", "Not", "NotNullColumnConstraint", "Null", "Nullif",
    "Offset", "Or", "Order", "Ordered", "Parameter", "Paren", "Placeholder", "PrimaryKey",
    "Properties", "Qualify", "Rank", "DenseRank", "RegexpLike", "RegexpReplace", "Rollback",
    "Round", "RowNumber", "Schema", "Select", "SortKeyProperty", "Star", "Sub", "Subquery", "Sum",
    "Table", "TableAlias", "TimeToStr", "TimestampTrunc", "Transaction", "Translate", "Trim",
    "TruncateTable", "TsOrDsAdd", "TsOrDsDiff", "Tuple", "Union", "Update", "Upper", "Values",
    "Var", "Where", "Window", "WindowSpec", "With",
})  # fmt: skip

_TYPES = {
    "BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "SMALLINT", "TIMESTAMP",
    "VARCHAR", "CHAR",
}  # fmt: skip
_RANKING = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead)
_TIME_FORMAT = re.compile(r"(%Y|%m|%d|%H|%M|%S|[^A-Za-z%])*")


def check(node: exp.Expr) -> None:
    """Raise NotEmulatedError when the expression itself, children apart, may not pass."""
    name = type(node).__name__
    if name not in _EXPRESSIONS:
        raise NotEmulatedError(f"{name.upper()} in {_short(node)}")
    detail = _CHECKS.get(type(node))
    if detail is not None:
        detail(node)


def _short(node: exp.Expr) -> str:
    text = node.sql(dialect="redshift")
    return text if len(text) <= 120 else text[:117] + "…"


def refuse(reason: str, node: exp.Expr) -> NoReturn:
    """Raise NotEmulatedError with the SQL that it is about."""
    raise NotEmulatedError(f"{reason}: {_short(node)}")


def _check_window(node: exp.Expr) -> None:
    spec = node.args.get("spec")
    if spec is not None and spec.args.get("kind") != "ROWS":
        refuse("only ROWS frames exist in Redshift", node)
    if node.args.get("order") and spec is None and not isinstance(node.this, _RANKING):
        refuse("an aggregate with OVER (… ORDER BY …) needs an explicit ROWS frame", node)


def _check_select(node: exp.Expr) -> None:
    medians = {
        median.this.sql() for median in node.find_all(exp.Median) if median.parent_select is node
    }
    if len(medians) > 1:
        refuse("sort-based aggregates of one SELECT must share their ORDER BY", node)
    if isinstance(node.args.get("distinct"), exp.Distinct) and node.args["distinct"].args.get("on"):
        refuse("DISTINCT ON does not exist in Redshift", node)


def _check_table(node: exp.Expr) -> None:
    if isinstance(node.parent, (exp.Create, exp.Drop)) and node.args.get("this") is None:
        return  # CREATE SCHEMA
    if not isinstance(node.this, exp.Identifier):
        refuse("table function", node)
    if node.args.get("db") is not None and str(node.args["db"].name).lower() in {
        "pg_catalog",
        "information_schema",
    }:
        refuse("catalogue table", node)
    if not re.fullmatch(r"#?[A-Za-z_][\w$]*", node.name):
        refuse("table name", node)


def _check_type(node: exp.Expr) -> None:
    if node.this.value not in _TYPES:
        refuse("type", node)


def _check_time_format(node: exp.Expr) -> None:
    form = node.args["format"]
    if not isinstance(form, exp.Literal) or not _TIME_FORMAT.fullmatch(form.name):
        refuse("TO_CHAR knows here only YYYY MM DD HH24 MI SS", node)


def _check_from_base(node: exp.Expr) -> None:
    if node.expression.name != "16":
        refuse("STRTOL knows here only base 16", node)


def _check_like(node: exp.Expr) -> None:
    if not node.expression.is_string or "\\" in node.expression.name:
        refuse("LIKE takes here a literal without backslash", node)


def _check_extract(node: exp.Expr) -> None:
    if node.name.upper() not in {"YEAR", "QUARTER", "MONTH", "DAY", "DOW", "HOUR", "MINUTE"}:
        refuse("date part", node)


def _check_create(node: exp.Expr) -> None:
    if node.args.get("replace") and node.args["kind"] != "VIEW":
        refuse("only a view can be replaced in Redshift", node)
    if node.args["kind"] not in {"TABLE", "SCHEMA", "VIEW"}:
        refuse("statement", node)


def _check_insert(node: exp.Expr) -> None:
    if any(node.args.get(name) for name in ("conflict", "returning", "overwrite", "by_name")):
        refuse("INSERT option", node)


def _check_values(node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.Insert):
        refuse("VALUES as a table does not exist in Redshift", node)


_CHECKS: dict[type, Callable[[exp.Expr], None]] = {
    exp.Create: _check_create,
    exp.DataType: _check_type,
    exp.Extract: _check_extract,
    exp.FromBase: _check_from_base,
    exp.Insert: _check_insert,
    exp.Like: _check_like,
    exp.Select: _check_select,
    exp.Table: _check_table,
    exp.TimeToStr: _check_time_format,
    exp.Values: _check_values,
    exp.Window: _check_window,
}
