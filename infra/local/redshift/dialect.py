"""Redshift SQL in, DuckDB SQL out; what could give another result is refused.

Only listed statements and expressions pass (`refusals`, `functions`). Where the engine's behaviour
differs, the expression is rewritten, mostly into a call of a macro of prelude.sql, which follows
Redshift's rules by the type that the engine finds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from infra.local.redshift import definitions
from infra.local.redshift.assignments import check_assignments
from infra.local.redshift.comparisons import COMPARING, normalise
from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.expressions import REWRITES
from infra.local.redshift.functions import name_of
from infra.local.redshift.grammar import LocalRedshift
from infra.local.redshift.refusals import check, is_system
from infra.local.redshift.scopes import Schema, annotate

PRELUDE = Path(__file__).with_name("prelude.sql").read_text()

# a temporary table may be written as #name
_TEMPORARY = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/)|#(?=[A-Za-z_])", re.DOTALL)
_LATE_BINDING = re.compile(r"\s+with\s+no\s+schema\s+binding\s*;?\s*$", re.IGNORECASE)
# what sqlglot reads in silence
_OVERLOOKED = [
    (r"\binterval\s+'[^']*\bago\b", "an interval with AGO: write a negative number"),
    (
        r"\binterval\s+(?:\d|\w+\s+(?:year|month|week|day|hour|minute|second)s?\b)",
        "an interval is written in quotes: INTERVAL '1 day'",
    ),
    (r"\blimit\s+\d+\s*,", "LIMIT a, b does not exist in Redshift: LIMIT b OFFSET a"),
    (r"^\s*insert\s+(?!into\b)", "INSERT without INTO"),
]
_STATEMENTS = (
    exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Insert, exp.Delete, exp.Update, exp.Merge,
    exp.Create, exp.Drop, exp.Alter, exp.TruncateTable,
)  # fmt: skip
_WRITERS = {"INSERT", "DELETE", "UPDATE", "MERGE", "TRUNCATE TABLE", "CREATE TABLE", "DROP TABLE",
            "ALTER TABLE", "CREATE VIEW", "DROP VIEW"}  # fmt: skip
# quoted text and comments are left alone; parameters are $1, $2, … and the two clocks
_PLACEHOLDER = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/)|\$(\d+|\w+)", re.DOTALL)


@dataclass(frozen=True)
class Translated:
    """A statement that may run, in DuckDB's dialect, and what the session must know of it."""

    sql: str  # DuckDB's, with parameters as $1, $2 …
    tag: str  # the command tag that the client is told
    returns_rows: bool = False
    writes: tuple[str, ...] = ()  # the tables that it writes, schema-qualified
    parameters: int = 0
    definition: definitions.Definition | None = None  # of CREATE TABLE
    change: tuple[str, ...] = ()  # of ALTER TABLE: what, column, and its new name or type
    reads: tuple[str, ...] = ()
    # the parameters that are regular expressions, and whether the extent of a match counts
    patterns: tuple[tuple[int, bool], ...] = ()
    late_binding: bool = False  # CREATE VIEW … WITH NO SCHEMA BINDING
    cascade: bool = False
    assigned: tuple[str, ...] = ()  # the columns that UPDATE sets
    values: int = 0  # INSERT … VALUES without a column list: how many values a row has

    def bind(self, literals: Sequence[str], clocks: dict[str, str]) -> str:
        """The statement with its parameters, and what time it is, written in as SQL literals."""

        def written(match: re.Match[str]) -> str:
            if match[1]:
                return match[0]
            return literals[int(match[2]) - 1] if match[2].isdigit() else clocks[match[2]]

        return _PLACEHOLDER.sub(written, self.sql)


@lru_cache(maxsize=1024)
def checked(sql: str) -> tuple[exp.Expr, tuple[str, ...]]:
    """The tree of a statement that may pass, not to be changed, and the tables that it names.

    Raises RedshiftError with 42601 for what cannot be parsed and 0A000 for what is refused.
    """
    tree = parse(sql)
    if not isinstance(tree, _STATEMENTS):
        raise NotEmulatedError(f"statement {_first_words(sql)}: not emulated, leave it out locally")
    for node in tree.walk():
        check(node)
    return tree, tuple({definitions.name(t) for t in tree.find_all(exp.Table) if t.name})


