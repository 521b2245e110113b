"""Redshift SQL in, DuckDB SQL out; what could give another result is refused.

Only listed statements and expressions pass. Where the engine's behaviour differs, the expression
is rewritten, or calls a guard of `PRELUDE` that refuses at run time by the type it meets.
Sources of the rules: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_reference.html
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.refusals import check, refuse

# Run once per database. Guards look at the type that the engine found for their argument.
PRELUDE = """
CREATE SCHEMA IF NOT EXISTS emulator;
CREATE SCHEMA IF NOT EXISTS public;
CREATE OR REPLACE MACRO emulator.only_double(x, what) AS
  CASE WHEN typeof(x) IN ('DOUBLE', '"NULL"') THEN CAST(x AS DOUBLE)
       ELSE error(what || ' of ' || typeof(x) || ' is not emulated by the local Redshift: '
                  || 'CAST(… AS DOUBLE PRECISION) first') END;
CREATE OR REPLACE MACRO emulator.quotient(a, b) AS
  CASE WHEN typeof(a) = 'DOUBLE' OR typeof(b) = 'DOUBLE'
         OR NOT (starts_with(typeof(a), 'DECIMAL') OR starts_with(typeof(b), 'DECIMAL'))
       THEN a / b
       ELSE error('division of ' || typeof(a) || ' by ' || typeof(b) || ' is not emulated by the '
                  || 'local Redshift: write ROUND(CAST(a AS DECIMAL(p, s)) / '
                  || 'CAST(b AS DECIMAL(p, s)), n)') END;
CREATE OR REPLACE MACRO emulator.rounded_quotient(n, d) AS
  CASE WHEN (n < 0) = (d < 0) THEN (2 * abs(n) + abs(d)) // (2 * abs(d))
       ELSE -((2 * abs(n) + abs(d)) // (2 * abs(d))) END;
CREATE OR REPLACE MACRO emulator.cut(s, n) AS
  CASE WHEN s IS NULL OR strlen(s) <= n THEN s WHEN strlen(s) = length(s) THEN left(s, n)
       ELSE error('cutting text of several bytes a character is not emulated') END;
"""

_STATEMENTS = (
    exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Insert, exp.Delete, exp.Update,
    exp.Create, exp.Drop, exp.TruncateTable, exp.Transaction, exp.Commit, exp.Rollback,
)  # fmt: skip

_PARAMETER = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/)|\$(\d+)", re.DOTALL)


@dataclass(frozen=True)
class Translated:
    """A statement that may run: its tree in DuckDB's dialect and what the session must know."""

    sql: str  # DuckDB's, with parameters as $1, $2 …
    tag: str  # the command tag that the client is told
    returns_rows: bool = False
    writes: str | None = None  # the table that it writes, schema-qualified
    parameters: int = 0
    like: tuple[str, str] | None = None  # CREATE TABLE a (LIKE b)
    read_only: bool = False  # BEGIN READ ONLY
    column_types: dict[str, str] = field(default_factory=dict)  # of CREATE TABLE, Redshift's words

    def bind(self, literals: Sequence[str]) -> str:
        """The statement with its parameters written in as SQL literals."""
        if not self.parameters:
            return self.sql
        return _PARAMETER.sub(lambda m: m[0] if m[1] else literals[int(m[2]) - 1], self.sql)


@lru_cache(maxsize=512)
def translate(sql: str) -> Translated:
    """Parse, check and rewrite one statement.

    Raises RedshiftError with 42601 for what cannot be parsed and 0A000 for what is refused.
    """
    if match := re.fullmatch(
        r"\s*begin\s+(transaction\s+)?read\s+only\s*;?\s*", sql, re.IGNORECASE
    ):
        return Translated("BEGIN", "BEGIN", read_only=bool(match))
    try:
        # sqlglot takes `$1, $` for a quoted string; @1 it reads as a parameter
        marked = _PARAMETER.sub(lambda m: m[0] if m[1] else f"@{m[2]}", sql)
        trees = [tree for tree in sqlglot.parse(marked, read="redshift") if tree is not None]
    except SqlglotError as error:
        raise RedshiftError("42601", f"syntax error, or not known here: {error}") from error
    if len(trees) != 1:
        raise RedshiftError("42601", "cannot insert multiple commands into a prepared statement")
    tree = trees[0]
    if not isinstance(tree, _STATEMENTS):
        raise NotEmulatedError(f"statement {sql.split(maxsplit=1)[0].upper()}")
    for node in tree.walk():
        check(node)
    parameters = max((int(p.name) for p in tree.find_all(exp.Parameter)), default=0)
    kind = _kind(tree)
    target = tree.find(exp.Table)
    writes = _name(target) if target is not None and kind in _WRITERS else None
    like = _like(tree)
    types = _column_types(tree) if isinstance(tree, exp.Create) and like is None else {}
    # rewriting replaces nodes, so children come before their parents
    for node in reversed(list(tree.walk())):
        rewrite = _REWRITES.get(type(node))
        if rewrite is not None:
            replacement = rewrite(node)
            if node is tree:
                tree = replacement
            elif replacement is not node:
                node.replace(replacement)
    return Translated(
        sql=tree.sql(dialect="duckdb", comments=False),
        tag=kind,
        returns_rows=isinstance(tree, exp.Query),
        writes=writes,
        parameters=parameters,
        like=like,
        column_types=types,
    )


_WRITERS = {"INSERT", "DELETE", "UPDATE", "TRUNCATE", "CREATE TABLE", "DROP TABLE"}


def _kind(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Query):
        return "SELECT"
    if isinstance(tree, (exp.Create, exp.Drop)):
        return f"{type(tree).__name__.upper()} {tree.args['kind'].upper()}"
    return {exp.Transaction: "BEGIN", exp.TruncateTable: "TRUNCATE"}.get(
        type(tree), type(tree).__name__.upper()
    )


def _name(table: exp.Table) -> str:
    return f"{table.db or 'public'}.{table.name}".lower()


def _call(function: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Dot.build(
        [exp.to_identifier("emulator"), exp.Anonymous(this=function, expressions=list(arguments))]
    )


def _rewrite_div(node: exp.Expr) -> exp.Expr:
    # ROUND(decimal / decimal, n) is rewritten as a whole, below
    if isinstance(node.parent, exp.Round) and _decimals(node):
        return node
    return _call("quotient", node.this.copy(), node.expression.copy())


def _decimals(node: exp.Expr) -> list[tuple[exp.Expr, int, int]]:
    """Operand, precision and scale of both sides of a division of explicit DECIMAL casts."""
    sides = []
    for side in (node.this, node.expression):
        inner = side.unnest()
        kind = inner.args.get("to") if isinstance(inner, exp.Cast) else None
        if kind is None or kind.this.value != "DECIMAL" or len(kind.expressions) != 2:
            return []
        precision, scale = (int(size.name) for size in kind.expressions)
        sides.append((inner, precision, scale))
    return sides


def _rewrite_round(node: exp.Expr) -> exp.Expr:
    sides = _decimals(node.this) if isinstance(node.this, exp.Div) else []
    if not sides:
        return node
    (a, p1, s1), (b, p2, s2) = sides
    digits = int(node.args["decimals"].name) if node.args.get("decimals") else 0
    # https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html
    scale = max(4, s1 + p2 - s2 + 1)
    if p1 - s1 + s2 + scale > 38 or digits + 4 > scale:
        refuse("the quotient's scale is not certain", node)
    up = digits + s2 - s1
    n, d = (10 ** max(0, up), 10 ** max(0, -up))
    unscaled = (
        f"emulator.rounded_quotient(CAST({a.sql('duckdb')} * {10**s1} AS HUGEINT) * {n}, "
        f"CAST({b.sql('duckdb')} * {10**s2} AS HUGEINT) * {d})"
    )
    return sqlglot.parse_one(
        f"CAST(CAST({unscaled} AS DECIMAL(24, 0)) * {10**-digits:.{digits}f} "
        f"AS DECIMAL(38, {digits}))",
        read="duckdb",
    )


def _rewrite_cast(node: exp.Expr) -> exp.Expr:
    kind = node.args["to"]
    if kind.this.value == "DECIMAL" and not kind.expressions:
        kind.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(n)) for n in (18, 0)])
    if kind.this.value in {"VARCHAR", "CHAR"} and kind.expressions:
        length = kind.expressions[0].this.copy()
        kind.set("expressions", [])
        return _call("cut", node.copy(), length)
    return node


