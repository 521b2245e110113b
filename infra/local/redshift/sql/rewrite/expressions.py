"""The rewrite of each type of expression for DuckDB; its parts are rewritten before it."""

from collections.abc import Callable

from sqlglot import exp

from infra.local.redshift.sql.allowlist import is_system
from infra.local.redshift.sql.format_strings import date_part
from infra.local.redshift.sql.functions import call, engine, name_of, pattern, rewrite_function
from infra.local.redshift.sql.rewrite.aggregates import average, listagg, over_window, within_group
from infra.local.redshift.sql.rewrite.arithmetic import cast, divide, round_quotient, typed_literals


def _function(node: exp.Expr) -> exp.Expr:
    inside_macro = isinstance(node.parent, exp.Dot)
    if (
        inside_macro
        or str(node.this) == "COLUMNS"
        or isinstance(node.parent, (exp.WithinGroup, exp.When))
    ):
        return node
    if name_of(node) == "listagg":
        return listagg(node, None)
    return rewrite_function(node)  # pyright: ignore[reportArgumentType]


def _anonymous(node: exp.Expr) -> exp.Expr:
    if name_of(node) == "round" and not isinstance(node.parent, exp.Dot):
        quotient = round_quotient(node)
        if quotient is not None:
            return quotient
    if name_of(node) == "avg" and (exact := average(node)) is not None:
        return exact
    return _function(node)


def _lower(node: exp.Expr) -> exp.Expr:
    # Redshift folds quoted names too; quotes allow names that are reserved words of DuckDB
    node.set("this", node.this.lower())
    node.set("quoted", True)
    return node


def _trim(node: exp.Expr) -> exp.Expr:
    side = str(node.args.get("position") or "BOTH").upper()
    characters = [node.expression.copy()] if node.expression else []
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(side, "btrim")
    return rewrite_function(exp.Anonymous(this=name, expressions=[node.this.copy(), *characters]))


def _concatenation(node: exp.Expr) -> exp.Expr:
    # wrap each operand, not the result: nested calls would grow with each further ||
    for side in ("this", "expression"):
        operand = node.args[side]
        if not isinstance(operand.unnest(), (exp.DPipe, exp.Literal)):
            node.set(side, call("printable", operand.copy()))
    return node


def _table(node: exp.Expr) -> exp.Expr:
    node.set("catalog", None)  # the session has checked that this is its database
    if is_system(node):
        node.set("db", exp.to_identifier("emulator"))
    return node


def _parts(node: exp.Expr, *names: str) -> list[exp.Expr]:
    return [node.args[name].copy() for name in names if node.args.get(name) is not None]


def _like(node: exp.Expr) -> exp.Expr:
    if isinstance(node.expression, exp.Parameter) and not isinstance(node.parent, exp.Escape):
        # a backslash escapes by default: dg/r_patternmatching_condition_like.html
        return exp.Escape(this=_folded(node.copy()), expression=exp.Literal.string("\\"))
    return _folded(node)


def _folded(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.ILike):
        node.set("this", call("ascii_only", node.this.copy()))
        node.set("expression", call("ascii_only", node.expression.copy()))
    return node


def _ignore_nulls(node: exp.Expr) -> exp.Expr:
    # sqlglot writes IGNORE NULLS only for functions that it knows
    function = node.this
    arguments = ", ".join(argument.sql("duckdb") for argument in function.expressions)
    return exp.var(f"{name_of(function)}({arguments} IGNORE NULLS)")


REWRITES: dict[type, Callable] = {
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul), typed_literals),
    exp.Anonymous: _anonymous,
    exp.Cast: cast,
    exp.CurrentDate: lambda _: engine("CAST($transaction_time AS DATE)"),
    exp.CurrentDatabase: lambda _: exp.var("$database"),
    exp.CurrentUser: lambda _: exp.var("$user"),
    exp.CurrentSchema: lambda _: exp.Literal.string("public"),
    exp.CurrentTimestamp: lambda _: exp.var("$transaction_time"),
    exp.DPipe: _concatenation,
    exp.Div: divide,
    exp.Extract: lambda n: call(
        "extract", exp.Literal.string(date_part(n.this.name)), n.expression.copy()
    ),
    exp.ILike: _like,
    exp.Like: _like,
    exp.Identifier: _lower,
    exp.IgnoreNulls: _ignore_nulls,
    exp.RespectNulls: lambda n: n.this.copy(),
    exp.Mod: lambda n: call("modulo", *_parts(n, "this", "expression")),
    exp.RegexpLike: lambda n: exp.Anonymous(
        this="regexp_matches",
        expressions=[n.this.copy(), pattern(n.expression, extent=False)],
    ),
    exp.StrPosition: lambda n: exp.cast(
        exp.Anonymous(this="strpos", expressions=_parts(n, "this", "substr")), "int"
    ),
    exp.Substring: lambda n: call("substring", *_parts(n, "this", "start", "length")),
    exp.Table: _table,
    exp.Trim: _trim,
    exp.Window: over_window,
    exp.WithinGroup: within_group,
}
