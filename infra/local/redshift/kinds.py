"""What kind of value each expression has: found from the tables' columns before SQL is rewritten.

A comparison of numbers needs no rule of Redshift's; one of text does. Where a kind stays unknown
('') the rewritten SQL asks the engine.
"""

from collections.abc import Sequence

from sqlglot import exp

from infra.local.redshift.definitions import name
from infra.local.redshift.errors import RedshiftError
from infra.local.redshift.functions import name_of
from infra.local.redshift.joins import name_merged, write_on
from infra.local.redshift.refusals import refuse

# tables with their columns and the engine's types of them; unknown tables are left out
Schema = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
# columns of a table, a view or a subquery with their kinds; None where they are not known
Columns = dict[str, str] | None

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
_REAL, _AMBIGUOUS = "real", "ambiguous"
_NOT_COLUMNS = {"literal": "text", "parameter": "", "null": ""}


def kind_of(node: exp.Expr) -> str:  # noqa: PLR0912
    """number, text, date or boolean; literal (text in quotes), parameter or null; '' if unknown."""
    node = node.unnest()
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
        return _NOT_COLUMNS.get(kind, kind)
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


def is_real(node: exp.Expr) -> bool:
    """Whether an expression is certain to be a REAL."""
    node = node.unnest()
    if isinstance(node, exp.Cast):
        return node.args["to"].this.value == "FLOAT"
    return bool(node.meta.get("real"))


def _of_real(kind: str) -> str:
    return "number" if kind == _REAL else kind


def column_kind(kind: str) -> str:
    """The kind of a column of an engine type, or ''."""
    return _of_real(engine_kind(kind))


