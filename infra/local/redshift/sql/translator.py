"""Translates Redshift SQL to DuckDB SQL; refuses SQL whose result could differ.

Only listed statements and expressions are accepted (`validator`, `functions`). Where DuckDB behaves
differently, the expression is rewritten, mostly to a call of a macro of macros.sql. The macro
applies Redshift's rules for the type that DuckDB finds.
"""

from dataclasses import replace
from functools import lru_cache

from sqlglot import exp

from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.sql import ddl
from infra.local.redshift.sql.allowlist import is_system
from infra.local.redshift.sql.function_store import UserFunction, drop_in_schema
from infra.local.redshift.sql.generator import generate, multiple_matches
from infra.local.redshift.sql.parser import LATE_BINDING, parse
from infra.local.redshift.sql.rewrite.expansion import check_expansion
from infra.local.redshift.sql.rewrite.expressions import REWRITES
from infra.local.redshift.sql.rewrite.result_names import name_result_columns
from infra.local.redshift.sql.rewrite.text_comparison import (
    COMPARING,
    copied_nodes,
    normalise,
)
from infra.local.redshift.sql.scope.annotate import Schema, annotate
from infra.local.redshift.sql.scope.assignment_check import check_assignments
from infra.local.redshift.sql.size_limits import check_size
from infra.local.redshift.sql.statement_facts import (
    first_words,
    kind_of_statement,
    patterns,
    value_count,
    written_tables,
)
from infra.local.redshift.sql.translated import Translated
from infra.local.redshift.sql.user_functions import (
    called_functions,
    check_arguments,
    inline_calls,
)
from infra.local.redshift.sql.validator import check

_CACHED_LETTERS = 20_000  # longer statements are not kept: a tree takes about 1 KB a word
_MAX_COPIED_NODES = 100_000
_STATEMENTS = (
    exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Insert, exp.Delete, exp.Update, exp.Merge,
    exp.Create, exp.Drop, exp.Alter, exp.TruncateTable,
)  # fmt: skip


def checked(sql: str) -> tuple[exp.Expr, tuple[str, ...], tuple[str, ...]]:
    """Parse a statement and check that it is accepted.

    Returns:
        The tree, the tables that it names, and the functions of users that it calls. All callers
        share the tree and must not change it.

    Raises:
        RedshiftError: 42601 for a syntax error, 0A000 for SQL that is refused.
    """
    return _checked(sql) if len(sql) <= _CACHED_LETTERS else _checked.__wrapped__(sql)


@lru_cache(maxsize=1024)
def _checked(sql: str) -> tuple[exp.Expr, tuple[str, ...], tuple[str, ...]]:
    check_size(sql)
    tree = parse(sql)
    if not isinstance(tree, _STATEMENTS):
        raise NotEmulatedError(f"statement {first_words(sql)}: not emulated, leave it out locally")
    for node in tree.walk():
        check(node)
    tables = tuple({ddl.name(t) for t in tree.find_all(exp.Table) if t.name})
    return tree, tables, called_functions(tree)


def translate(
    sql: str,
    schema: Schema = (),
    parameters: tuple[str, ...] = (),
    functions: tuple[UserFunction, ...] = (),
) -> Translated:
    """Parse, check and rewrite one statement.

    Args:
        sql: One Redshift statement.
        schema: The columns of the tables that it names.
        parameters: The type classes of $1, $2, …; '' is text of unknown type.
        functions: The functions of users that it calls.

    Returns:
        The DuckDB statement, with what the session needs to run it.

    Raises:
        RedshiftError: 42601 for a syntax error, 0A000 for SQL that is refused.
    """
    translated = _translated if len(sql) <= _CACHED_LETTERS else _translated.__wrapped__
    return translated(sql, schema, parameters, functions)


def clear_caches() -> None:
    """Forget the statements that were parsed and translated before."""
    _checked.cache_clear()
    _translated.cache_clear()