def _lower(node: exp.Expr) -> exp.Expr:
    # Redshift folds quoted names too; quoting keeps the engine's reserved words usable
    node.set("this", node.this.lower())
    node.set("quoted", True)
    return node


_REWRITES: dict[type, Callable[[exp.Expr], exp.Expr]] = {
    exp.Avg: lambda n: exp.Avg(this=_call("only_double", n.this.copy(), exp.Literal.string("AVG"))),
    exp.Cast: _rewrite_cast,
    exp.Create: lambda n: _rewrite_create(n),  # noqa: PLW0108 (defined below)
    exp.Div: _rewrite_div,
    exp.FromBase: lambda n: exp.cast(
        exp.DPipe(this=exp.Literal.string("0x"), expression=exp.Paren(this=n.this.copy())), "bigint"
    ),
    exp.Identifier: _lower,
    exp.Median: lambda n: exp.Median(
        this=_call("only_double", n.this.copy(), exp.Literal.string("MEDIAN"))
    ),
    exp.RegexpReplace: lambda n: exp.RegexpReplace(
        this=n.this.copy(),
        expression=n.expression.copy(),
        replacement=n.args["replacement"].copy(),
        modifiers=exp.Literal.string("g"),
    ),
    exp.Round: _rewrite_round,
    exp.TimestampTrunc: lambda n: exp.TimestampTrunc(
        this=exp.cast(n.this.copy(), "timestamp"), unit=n.args["unit"].copy()
    ),
}


def _like(tree: exp.Expr) -> tuple[str, str] | None:
    prop = tree.find(exp.LikeProperty) if isinstance(tree, exp.Create) else None
    target = tree.find(exp.Table)
    if prop is None or target is None:
        return None
    return _name(target), _name(prop.this)


def _column_types(create: exp.Create) -> dict[str, str]:
    return {
        d.name.lower(): d.args["kind"].sql(dialect="redshift").lower()
        for d in create.find_all(exp.ColumnDef)
    }


def _rewrite_create(create: exp.Expr) -> exp.Expr:
    """Drop what only tunes Redshift, and keep lengths as checks, which the engine ignores."""
    create.set("properties", None)
    schema = create.this
    if not isinstance(schema, exp.Schema):
        return create
    # keys are informational in Redshift
    columns = [d for d in schema.expressions if isinstance(d, exp.ColumnDef)]
    checks = []
    for column in columns:
        kind = column.args["kind"]
        if kind.this.value in {"VARCHAR", "CHAR"}:
            sizes = kind.expressions
            length = int(sizes[0].name) if sizes else {"VARCHAR": 256, "CHAR": 1}[kind.this.value]
            kind.set("expressions", [])
            checks.append(f'CHECK (strlen("{column.name}") <= {length})')
    schema.set(
        "expressions",
        [*columns, *(exp.var(check) for check in checks)],
    )
    return create
