"""What may pass: statements, expressions and types that Redshift has and the engine gives alike.

Everything else is refused with its reason.
Source: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_reference.html
"""

import re
from collections.abc import Callable
from typing import NoReturn

from sqlglot import exp

from infra.local.redshift.errors import NotEmulatedError
from infra.local.redshift.functions import AGGREGATES, RANKING, WINDOWS, known_functions, name_of

_EXPRESSIONS = frozenset(
    # statements and their parts
    "Select Union Except Intersect Insert Delete Update Merge Create Drop Alter TruncateTable "
    "Transaction Commit Rollback From Where Group Having Qualify Order Ordered Limit Offset Join "
    "With CTE TableAlias Table Subquery Values Tuple Into Whens When AlterRename RenameColumn "
    "ColumnDef ColumnConstraint Schema Properties LikeProperty DistKeyProperty DistStyleProperty "
    "SortKeyProperty TemporaryProperty NoSchemaBindingProperty BackupProperty IndexParameters "
    "PrimaryKey PrimaryKeyColumnConstraint ForeignKey Reference UniqueColumnConstraint "
    "NotNullColumnConstraint EncodeColumnConstraint DefaultColumnConstraint Constraint Distinct "
    "Rollup Cube GroupingSets "
    # expressions
    "Add Sub Mul Div Mod Neg Abs And Or Not Paren EQ NEQ GT GTE LT LTE Is In Between Like ILike "
    "RegexpLike Escape Exists DPipe Case If Cast Extract Trim Substring StrPosition Interval "
    "CurrentDate CurrentTimestamp CurrentUser CurrentSchema CurrentDatabase Anonymous Window "
    "WindowSpec WithinGroup IgnoreNulls Alias Column Star Literal Boolean Null Var Identifier "
    "DataType DataTypeParam Parameter Placeholder".split()
)
_TYPES = {
    "BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "SMALLINT", "TIMESTAMP",
    "TIMESTAMPTZ", "VARCHAR", "CHAR", "TEXT", "NVARCHAR", "NCHAR", "BPCHAR",
}  # fmt: skip
_SORT_BASED = {"median", "listagg", "percentile_cont", "percentile_disc"}
_CATALOGUES = {"pg_catalog", "information_schema", "emulator", "main", "temp", "system"}


SYSTEM_TABLES = frozenset(
    "svv_all_tables svv_all_columns svv_tables svv_columns pg_tables pg_namespace "
    "sys_load_history sys_load_error_detail".split()
)


def is_system(node: exp.Expr) -> bool:
    """Whether a table is one of the catalogue's that may be read."""
    schema, name = node.text("db").lower(), node.name.lower()
    if schema == "information_schema":
        return name == "tables"
    return schema in {"", "pg_catalog"} and name in SYSTEM_TABLES


def check(node: exp.Expr) -> None:
    """Raise NotEmulatedError when the expression itself, children apart, may not pass."""
    name = type(node).__name__
    if name not in _EXPRESSIONS:
        raise NotEmulatedError(f"{_REASONS.get(name, name.upper())} in {short(node)}")
    detail = _CHECKS.get(type(node))
    if detail is not None:
        detail(node)


_REASONS = {
    "Lateral": "LATERAL does not exist in Redshift",
    "NullSafeEQ": "IS NOT DISTINCT FROM does not exist in Redshift",
    "NullSafeNEQ": "IS DISTINCT FROM does not exist in Redshift",
    "Filter": "FILTER does not exist in Redshift",
    "Returning": "RETURNING does not exist in Redshift",
    "Array": "arrays do not exist in Redshift",
    "Unnest": "UNNEST does not exist in Redshift",
    "SimilarTo": "SIMILAR TO is not emulated, use ~",
    "Dot": "a function of a schema",
}


def short(node: exp.Expr) -> str:
    """The SQL of a node, cut to a line."""
    text = node.sql(dialect="redshift")
    return text if len(text) <= 120 else text[:117] + "…"


def refuse(reason: str, node: exp.Expr) -> NoReturn:
    """Raise NotEmulatedError with the SQL that it is about."""
    raise NotEmulatedError(f"{reason}: {short(node)}")