@lru_cache(maxsize=1024)
def translate(sql: str, schema: Schema = (), parameters: tuple[str, ...] = ()) -> Translated:
    """Parse, check and rewrite one statement, given the columns of the tables that it names and
    the kinds of its parameters.

    Raises RedshiftError with 42601 for what cannot be parsed and 0A000 for what is refused.
    """
    pristine, reads = checked(sql)
    tree = _into(pristine.copy())
    if _kind(tree) == "CREATE VIEW":
        _bind_tables(tree)
    _name_columns(tree)
    for query in [
        q for q in tree.find_all(exp.Query) if isinstance(q.parent, (exp.CTE, exp.Subquery))
    ]:
        if not isinstance(query, exp.Subquery):
            _name_columns(query)
    check_assignments(tree, schema, annotate(tree, schema, parameters))
    kind = _kind(tree)
    count = max((int(p.name) for p in tree.find_all(exp.Parameter)), default=0)
    tables = _written(tree) if kind in _WRITERS else []
    definition = definitions.of(tree) if kind == "CREATE TABLE" else None
    change = definitions.change_of(tree) if kind == "ALTER TABLE" else ()
    values = _values(tree)
    patterns = _patterns(tree)
    changes = tree.expressions if isinstance(tree, exp.Update) else []
    assigned = tuple(change.this.name.lower() for change in changes)
    if isinstance(tree, exp.Delete) and not tree.this:  # DELETE t WHERE …
        tree.set("this", tree.args["tables"][0].copy())
        tree.set("tables", None)
    for node in list(tree.walk()):
        normalise(node)
    for rewrites in (COMPARING, REWRITES):
        for node in reversed(list(tree.walk())):  # children before their parents
            rewrite = rewrites.get(type(node))
            if rewrite is not None and not _assignment(node):
                _replace(node, rewrite(node))
    return Translated(
        sql=_written_out(tree),
        tag=kind,
        returns_rows=isinstance(tree, exp.Query),
        writes=tuple(tables),
        parameters=count,
        definition=definition,
        change=change,
        reads=reads,
        values=values,
        patterns=patterns,
        late_binding=kind == "CREATE VIEW" and bool(_LATE_BINDING.search(sql)),
        cascade=bool(tree.args.get("cascade")),
        assigned=assigned,
    )


def parse(sql: str) -> exp.Expr:
    """The tree of one statement; raises RedshiftError 42601."""
    if any(
        match[1] and match[1][0] == "'" and "\\" in match[1] for match in _PLACEHOLDER.finditer(sql)
    ):
        raise NotEmulatedError("a backslash in a literal: whether it escapes is not certain, pass "
                               "the text as a parameter")  # fmt: skip
    for pattern, reason in _OVERLOOKED:
        if re.search(pattern, sql, re.IGNORECASE):
            raise NotEmulatedError(reason)
    # sqlglot takes `$1, $` for a quoted string; @1 it reads as a parameter. A temporary table may
    # be written as #name.
    marked = _PLACEHOLDER.sub(lambda m: m[0] if m[1] else f" @{m[2]}", sql)
    marked = re.sub(r"(create\s+)(table\s+)#(\w)", r"\1temp \2\3", marked, flags=re.IGNORECASE)
    marked = re.sub(r"(create\s+)(?:local\s+)(temp)", r"\1\2", marked, flags=re.IGNORECASE)
    marked = _TEMPORARY.sub(lambda m: m[1] or "", marked)
    marked = _LATE_BINDING.sub("", marked)
    marked = re.sub(r"\bsortkey\s+auto\b", "", marked, flags=re.IGNORECASE)
    try:
        trees = [tree for tree in sqlglot.parse(marked, read=LocalRedshift) if tree is not None]
    except SqlglotError as error:
        reason = re.sub(r"<Token .*?text: (.+?), line.*?>", r"\1", str(error).split("\n")[0])
        reason = reason.replace("SENTINEL", "the end")
        raise RedshiftError("42601", f"syntax error, or not known here: {reason}") from error
    if len(trees) != 1:
        raise RedshiftError("42601", "cannot insert multiple commands into a prepared statement")
    return trees[0]


def _first_words(sql: str) -> str:
    bare = re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL)
    return " ".join(bare.split()[:2]).upper()


def _bind_tables(view: exp.Expr) -> None:
    """A view reads the permanent tables, whatever temporary ones a reader has."""
    ctes = {cte.alias.lower() for cte in view.find_all(exp.CTE)}
    for table in view.find_all(exp.Table):
        if table.name and not table.db and table.name.lower() not in ctes and not is_system(table):
            table.set("db", exp.to_identifier("public"))


