"""The numeric type of an expression: integer, decimal with its scale, real or double.

If it is unknown (''), the rewritten SQL checks DuckDB's type, or the statement is refused.
Source: https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html
"""

import re
from collections.abc import Sequence

from sqlglot import exp

from infra.local.redshift.sql.functions import name_of
from infra.local.redshift.sql.registry import result_of

INTEGER, REAL, DOUBLE = "integer", "real", "double"
_DECIMAL = "decimal:"  # followed by the scale
_OF_ENGINE = {"SMALLINT": INTEGER, "INTEGER": INTEGER, "BIGINT": INTEGER, "FLOAT": REAL,
              "DOUBLE": DOUBLE}  # fmt: skip
_OF_CAST = {"SMALLINT": INTEGER, "INT": INTEGER, "BIGINT": INTEGER, "FLOAT": REAL,
            "DOUBLE": DOUBLE}  # fmt: skip


def engine_number(kind: str) -> str:
    """The numeric type of a DuckDB type, or ''."""
    if match := re.fullmatch(r"DECIMAL\(\d+,\s*(\d+)\)", kind):
        return _DECIMAL + match[1]
    return _OF_ENGINE.get(kind, "")


def is_number(kind: str) -> bool:
    """Whether a type class is one of the types that `number_type` returns."""
    return kind in {INTEGER, REAL, DOUBLE} or kind.startswith(_DECIMAL)


def scale_of(kind: str) -> int | None:
    """The scale of a decimal type; None for any other type."""
    return int(kind.removeprefix(_DECIMAL)) if kind.startswith(_DECIMAL) else None


def note_number(node: exp.Expr) -> None:
    """Store an expression's numeric type on its node, before its parts are rewritten."""
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Window)) or name_of(node) == "avg":
        node.meta["number"] = number_type(node)


def number_type(node: exp.Expr) -> str:
    """The numeric type: integer, decimal:<scale>, real or double; '' if there is none."""
    node = node.unnest()
    if "number" in node.meta:
        return str(node.meta["number"])
    while isinstance(node, (exp.Window, exp.IgnoreNulls, exp.RespectNulls, exp.Neg)):
        node = node.this.unnest()
    if "number" in node.meta:
        return str(node.meta["number"])
    if isinstance(node, exp.WithinGroup):
        return DOUBLE if name_of(node.this) == "percentile_cont" else ""
    if isinstance(node, exp.Literal) and not node.is_string:
        return _literal(node.name)
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, exp.Select):  # a scalar subquery
        return number_type(node.expressions[0].unalias())
    if isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
        return _arithmetic(node)
    if isinstance(node, exp.Case):
        results = [branch.args["true"] for branch in node.args["ifs"]]
        return _common([*results, *filter(None, [node.args.get("default")])])
    if isinstance(node, (exp.Extract, exp.StrPosition)):
        return INTEGER
    return _function(node)


def _function(node: exp.Expr) -> str:
    result = result_of(name_of(node))
    if result in {INTEGER, DOUBLE}:
        return result
    if result in {"arguments", "same number type", "first"} and node.expressions:
        values = node.expressions[: 1 if result == "first" else None]
        if isinstance(values[0], exp.Distinct):
            values = values[0].expressions
        return _common(values)
    return ""


def _literal(text: str) -> str:
    if "e" in text.lower():
        return ""
    return _DECIMAL + str(len(text.partition(".")[2])) if "." in text else INTEGER


def _cast(node: exp.Expr) -> str:
    kind = node.args["to"]
    if kind.this.value == "DECIMAL":
        sizes = kind.expressions
        return _DECIMAL + (sizes[1].name if len(sizes) > 1 else "0")
    return _OF_CAST.get(kind.this.value, "")


def _arithmetic(node: exp.Expr) -> str:
    left, right = number_type(node.this), number_type(node.expression)
    if not left or not right:
        return ""
    if {left, right} & {REAL, DOUBLE}:
        return DOUBLE
    if left == right == INTEGER:
        return INTEGER
    scales = [scale_of(left) or 0, scale_of(right) or 0]
    if isinstance(node, exp.Div):
        return ""
    return _DECIMAL + str(sum(scales) if isinstance(node, exp.Mul) else max(scales))


def _common(values: Sequence[exp.Expr]) -> str:
    kinds = {number_type(value) for value in values if not isinstance(value.unnest(), exp.Null)}
    return kinds.pop() if len(kinds) == 1 else ""