def _check_window(node: exp.Expr) -> None:
    if not node.args.get("over") or node.args.get("alias"):
        refuse("named windows do not exist in Redshift", node)
    inner = node.this.this if isinstance(node.this, exp.IgnoreNulls) else node.this
    spec, name = node.args.get("spec"), name_of(inner)
    if spec is not None and (
        str(spec.args.get("kind")).upper() != "ROWS" or spec.args.get("exclude")
    ):
        refuse("only ROWS frames exist in Redshift", node)
    if isinstance(inner, exp.WithinGroup):
        return
    if name not in AGGREGATES | WINDOWS:
        refuse("window function", node)
    if node.args.get("order") and spec is None and name not in RANKING:
        refuse("an aggregate with OVER (… ORDER BY …) needs an explicit ROWS frame", node)


def _check_select(node: exp.Expr) -> None:
    sorted_by = set()
    for call in node.find_all(exp.Anonymous):
        if name_of(call) in _SORT_BASED and call.parent_select is node:
            group = call.parent if isinstance(call.parent, exp.WithinGroup) else None
            if group is not None:
                sorted_by.add(group.expression.expressions[0].sql().removesuffix(" NULLS LAST"))
            elif name_of(call) == "median":
                sorted_by.add(call.expressions[0].sql())
            if node.args.get("from_") is None:
                refuse("a function of compute nodes only needs a table", call)
    if len(sorted_by) > 1:
        refuse("sort-based aggregates of one SELECT must share their ORDER BY", node)
    if isinstance(node.args.get("distinct"), exp.Distinct) and node.args["distinct"].args.get("on"):
        refuse("DISTINCT ON does not exist in Redshift", node)
    for part in ("windows", "sample", "locks", "laterals", "pivots", "kind", "operation_modifiers"):
        if node.args.get(part):
            refuse(f"{part} of a SELECT", node)
    if not node.expressions:
        refuse("a query that starts with FROM does not exist in Redshift", node)
    source = node.args.get("from_")
    alone = not any(node.args.get(part) for part in ("where", "joins", "group"))
    if node.args.get("qualify") and source is not None and alone and not source.this.alias:
        refuse("QUALIFY directly after FROM needs an alias on the table", node)


def _check_table(node: exp.Expr) -> None:
    if isinstance(node.parent, (exp.Create, exp.Drop)) and node.args.get("this") is None:
        return  # CREATE SCHEMA
    if not isinstance(node.this, exp.Identifier):
        refuse("table function", node)
    if node.args.get("catalog") is not None:
        refuse("another database", node)
    if is_system(node):
        return
    if re.match(r"(stl|stv|svl|svcs)_", node.name.lower()):
        refuse("STL, STV and SVL tables do not exist on Serverless, use SYS_ ones", node)
    engines_own = re.match(r"(duckdb|pragma|sqlite)_", node.name.lower())
    if node.text("db").lower() in _CATALOGUES or engines_own:
        refuse("catalogue table", node)
    if not re.fullmatch(r"[A-Za-z_][\w$]*", node.name):
        refuse("table name", node)
    for part in ("sample", "pivots", "version", "ordinality", "hints", "only", "when", "changes"):
        if node.args.get(part):
            refuse(f"{part} of a table", node)


def _check_type(node: exp.Expr) -> None:
    if node.this.value not in _TYPES or node.args.get("nested"):
        refuse("type", node)


def _check_like(node: exp.Expr) -> None:
    if not node.expression.is_string and not isinstance(node.expression, exp.Parameter):
        refuse("LIKE takes here a literal or a parameter", node)


def _check_escape(node: exp.Expr) -> None:
    if not (node.expression.is_string and isinstance(node.this, (exp.Like, exp.ILike))):
        refuse("ESCAPE", node)


def _check_regexp(node: exp.Expr) -> None:
    pattern = node.expression
    if not isinstance(pattern, (exp.Literal, exp.Parameter)) or "(?" in pattern.name:
        refuse("a regular expression must be a literal or a parameter, without (?…)", node)
    if node.args.get("flag"):
        refuse("~* is not listed by Redshift: LOWER the text", node)


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
    text = isinstance(action, exp.ColumnDef) and action.args["kind"].this.value not in {
        "BIGINT", "BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "INT", "SMALLINT", "TIMESTAMP",
    }  # fmt: skip
    if text:
        refuse("ADD COLUMN of text: create the table anew", node)
    if isinstance(action, exp.Drop) and action.args["kind"] != "COLUMN":
        refuse("ALTER TABLE", node)


