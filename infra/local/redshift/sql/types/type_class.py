"""The type class of an expression: number, text, date or boolean.

A comparison of text must follow Redshift's rules; a comparison of numbers needs none. If a type
class is unknown (''), the rewritten SQL checks DuckDB's type. `scope.annotate` finds the type
classes of columns.
"""

from collections.abc import Sequence

from sqlglot import exp

from infra.local.redshift.sql.functions import name_of
from infra.local.redshift.sql.registry import result_of
from infra.local.redshift.sql.types.numeric_type import engine_number, is_number

_CAST_KINDS = {
    "VARCHAR": "text", "CHAR": "text", "TEXT": "text", "NVARCHAR": "text", "NCHAR": "text",
    "BPCHAR": "text", "DATE": "date", "TIMESTAMP": "date", "TIMESTAMPTZ": "date",
    "BOOLEAN": "boolean",
}  # fmt: skip
NOT_COLUMNS = {"literal": "text", "parameter": "", "null": ""}


def kind_of(node: exp.Expr) -> str:  # noqa: PLR0912
    """The type class of an expression.

    Returns:
        number, text, date, boolean, literal (text in quotes), parameter or null; '' if unknown.
    """
    node = node.unnest()
    if isinstance(node, exp.WithinGroup) and name_of(node.this) == "percentile_disc":
        return kind_of(node.expression.expressions[0].this)
    while isinstance(node, (exp.Window, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)):
        node = node.this
    if isinstance(node, exp.Column):
        return str(node.meta.get("kind", ""))
    if isinstance(node, exp.Literal):
        return "literal" if node.is_string else "number"
    if isinstance(node, exp.Parameter):
        return str(node.meta.get("kind") or "parameter")
    if isinstance(node, exp.Null):
        return "null"
    if isinstance(node, exp.Select):  # a scalar subquery
        kind = kind_of(node.expressions[0].unalias())
        return NOT_COLUMNS.get(kind, kind)
    if isinstance(node, exp.Cast):
        return _CAST_KINDS.get(node.args["to"].this.value, "number")
    if isinstance(node, (exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Extract, exp.StrPosition)):
        return "number"
    if isinstance(node, (exp.Add, exp.Sub)):
        kinds = kind_of(node.this), kind_of(node.expression)
        return "number" if kinds == ("number", "number") else ""
    if isinstance(node, (exp.DPipe, exp.Trim, exp.Substring)):
        return "text"
    if isinstance(node, (exp.CurrentDate, exp.CurrentTimestamp)):
        return "date"
    if isinstance(node, (exp.Boolean, exp.Predicate, exp.Connector, exp.Not)):
        return "boolean"
    if isinstance(node, exp.Case):
        results = [branch.args["true"] for branch in node.args["ifs"]]
        return _common([*results, *filter(None, [node.args.get("default")])])
    return _of_function(node)


def _of_function(node: exp.Expr) -> str:
    """The type class of a function call."""
    result = result_of(name_of(node))
    if result in {"integer", "double", "number", "same number type"}:
        return "number"
    if result in {"arguments", "first"}:
        return _common(node.expressions[: 1 if result == "first" else None])
    return "" if result == "?" else result


def _common(values: Sequence[exp.Expr]) -> str:
    """The common type class of values, apart from NULL; '' if there is none."""
    kinds = {kind_of(value) for value in values} - {"null"}
    if kinds == {"literal"}:
        return "text"
    return kinds.pop() if len(kinds) == 1 and not kinds & {"literal", "parameter"} else ""


def plain(kind: str) -> str:
    """The type class without the numeric type: any numeric type becomes number."""
    return "number" if is_number(kind) else kind


def column_kind(kind: str) -> str:
    """The type class of a DuckDB type, or ''."""
    return plain(engine_kind(kind))


def engine_kind(kind: str) -> str:
    """The numeric type of a DuckDB type, or its type class if it is not a number, or ''.

    Numeric types are kept apart because their arithmetic differs.
    """
    if kind == "VARCHAR":
        return "text"
    if kind == "BOOLEAN":
        return "boolean"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return "date"
    return engine_number(kind) or ("number" if kind == "HUGEINT" else "")