@lru_cache(maxsize=1024)
def _translated(
    sql: str, schema: Schema, parameters: tuple[str, ...], functions: tuple[UserFunction, ...]
) -> Translated:
    checked_tree, reads, calls = checked(sql)
    tree = _select_into_as_create(checked_tree.copy())
    inline_calls(tree, functions)
    kind = kind_of_statement(tree)
    if kind == "CREATE VIEW":
        _bind_to_permanent_tables(tree)
    name_result_columns(tree)
    columns = annotate(tree, schema, parameters)
    check_arguments(tree)
    check_assignments(tree, schema, columns)
    facts = Translated(
        sql="",
        tag=kind,
        returns_rows=isinstance(tree, exp.Query),
        writes=tuple(written_tables(tree)),
        parameters=max((int(p.name) for p in tree.find_all(exp.Parameter)), default=0),
        definition=ddl.of(tree) if kind == "CREATE TABLE" else None,
        change=ddl.change_of(tree) if kind == "ALTER TABLE" else (),
        reads=reads,
        calls=calls,
        inlined=tuple(function.name for function in functions),
        added_column=_added_column(tree),
        values=value_count(tree),
        patterns=patterns(tree),
        late_binding=kind == "CREATE VIEW" and bool(LATE_BINDING.search(sql)),
        cascade=bool(tree.args.get("cascade")),
        assigned=_assigned_columns(tree),
    )
    _add_from_to_delete(tree)
    _rewrite_expressions(tree)
    check_expansion(tree)
    sql = generate(tree)
    if kind == "DROP SCHEMA":
        dropped = tree.args["tables"][0].db
        sql = f"{drop_in_schema(dropped, cascade=facts.cascade)}; {sql}"
    return replace(facts, sql=sql, multiple_matches=multiple_matches(tree))


def _select_into_as_create(tree: exp.Expr) -> exp.Expr:
    """Rewrite SELECT … INTO t as CREATE TABLE t AS."""
    if not isinstance(tree, exp.Select) or tree.args.get("into") is None:
        return tree
    into = tree.args["into"]
    tree.set("into", None)
    return exp.Create(this=into.this.copy(), kind="TABLE", expression=tree)


def _bind_to_permanent_tables(view: exp.Expr) -> None:
    """Make a view read permanent tables, even if a reader has temporary tables of that name."""
    ctes = {cte.alias.lower() for cte in view.find_all(exp.CTE)}
    for table in view.find_all(exp.Table):
        if table.name and not table.db and table.name.lower() not in ctes and not is_system(table):
            table.set("db", exp.to_identifier("public"))


def _added_column(tree: exp.Expr) -> str:
    """The definition of the column that ALTER TABLE adds."""
    action = tree.args["actions"][0] if isinstance(tree, exp.Alter) else None
    return action.sql(dialect="redshift") if isinstance(action, exp.ColumnDef) else ""


def _assigned_columns(tree: exp.Expr) -> tuple[str, ...]:
    """The columns that UPDATE sets."""
    changes = tree.expressions if isinstance(tree, exp.Update) else []
    return tuple(change.this.name.lower() for change in changes)


def _add_from_to_delete(tree: exp.Expr) -> None:
    """Rewrite DELETE t WHERE … as DELETE FROM t WHERE …"""
    if isinstance(tree, exp.Delete) and not tree.this:
        tree.set("this", tree.args["tables"][0].copy())
        tree.set("tables", None)


def _rewrite_expressions(tree: exp.Expr) -> None:
    """Apply the rewrites of each type of expression, children before their parents."""
    added = 0
    for node in reversed(list(tree.walk())):
        added += copied_nodes(node)
        if added > _MAX_COPIED_NODES:
            raise RedshiftError(
                "54001",
                "the statement is too complex for the local Redshift: nested CASE, DECODE, NULLIF "
                "or BETWEEN copy their operands. Compute inner ones in a CTE",
            )
        normalise(node)
    for rewrites in (COMPARING, REWRITES):
        for node in reversed(list(tree.walk())):
            rewrite = rewrites.get(type(node))
            if rewrite is None or _is_assignment(node):
                continue
            replacement = rewrite(node)
            if replacement is not node:
                node.replace(replacement)


def _is_assignment(node: exp.Expr) -> bool:
    """Whether an equality is the `column = value` of UPDATE."""
    return (
        isinstance(node, exp.EQ)
        and isinstance(node.parent, exp.Update)
        and node.arg_key == "expressions"
    )
