"""Facts about a statement: its type, tables, parameters and patterns.

These facts are read before the statement is rewritten.
"""

import re

from sqlglot import exp

from infra.local.redshift.sql import ddl
from infra.local.redshift.sql.functions import name_of

_WRITERS = {"INSERT", "DELETE", "UPDATE", "MERGE", "TRUNCATE TABLE", "CREATE TABLE", "DROP TABLE",
            "ALTER TABLE", "CREATE VIEW", "DROP VIEW"}  # fmt: skip


def first_words(sql: str) -> str:
    """The first two words of a statement, for messages."""
    bare = re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL)
    return " ".join(bare.split()[:2]).upper()


def kind_of_statement(tree: exp.Expr) -> str:
    """The type of a statement: SELECT, INSERT, CREATE TABLE and so on."""
    if isinstance(tree, exp.Query):
        return "SELECT"
    if isinstance(tree, (exp.Create, exp.Drop, exp.Alter)):
        return f"{type(tree).__name__.upper()} {tree.args['kind'].upper()}"
    return "TRUNCATE TABLE" if isinstance(tree, exp.TruncateTable) else type(tree).__name__.upper()


def written_tables(tree: exp.Expr) -> list[str]:
    """The tables that a statement changes, as schema.table; none for a query."""
    if kind_of_statement(tree) not in _WRITERS:
        return []
    if isinstance(tree, exp.TruncateTable):
        return [ddl.name(tree.expressions[0])]
    if isinstance(tree, exp.Drop) or (isinstance(tree, exp.Delete) and not tree.this):
        return [ddl.name(table) for table in tree.args["tables"]]
    target = tree.this if isinstance(tree.this, exp.Table) else tree.this.find(exp.Table)
    return [ddl.name(target)]


def patterns(tree: exp.Expr) -> tuple[tuple[int, bool], ...]:
    """The parameters that are regular expressions: number, and whether match extent matters."""
    operands = [(node.expression, False) for node in tree.find_all(exp.RegexpLike)]
    for node in tree.find_all(exp.Anonymous):
        if name_of(node).startswith("regexp_"):
            operands += [(operand, True) for operand in node.expressions[1:2]]
    return tuple((int(o.name), extent) for o, extent in operands if isinstance(o, exp.Parameter))


def value_count(tree: exp.Expr) -> int:
    """The number of values per row of INSERT … VALUES without a column list; otherwise 0."""
    if not isinstance(tree, exp.Insert) or not isinstance(tree.this, exp.Table):
        return 0
    rows = tree.expression
    return len(rows.expressions[0].expressions) if isinstance(rows, exp.Values) else 0
