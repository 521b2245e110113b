"""Resolves the columns of a statement from its tables, CTEs and subqueries.

Stores the type class of each column before SQL is rewritten; rewrites JOIN … USING and PIVOT.
"""

from collections.abc import Sequence

from sqlglot import exp

from infra.local.redshift.errors import RedshiftError, refuse
from infra.local.redshift.sql.ddl import name
from infra.local.redshift.sql.scope.correlated_subqueries import (
    check_condition,
    check_select,
    note_level,
)
from infra.local.redshift.sql.scope.join_using import name_merged, write_on
from infra.local.redshift.sql.scope.pivot import rotated
from infra.local.redshift.sql.types.numeric_type import (
    INTEGER,
    REAL,
    is_number,
    note_number,
    number_type,
)
from infra.local.redshift.sql.types.type_class import NOT_COLUMNS, engine_kind, kind_of, plain

# tables with the names and DuckDB types of their columns; unknown tables are left out
Schema = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
# names and type classes of the columns of a table, view or subquery; None if not known
Columns = list[tuple[str, str]] | None
_A_QUERY: dict[str, Columns] = {"": []}  # marks the query around a subquery of FROM


class _Scope:
    """The names that a query sees: CTEs, and the tables of this query and of outer queries."""

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
                    note_level(column, depth, any(self.sources[1:depth]))
                    return _only(label, sources[table] or [])
                continue
            if None in sources.values():
                return ""
            for columns in sources.values():
                if any(label == name_ for name_, _ in columns or []):
                    note_level(column, depth, any(self.sources[1:depth]))
                    return _only(label, columns or [])
            if depth == 0 and label in self.aliases:
                return self.aliases[label]
        return ""


def _only(label: str, columns: list[tuple[str, str]]) -> str:
    """The type class of the column with a name; '' if there is none."""
    kinds = [kind for name_, kind in columns if name_ == label]
    if len(kinds) > 1:
        raise RedshiftError("42702", f'column reference "{label}" is ambiguous')
    return kinds[0] if kinds else ""


def annotate(tree: exp.Expr, schema: Schema, parameters: Sequence[str] = ()) -> Columns:
    """Store the type class of every column of a statement in the tree.

    Args:
        tree: The statement.
        schema: The columns of its tables.
        parameters: The type classes of $1, $2, … as given by the client, `integer` for integers; ''
            is an unknown type.

    Returns:
        The columns that its query returns; None if it has no query or they are not known.

    Raises:
        RedshiftError: 42702 for an ambiguous column, 0A000 for SQL that is refused.
    """
    for parameter in tree.find_all(exp.Parameter):
        position = int(parameter.name) - 1
        if position < len(parameters):
            parameter.meta["kind"] = plain(parameters[position])
            if parameters[position] == INTEGER:
                parameter.meta["number"] = INTEGER
    tables: dict[str, Columns] = {
        table: [(column, engine_kind(kind)) for column, kind in columns]
        for table, columns in schema
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
        node.meta["kind"] = plain(kind)
        node.meta["number"] = kind if is_number(kind) else ""
    for child in node.iter_expressions():
        if not isinstance(child, exp.With):  # its queries have been visited
            _visit(child, scope)
    note_number(node)


def _ctes(node: exp.Expr, scope: _Scope) -> None:
    with_ = node.args.get("with_") or exp.With(expressions=[])
    for cte in with_.expressions:
        label = cte.alias.lower()
        named = [column.name.lower() for column in cte.args["alias"].columns]
        query = cte.this.unnest()
        if with_.args.get("recursive") and isinstance(query, exp.SetOperation):
            first = _query(query.this.copy(), scope.inner())
            scope.ctes[label] = _renamed(first, named)
        scope.ctes[label] = _renamed(_query(query, scope.inner()), named)


def _renamed(columns: Columns, names: list[str]) -> Columns:
    if not names or columns is None:
        return columns
    kinds = [kind for _, kind in columns]
    return [*zip(names, kinds, strict=False), *columns[len(names) :]]


def _query(query: exp.Expr, scope: _Scope) -> Columns:
    """Annotate a query in its scope; return its columns."""
    query = query.unnest()
    _ctes(query, scope)
    if isinstance(query, exp.SetOperation):
        left = _query(query.this, scope.inner())
        right = _query(query.expression, scope.inner())
        _visit_parts(query, ("order", "limit", "offset"), scope)
        if left is None or right is None or len(left) != len(right):
            return None
        pairs = [*zip(left, [kind for _, kind in right], strict=True)]
        for (label, kind), other in pairs:
            if kind and other and plain(kind) != plain(other):
                refuse(
                    f"{label} is {plain(kind)} in one query and {plain(other)} in the other: CAST",
                    query,
                )
        return [(label, _either(kind, other)) for (label, kind), other in pairs]
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
            scope.aliases[projection.alias.lower()] = _kind_shown(projection.this)
    for join in select.args.get("joins") or []:
        if join.args.get("on") is not None:
            _visit(join.args["on"], scope)
            check_condition(join)
    _visit_parts(select, ("where", "group", "having", "qualify", "order", "limit"), scope)
    check_select(select)
    return _shown(select, scope)


def _either(kind: str, other: str) -> str:
    """The type class of a column of a set operation, from the two queries."""
    if kind == other:
        return kind
    return plain(kind) if plain(kind) == plain(other) and REAL not in {kind, other} else ""


def _visit_parts(node: exp.Expr, parts: Sequence[str], scope: _Scope) -> None:
    for part in parts:
        if node.args.get(part) is not None:
            _visit(node.args[part], scope)


def _source(source: exp.Expr, scope: _Scope) -> None:
    """Add a table or subquery of FROM to the scope, by its alias or name."""
    columns = _columns_of(source, scope)
    if source.args.get("pivots"):
        source = rotated(source, columns)
        columns = _columns_of(source, scope)
    label = source.alias_or_name.lower()
    # the columns of two tables of one name, in two schemas, stay unknown: DuckDB resolves them
    scope.sources[0][label] = None if label in scope.sources[0] else columns


def _columns_of(source: exp.Expr, scope: _Scope) -> Columns:
    columns: Columns = None
    if isinstance(source, exp.Subquery):
        columns = _query(source.this, _without_sources(scope))
    elif isinstance(source, exp.Table):
        known = source.name.lower() in scope.ctes and not source.db
        columns = scope.ctes[source.name.lower()] if known else scope.tables.get(name(source))
    alias = source.args.get("alias")
    if alias is not None:
        columns = _renamed(columns, [column.name.lower() for column in alias.columns])
    return columns


def _without_sources(scope: _Scope) -> _Scope:
    """The scope of a subquery in FROM, which does not see the tables beside it."""
    inner = scope.inner()
    inner.sources = [{}, _A_QUERY, *scope.sources[1:]]
    return inner


def _shown(select: exp.Expr, scope: _Scope) -> Columns:
    shown: list[tuple[str, str]] = []
    for projection in select.expressions:
        value = projection.unalias()
        if isinstance(value, exp.Star) or (isinstance(value, exp.Column) and value.is_star):
            only = value.table.lower() if isinstance(value, exp.Column) else ""
            for label, columns in scope.sources[0].items():
                if only and label != only:
                    continue
                if columns is None:
                    return None
                shown += columns
        else:
            shown.append((projection.alias_or_name.lower(), _kind_shown(value)))
    return shown


def _kind_shown(value: exp.Expr) -> str:
    kind = kind_of(value)
    return number_type(value) or NOT_COLUMNS.get(kind, kind)
