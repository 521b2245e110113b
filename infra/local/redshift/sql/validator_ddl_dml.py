"""Validates CREATE, ALTER, INSERT, UPDATE, MERGE and TRUNCATE.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_commands.html
"""

from collections.abc import Callable

from sqlglot import exp

from infra.local.redshift.errors import refuse
from infra.local.redshift.sql.functions import name_of


def _check_create(node: exp.Expr) -> None:
    kind = node.args["kind"]
    if kind not in {"TABLE", "SCHEMA", "VIEW"}:
        refuse("statement", node)
    if node.args.get("replace") and kind != "VIEW":
        refuse("only a view can be replaced in Redshift", node)
    if node.args.get("exists") and kind == "VIEW":
        refuse("CREATE VIEW has no IF NOT EXISTS in Redshift", node)
    if node.find(exp.MaterializedProperty):
        refuse("a materialized view", node)


def _check_alter(node: exp.Expr) -> None:
    actions = node.args["actions"]
    if node.args["kind"] != "TABLE" or len(actions) != 1:
        refuse("one change of a table per ALTER", node)
    action = actions[0]
    if isinstance(action, exp.Drop) and (
        action.args["kind"] != "COLUMN" or action.args.get("exists")
    ):
        refuse("ALTER TABLE DROP takes COLUMN name", node)


def _check_insert(node: exp.Expr) -> None:
    if isinstance(node.parent, exp.When):
        return
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    if not isinstance(target, exp.Table) or target.alias:
        refuse("INSERT INTO takes a table without an alias", node)


def _check_values(node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.Insert):
        refuse("VALUES as a table does not exist in Redshift", node)


def _check_merge(node: exp.Expr) -> None:
    target, source, whens = node.this, node.args["using"], node.args["whens"].expressions
    if target.alias or not isinstance(source, exp.Table) or node.args.get("with_"):
        refuse("MERGE takes a target without alias, a table as source and no WITH", node)
    on = node.args["on"].unnest()
    if not all(isinstance(part.unnest(), exp.EQ) for part in (
        on.flatten() if isinstance(on, exp.And) else [on]
    )):  # fmt: skip
        refuse("the ON of MERGE takes equalities only", node)
    matched = [bool(when.args.get("matched")) for when in whens]
    plain = all(not w.args.get("condition") and not w.args.get("source") for w in whens)
    if matched != [True, False] or not plain:
        refuse("MERGE needs WHEN MATCHED and WHEN NOT MATCHED, once each and without AND", node)
    if target.name.lower() == source.name.lower() and target.db.lower() == source.db.lower():
        refuse("the source of MERGE cannot be its target", node)
    update, insert = (when.args["then"] for when in whens)
    deletes = isinstance(update, exp.Var) and update.name.upper() == "DELETE"
    if not deletes and not (isinstance(update, exp.Update) and update.expressions):
        refuse("WHEN MATCHED takes UPDATE SET column = value or DELETE", node)
    values = insert.find(exp.Tuple) if isinstance(insert, exp.Insert) else None
    if values is None or not (insert.expression or name_of(values.expressions[0]) == "values"):
        refuse("WHEN NOT MATCHED takes INSERT (columns) VALUES (values)", node)


def _check_update(node: exp.Expr) -> None:
    for join in node.find_all(exp.Join):
        if join.side:
            refuse("Target table must be part of an equijoin predicate", node)
    for change in node.expressions:
        if not isinstance(change, exp.EQ) or not isinstance(change.this, exp.Column):
            refuse("SET takes column = value", node)
        if (
            isinstance(change.expression, exp.Column)
            and change.expression.name.lower() == "default"
        ):
            refuse("SET column = DEFAULT is not emulated: write the value", node)


def _check_truncate(node: exp.Expr) -> None:
    if len(node.expressions) != 1:
        refuse("TRUNCATE takes one table", node)


CHECKS: dict[type, Callable[[exp.Expr], None]] = {
    exp.Alter: _check_alter,
    exp.Create: _check_create,
    exp.Insert: _check_insert,
    exp.Merge: _check_merge,
    exp.TruncateTable: _check_truncate,
    exp.Update: _check_update,
    exp.Values: _check_values,
}
