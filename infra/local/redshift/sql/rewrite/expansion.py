"""Refuses statements that macros would expand to more than the engine can bind.

DuckDB replaces each call of a macro by its body, with a copy of the argument for each use. So the
size of nested calls grows exponentially: POWER(POWER(…, 2), 2), fifteen times nested, has fourteen
million expressions.
"""

import re
from collections import Counter
from functools import cache

import duckdb
import sqlglot
from sqlglot import exp

from infra.local.redshift.errors import RedshiftError
from infra.local.redshift.sql.macros import MACROS

_MAX_EXPRESSIONS = 1_200_000  # bound within about three seconds; 32,767 texts in an IN list fit
_NULLIF_USES = 4  # DuckDB's NULLIF is a macro with CASE
_Weight = tuple[int, tuple[int, ...]]  # expressions of a macro's body, and uses of each parameter


def check_expansion(tree: exp.Expr) -> None:
    """Check the size of a rewritten statement after its macros are expanded.

    Args:
        tree: The statement for DuckDB.

    Raises:
        RedshiftError: 54001, it has more than 1,200,000 expressions.
    """
    if _size(tree, Counter())[0] > _MAX_EXPRESSIONS:
        raise RedshiftError(
            "54001",
            "the statement is too complex for the local Redshift: its nested function calls expand "
            f"to more than {_MAX_EXPRESSIONS:,} expressions. Compute inner calls in a CTE",
        )


@cache
def _weights() -> dict[tuple[str, int], _Weight]:
    """The weight of each macro, by name and number of arguments; the largest of its overloads."""
    with duckdb.connect() as engine:
        engine.execute(MACROS)
        found = engine.execute(
            "SELECT function_name, parameters, macro_definition FROM duckdb_functions() "
            "WHERE schema_name = 'emulator' AND function_type = 'macro'"
        ).fetchall()
    return _weighed([(name, tuple(names), body) for name, names, body in found])


def _weighed(macros: list[tuple[str, tuple[str, ...], str]]) -> dict[tuple[str, int], _Weight]:
    """Weigh macros, given as name, parameters and body; overloads have a row each."""
    weights: dict[tuple[str, int], _Weight] = {}
    # DuckDB writes (lambda v: x), of which sqlglot reads lambda v: (x) only
    waiting = [
        (
            name,
            names,
            sqlglot.parse_one(re.sub(r"\(lambda (\w+):", r"lambda \1: (", body), "duckdb"),
        )
        for name, names, body in macros
    ]
    overloads = Counter(name for name, _, _ in waiting)
    while waiting:  # a macro is weighed after those that its body calls
        open_names = {name for name, _, _ in waiting}
        ready = [m for m in waiting if not {*_calls(m[2])} & open_names - {m[0]}]
        assert ready, "macros that call each other"  # noqa: S101
        for name, parameters, body in ready:
            size, uses = _size(body, Counter(parameters), weights)
            # to choose an overload, DuckDB binds the arguments once for each
            more = overloads[name] if overloads[name] > 1 else 0
            before = weights.get((name, len(parameters)), (0, (0,) * len(parameters)))
            counted = (max(uses[p] + more, b) for p, b in zip(parameters, before[1], strict=True))
            weights[name, len(parameters)] = max(size, before[0]), tuple(counted)
        waiting = [macro for macro in waiting if macro not in ready]
    return weights


def _calls(tree: exp.Expr) -> list[str]:
    """The names of the macros that a body calls."""
    return [
        dot.expression.name.lower()
        for dot in tree.find_all(exp.Dot)
        if dot.this.name == "emulator" and isinstance(dot.expression, exp.Func)
    ]


def _size(
    tree: exp.Expr,
    parameters: Counter[str],
    weights: dict[tuple[str, int], _Weight] | None = None,
) -> tuple[int, Counter[str]]:
    """Expressions of a tree after expansion, and how often each parameter occurs in them."""
    known = weights
    sizes: dict[int, tuple[int, Counter[str]]] = {}
    for node in reversed(list(tree.walk())):  # children before their parents
        size, uses = 1, Counter[str]()
        if isinstance(node, exp.Column) and node.name in parameters:
            uses[node.name] = 1
        factors = None
        if isinstance(node, exp.Func) and isinstance(node.parent, exp.Dot):
            known = _weights() if known is None else known
            weight = known.get((node.name.lower(), len(node.expressions)))
            if weight is not None and node.parent.this.name == "emulator":
                size, factors = weight
        for child in node.iter_expressions():
            inner_size, inner_uses = sizes.pop(id(child))
            factor = _NULLIF_USES if isinstance(node, exp.Nullif) else 1
            if factors is not None and child.arg_key == "expressions":
                factor = max(1, factors[child.index or 0])
            size += inner_size * factor
            for name, count in inner_uses.items():
                uses[name] += count * factor
        sizes[id(node)] = size, uses
    return sizes[id(tree)]