def _check_insert(node: exp.Expr) -> None:
    for option in ("conflict", "returning", "overwrite", "by_name", "default", "alternative"):
        if node.args.get(option):
            refuse("INSERT option", node)


def _check_values(node: exp.Expr) -> None:
    if not isinstance(node.parent, exp.Insert):
        refuse("VALUES as a table does not exist in Redshift", node)


def _check_join(node: exp.Expr) -> None:
    if node.args.get("using") or node.text("method"):
        refuse("JOIN … USING or NATURAL is not emulated: write ON", node)
    if node.text("kind") not in {"", "INNER", "OUTER", "CROSS"}:
        refuse("join", node)
    if node.text("side") == "FULL":
        condition = node.args.get("on")
        parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
        if not all(isinstance(part, exp.EQ) for part in parts):
            refuse("FULL JOIN is only supported with merge-joinable join conditions", node)


def _check_is(node: exp.Expr) -> None:
    if isinstance(node.expression, exp.Boolean) and isinstance(
        node.parent, (exp.Select, exp.Alias)
    ):
        refuse("IS TRUE in the SELECT list does not exist in Redshift", node)


def _check_distinct_set(node: exp.Expr) -> None:
    if not isinstance(node, exp.Union) and not node.args.get("distinct"):
        refuse("INTERSECT ALL and EXCEPT ALL do not exist in Redshift", node)
    if node.args.get("by_name") or node.args.get("on"):
        refuse("a set operation BY NAME", node)


def _check_timestamp(node: exp.Expr) -> None:
    if not node.args.get("sysdate"):
        refuse("CURRENT_TIMESTAMP and NOW run on the leader node only: use GETDATE()", node)


def _check_star(node: exp.Expr) -> None:
    if any(node.args.values()):
        refuse("* with EXCLUDE, REPLACE or RENAME", node)


def _check_limit(node: exp.Expr) -> None:
    if not isinstance(node.expression, (exp.Literal, exp.Parameter)):
        refuse("LIMIT takes a number", node)


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


def _check_interval(node: exp.Expr) -> None:
    if not isinstance(node.parent, (exp.Add, exp.Sub)):
        refuse("an interval stands only in date + interval", node)


def _check_delete(node: exp.Expr) -> None:
    if node.args.get("returning") or node.args.get("limit") or node.args.get("order"):
        refuse("RETURNING, LIMIT and ORDER BY of DELETE and UPDATE", node)


def _check_update(node: exp.Expr) -> None:
    _check_delete(node)
    for join in node.find_all(exp.Join):
        if join.side:
            refuse("Target table must be part of an equijoin predicate", node)


def _check_function(node: exp.Expr) -> None:
    name = name_of(node)
    if name == "values" and isinstance(node.parent, exp.Tuple) and node.find_ancestor(exp.When):
        return  # INSERT VALUES (…) of MERGE
    if name not in known_functions():
        refuse(f"function {name.upper()}: Redshift lacks it, or it is not known here", node)
    if name == "concat" and len(node.expressions) != 2:
        refuse("CONCAT takes two arguments", node)


def _check_group(node: exp.Expr) -> None:
    if node.args.get("all") or node.args.get("totals"):
        refuse("GROUP BY ALL", node)


_CHECKS: dict[type, Callable[[exp.Expr], None]] = {
    exp.Alter: _check_alter, exp.Anonymous: _check_function, exp.Create: _check_create,
    exp.CurrentTimestamp: _check_timestamp, exp.DataType: _check_type, exp.Delete: _check_delete,
    exp.Escape: _check_escape, exp.Except: _check_distinct_set, exp.Group: _check_group,
    exp.ILike: _check_like, exp.Insert: _check_insert, exp.Intersect: _check_distinct_set,
    exp.Interval: _check_interval, exp.Is: _check_is, exp.Join: _check_join, exp.Like: _check_like,
    exp.Limit: _check_limit, exp.Merge: _check_merge,
    exp.RegexpLike: _check_regexp, exp.Select: _check_select, exp.Star: _check_star,
    exp.Table: _check_table, exp.Union: _check_distinct_set, exp.Update: _check_update,
    exp.Values: _check_values, exp.Window: _check_window,
}  # fmt: skip