def _kind(tree: exp.Expr) -> str:
    if isinstance(tree, exp.Query):
        return "SELECT"
    if isinstance(tree, (exp.Create, exp.Drop, exp.Alter)):
        return f"{type(tree).__name__.upper()} {tree.args['kind'].upper()}"
    return "TRUNCATE TABLE" if isinstance(tree, exp.TruncateTable) else type(tree).__name__.upper()


def _written(tree: exp.Expr) -> list[str]:
    if isinstance(tree, exp.TruncateTable):
        return [definitions.name(tree.expressions[0])]
    if isinstance(tree, exp.Drop) or (isinstance(tree, exp.Delete) and not tree.this):
        return [definitions.name(table) for table in tree.args["tables"]]
    target = tree.this if isinstance(tree.this, exp.Table) else tree.this.find(exp.Table)
    return [definitions.name(target)]


def _written_out(tree: exp.Expr) -> str:
    """The rewritten statement in the engine's SQL."""
    if isinstance(tree, exp.Drop):
        return _drop(tree)
    if isinstance(tree, exp.Create):
        definitions.rewrite(tree)
    text = tree.sql(dialect="duckdb", comments=False)
    if isinstance(tree, exp.Merge):  # the engine takes VALUES without parentheses around
        text = re.sub(r"THEN INSERT \(VALUES\s*\((.*)\)\)$", r"THEN INSERT VALUES (\1)", text)
    return text


def _drop(tree: exp.Drop) -> str:
    """The engine drops one at a time."""
    words = f"DROP {tree.args['kind']} {'IF EXISTS ' if tree.args.get('exists') else ''}"
    cascade = " CASCADE" if tree.args.get("cascade") else ""
    return "; ".join(
        f"{words}{target.sql(dialect='duckdb')}{cascade}" for target in tree.args["tables"]
    )


def _patterns(tree: exp.Expr) -> tuple[tuple[int, bool], ...]:
    operands = [(node.expression, False) for node in tree.find_all(exp.RegexpLike)]
    for node in tree.find_all(exp.Anonymous):
        if name_of(node).startswith("regexp_"):
            operands += [(operand, True) for operand in node.expressions[1:2]]
    return tuple((int(o.name), extent) for o, extent in operands if isinstance(o, exp.Parameter))


def _values(tree: exp.Expr) -> int:
    if not isinstance(tree, exp.Insert) or not isinstance(tree.this, exp.Table):
        return 0
    rows = tree.expression
    return len(rows.expressions[0].expressions) if isinstance(rows, exp.Values) else 0


def _into(tree: exp.Expr) -> exp.Expr:
    """SELECT … INTO t is CREATE TABLE t AS."""
    if not isinstance(tree, exp.Select) or tree.args.get("into") is None:
        return tree
    into = tree.args["into"]
    tree.set("into", None)
    return exp.Create(this=into.this.copy(), kind="TABLE", expression=tree)


def _name_columns(tree: exp.Expr) -> None:
    """Give unnamed columns of a result Redshift's names."""
    query = tree.expression if isinstance(tree, exp.Create) else tree
    while isinstance(query, exp.SetOperation):
        query = query.left
    if not isinstance(query, exp.Select):
        return
    for projection in query.expressions:
        if isinstance(projection, (exp.Alias, exp.Column, exp.Star)):
            continue
        value = projection.this if isinstance(projection, exp.Window) else projection
        if isinstance(value, exp.Cast) and isinstance(value.this, exp.Column):
            name = value.this.name
        elif isinstance(value, exp.WithinGroup):
            name = name_of(value.this)
        else:
            name = {exp.Case: "case", exp.CurrentDate: "date", exp.CurrentSchema: "current_schema",
                    exp.Trim: "btrim", exp.Extract: "date_part", exp.Substring: "substring",
                    }.get(type(value), "")  # fmt: skip
        projection.replace(
            exp.alias_(projection.copy(), name or name_of(value) or "?column?", quoted=True)
        )


def _assignment(node: exp.Expr) -> bool:
    return isinstance(node, exp.EQ) and isinstance(node.parent, exp.Update) and (
        node.arg_key == "expressions"
    )  # fmt: skip


def _replace(node: exp.Expr, replacement: exp.Expr) -> None:
    if replacement is not node:
        node.replace(replacement)
