"""What kind of value an expression has: number, text, date or boolean.

A comparison of numbers needs no rule of Redshift's; one of text does. Where a kind stays unknown
('') the rewritten SQL asks the engine. `scopes` tells the kinds of columns.
"""

from collections.abc import Sequence

from sqlglot import exp

from infra.local.redshift.sql.functions import name_of
from infra.local.redshift.sql.types.numeric_type import engine_number, is_number

_TEXT = frozenset(
    "lower upper trim btrim ltrim rtrim left right substr replace to_char md5 translate "
    "concat lpad rpad split_part regexp_replace regexp_substr initcap listagg reverse "
    "json_extract_path_text to_hex sha1 sha2 repeat chr".split()
)
_NUMBER = frozenset(
    "count sum avg len length octet_length datediff date_part median round floor ceil ceiling "
    "row_number rank dense_rank ntile date_part_year strpos abs charindex power sqrt "
    "stddev mod sign ln log exp percent_rank cume_dist percentile_cont regexp_count "
    "regexp_instr strtol grouping".split()
)
_DATE = frozenset(
    "date_trunc dateadd getdate to_date last_day add_months to_timestamp next_day "
    "convert_timezone".split()
)
# functions that give one of their arguments, or a value of its kind
_OF_ARGUMENT = frozenset(
    "coalesce nvl greatest least min max any_value lag lead first_value last_value nth_value "
    "percentile_disc".split()
)
_CAST_KINDS = {
    "VARCHAR": "text", "CHAR": "text", "TEXT": "text", "NVARCHAR": "text", "NCHAR": "text",
    "BPCHAR": "text", "DATE": "date", "TIMESTAMP": "date", "TIMESTAMPTZ": "date",
    "BOOLEAN": "boolean",
}  # fmt: skip
NOT_COLUMNS = {"literal": "text", "parameter": "", "null": ""}


def kind_of(node: exp.Expr) -> str:  # noqa: PLR0912
    """number, text, date or boolean; literal (text in quotes), parameter or null; '' if unknown."""
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
    if isinstance(node, exp.Select):  # a subquery of one value
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
    if isinstance(node, (exp.Boolean, exp.Predicate, exp.Not)):
        return "boolean"
    if isinstance(node, exp.Case):
        results = [branch.args["true"] for branch in node.args["ifs"]]
        return _common([*results, *filter(None, [node.args.get("default")])])
    function = name_of(node)
    if function in _OF_ARGUMENT:
        return _common(node.expressions[: 1 if function in {"lag", "lead", "nth_value"} else None])
    for kind, names in (("text", _TEXT), ("number", _NUMBER), ("date", _DATE)):
        if function in names:
            return kind
    return ""


def _common(values: Sequence[exp.Expr]) -> str:
    """The kind of values of which one is the result; NULL has any."""
    kinds = {kind_of(value) for value in values} - {"null"}
    if kinds == {"literal"}:
        return "text"
    return kinds.pop() if len(kinds) == 1 and not kinds & {"literal", "parameter"} else ""


def plain(kind: str) -> str:
    """A kind with every type of number taken for a number."""
    return "number" if is_number(kind) else kind


def column_kind(kind: str) -> str:
    """The kind of a column of an engine type, or ''."""
    return plain(engine_kind(kind))


def engine_kind(kind: str) -> str:
    """The same with the types of numbers apart, whose arithmetic differs."""
    if kind == "VARCHAR":
        return "text"
    if kind == "BOOLEAN":
        return "boolean"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return "date"
    return engine_number(kind) or ("number" if kind == "HUGEINT" else "")