def engine_kind(kind: str) -> str:
    """The same with REAL apart, whose arithmetic has rules of its own."""
    if kind == "VARCHAR":
        return "text"
    if kind == "BOOLEAN":
        return "boolean"
    if kind.startswith(("TIMESTAMP", "DATE")):
        return "date"
    if kind == "FLOAT":
        return _REAL
    numbers = ("DECIMAL", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE")
    return "number" if kind.startswith(numbers) else ""


class _Scope:
    """What names mean in one place: CTEs, and the tables of this query and of those around it."""

    def __init__(self, tables: dict[str, Columns], ctes: dict[str, Columns]) -> None:
        self.tables = tables
        self.ctes = ctes
        self.sources: list[dict[str, Columns]] = []
        self.aliases: dict[str, str] = {}

    def inner(self) -> "_Scope":
        scope = _Scope(self.tables, dict(self.ctes))
        scope.sources = [{}, *self.sources]
        return scope

    def kind(self, column: exp.Column) -> str:
        table, label = column.table.lower(), column.name.lower()
        for depth, sources in enumerate(self.sources):
            if table:
                if table in sources:
                    return (sources[table] or {}).get(label, "")
                continue
            if None in sources.values():
                return ""
            for columns in sources.values():
                if columns and label in columns:
                    return columns[label]
            if depth == 0 and label in self.aliases:
                return self.aliases[label]
        return ""


def annotate(tree: exp.Expr, schema: Schema, parameters: Sequence[str] = ()) -> Columns:
    """Note the kind of every column of a statement; returns those that its query gives.

    `parameters` are the kinds of $1, $2, … as far as the client has said; '' is text of any kind.
    """
    for parameter in tree.find_all(exp.Parameter):
        position = int(parameter.name) - 1
        if position < len(parameters):
            parameter.meta["kind"] = parameters[position]
    tables: dict[str, Columns] = {
        table: {column: engine_kind(kind) for column, kind in columns} for table, columns in schema
    }
    scope = _Scope(tables, {}).inner()
    if isinstance(tree, exp.Query):
        return _query(tree, scope)
    if isinstance(tree, exp.Insert) and isinstance(tree.expression, exp.Query):
        return _query(tree.expression, scope)
    if isinstance(tree, (exp.Update, exp.Delete, exp.Merge)):
        _ctes(tree, scope)
        for table in tree.find_all(exp.Table):
            if table.find_ancestor(exp.Query) is None:
                _source(table, scope)
        for join in tree.find_all(exp.Join):
            if join.find_ancestor(exp.Query) is None:
                _source(join.this, scope)
    _visit(tree, scope)
    return None


def _visit(node: exp.Expr, scope: _Scope) -> None:
    if isinstance(node, exp.Query):
        _query(node, scope.inner())
        return
    if isinstance(node, exp.Column):
        kind = scope.kind(node)
        if kind == _AMBIGUOUS:
            raise RedshiftError("42702", f'column reference "{node.name}" is ambiguous')
        node.meta["kind"] = _of_real(kind)
        node.meta["real"] = kind == _REAL
    for child in node.iter_expressions():
        _visit(child, scope)


def _ctes(node: exp.Expr, scope: _Scope) -> None:
    for cte in node.args["with_"].expressions if node.args.get("with_") else []:
        label = cte.alias.lower()
        named = [column.name.lower() for column in cte.args["alias"].columns]
        query = cte.this.unnest()
        if isinstance(query, exp.SetOperation):  # it may refer to itself
            first = _query(query.this.copy(), scope.inner())
            scope.ctes[label] = _renamed(first, named)
        scope.ctes[label] = _renamed(_query(query, scope.inner()), named)


def _renamed(columns: Columns, names: list[str]) -> Columns:
    if not names or columns is None:
        return columns
    return dict(zip(names, columns.values(), strict=False))


def _query(query: exp.Expr, scope: _Scope) -> Columns:
    """Annotate a query in a scope of its own; returns its columns."""
    query = query.unnest()
    _ctes(query, scope)
    if isinstance(query, exp.SetOperation):
        left = _query(query.this, scope.inner())
        right = _query(query.expression, scope.inner())
        _visit_parts(query, ("order", "limit", "offset"), scope)
        if left is None or right is None or len(left) != len(right):
            return None
        pairs = [*zip(left.items(), right.values(), strict=True)]
        for (label, kind), other in pairs:
            if kind and other and _of_real(kind) != _of_real(other):
                refuse(f"{label} is {kind} in one query and {other} in the other: CAST", query)
        return {label: kind if kind == other else "" for (label, kind), other in pairs}
    return _select(query, scope) if isinstance(query, exp.Select) else None


def _select(select: exp.Select, scope: _Scope) -> Columns:
    source = select.args.get("from_")
    if source is not None:
        _source(source.this, scope)
    merged: dict[str, exp.Column] = {}
    for join in select.args.get("joins") or []:
        left = dict(scope.sources[0])
        _source(join.this, scope)
        if join.args.get("using"):
            write_on(join, left, join.this.alias_or_name, merged)
    if merged:
        name_merged(select, scope.sources[0], merged)
    for projection in select.expressions:
        _visit(projection, scope)
        if isinstance(projection, exp.Alias):
            kind = kind_of(projection.this)
            scope.aliases[projection.alias.lower()] = _NOT_COLUMNS.get(kind, kind)
    for join in select.args.get("joins") or []:
        if join.args.get("on") is not None:
            _visit(join.args["on"], scope)
    _visit_parts(select, ("where", "group", "having", "qualify", "order", "limit"), scope)
    return _shown(select, scope)


def _visit_parts(node: exp.Expr, parts: Sequence[str], scope: _Scope) -> None:
    for part in parts:
        if node.args.get(part) is not None:
            _visit(node.args[part], scope)


def _source(source: exp.Expr, scope: _Scope) -> None:
    """Enter a table or a subquery of FROM under the name that columns have for it."""
    columns: Columns = None
    label = source.alias_or_name.lower()
    if isinstance(source, exp.Subquery):
        columns = _query(source.this, _without_sources(scope))
    elif isinstance(source, exp.Table):
        known = source.name.lower() in scope.ctes and not source.db
        columns = scope.ctes[source.name.lower()] if known else scope.tables.get(name(source))
    alias = source.args.get("alias")
    if alias is not None:
        columns = _renamed(columns, [column.name.lower() for column in alias.columns])
    scope.sources[0][label] = columns


def _without_sources(scope: _Scope) -> _Scope:
    """For a subquery in FROM, which does not see the tables beside it."""
    inner = scope.inner()
    inner.sources = [{}, *scope.sources[1:]]
    return inner


def _shown(select: exp.Expr, scope: _Scope) -> Columns:
    shown: dict[str, str] = {}
    for projection in select.expressions:
        value = projection.unalias()
        if isinstance(value, exp.Star) or (isinstance(value, exp.Column) and value.is_star):
            only = value.table.lower() if isinstance(value, exp.Column) else ""
            for label, columns in scope.sources[0].items():
                if only and label != only:
                    continue
                if columns is None:
                    return None
                for name_, kind in columns.items():
                    shown[name_] = _AMBIGUOUS if name_ in shown else kind
        else:
            kind = kind_of(value)
            kind = _REAL if is_real(value) else _NOT_COLUMNS.get(kind, kind)
            label = projection.alias_or_name.lower()
            shown[label] = _AMBIGUOUS if label in shown else kind
    return shown
