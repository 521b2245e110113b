"""Rewrites casts and arithmetic: exact, or refused where the rounding is not documented.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html
"""

from collections.abc import Callable

from sqlglot import exp

from infra.local.redshift.errors import refuse
from infra.local.redshift.sql.ddl import normalise_type
from infra.local.redshift.sql.functions import call, engine, name_of
from infra.local.redshift.sql.types.numeric_type import DOUBLE, INTEGER, REAL, number_type
from infra.local.redshift.sql.types.type_class import kind_of

_INTEGERS = {"INT": "Integer", "BIGINT": "Long", "SMALLINT": "Short"}


def cast(node: exp.Expr) -> exp.Expr:
    """Rewrite CAST: text is truncated to its length; dropping digits is an error."""
    kind = node.args["to"]
    normalise_type(kind)
    target = kind.this.value
    if target == "CHAR":
        length = kind.expressions[0].this.copy() if kind.expressions else exp.Literal.number(1)
        return call("character", call("printable", node.this.copy()), length)
    if target == "VARCHAR":
        length = kind.expressions[0].this.copy() if kind.expressions else None
        text = call("printable", node.this.copy())
        return text if length is None else call("cut", text, length)
    if target == "BOOLEAN":
        return call("to_boolean", node.this.copy())
    literal = isinstance(node.this.unnest(), (exp.Literal, exp.Neg, exp.Null))
    if target in _INTEGERS and number_type(node.this) == INTEGER:
        return node  # no digits to drop
    if target in _INTEGERS:
        name = exp.Literal.string(_INTEGERS[target])
        if literal and not _fraction(node.this):
            return exp.Cast(this=call("digits", node.this.copy(), name), to=kind.copy())
        return _once(
            node.this,
            lambda value: call(
                "exact",
                value,
                exp.Cast(this=call("digits", value.copy(), name), to=kind.copy()),
            ),
        )
    if target in {"DECIMAL", "DOUBLE", "FLOAT"} and kind_of(node.this) != "number":
        node.set("this", call("numeral", node.this.copy()))
    cast = node
    if target == "DECIMAL":
        if not literal:
            cast = _once(
                node.this,
                lambda value: call("exact", value, exp.Cast(this=value.copy(), to=kind.copy())),
            )
        cast.meta["decimal"] = tuple(int(size.name) for size in kind.expressions)
    return cast


def _once(value: exp.Expr, make: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Apply `make`, which uses its argument several times, so that it is evaluated once."""
    if isinstance(value.unnest(), (exp.Column, exp.Literal, exp.Parameter)):
        return make(value.copy())
    body = make(exp.column("v")).sql("duckdb")
    return engine(f"list_transform([{value.sql('duckdb')}], lambda v: {body})[1]")


def _fraction(value: exp.Expr) -> bool:
    return "." in value.sql()


def typed_literals(node: exp.Expr) -> exp.Expr:
    """Rewrite an addition, subtraction or multiplication.

    A whole number beside a column or a parameter becomes an INTEGER; DuckDB would give it the type
    of the column, which may be smaller. An infinite result becomes an error.

    Raises:
        NotEmulatedError: An operand is REAL.
    """
    refuse_real(node)
    for side, other in (("this", "expression"), ("expression", "this")):
        value = node.args[side]
        small = isinstance(value, exp.Literal) and value.is_int and len(value.name) < 10
        if small and isinstance(node.args[other].unnest(), (exp.Column, exp.Parameter)):
            node.set(side, exp.cast(value.copy(), "int"))
    return _finite(node)


def _finite(node: exp.Expr) -> exp.Expr:
    """Wrap arithmetic so that an infinite result, which a DOUBLE may have, is an error."""
    kind = number_type(node)
    if kind == DOUBLE:
        return call("finite_double", node.copy())
    dates = "date" in {kind_of(node.this), kind_of(node.expression)}
    if kind or dates or node.find(exp.Interval):
        return node
    return call("finite_number", node.copy())


def refuse_real(node: exp.Expr) -> None:
    """Raise NotEmulatedError for arithmetic with REAL.

    If only one side is REAL, Redshift computes in DOUBLE PRECISION, but DuckDB in REAL.
    """
    if REAL in {number_type(node.this), number_type(node.expression)}:
        refuse("arithmetic with REAL: CAST it AS DOUBLE PRECISION", node)


def divide(node: exp.Expr) -> exp.Expr:
    """Rewrite a division.

    Integers give an integer, and division by zero is an error. A quotient of DECIMALs is accepted
    only within ROUND.
    """
    refuse_real(node)
    # `round_quotient` rewrites ROUND(decimal / decimal, n) as a whole
    if name_of(node.parent) == "round" and _decimal_operands(node):
        return node
    return call("quotient", node.this.copy(), node.expression.copy())


def _decimal_operands(node: exp.Expr) -> list[tuple[exp.Expr, int, int]]:
    """Operand, precision and scale of both sides; empty unless both are casts to DECIMAL."""
    sides = []
    for side in (node.this, node.expression):
        size = side.unnest().meta.get("decimal")
        if size is None:
            return []
        sides.append((side, *size))
    return sides


def round_quotient(node: exp.Expr) -> exp.Expr | None:
    """Rewrite ROUND of a quotient of two casts to DECIMAL, exactly.

    Returns:
        The expression; None for any other ROUND.

    Raises:
        NotEmulatedError: The scale of Redshift's quotient is not certain.
    """
    first = node.expressions[0]
    sides = _decimal_operands(first) if isinstance(first, exp.Div) else []
    if not sides:
        return None
    (a, p1, s1), (b, p2, s2) = sides
    digits = int(node.expressions[1].name) if len(node.expressions) > 1 else 0
    # https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html
    scale = max(4, s1 + p2 - s2 + 1)
    if p1 - s1 + s2 + scale > 38 or digits + 4 > scale:
        refuse("the quotient's scale is not certain", node)
    up = digits + s2 - s1
    n, d = (10 ** max(0, up), 10 ** max(0, -up))
    return engine(
        "CAST(CAST(emulator.rounded_quotient("
        f"CAST({a.sql('duckdb')} * {10**s1} AS HUGEINT) * {n}, "
        f"CAST({b.sql('duckdb')} * {10**s2} AS HUGEINT) * {d}) AS DECIMAL(24, 0)) "
        f"* {10**-digits:.{digits}f} AS DECIMAL(38, {digits}))"
    )
