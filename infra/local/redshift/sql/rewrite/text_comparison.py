"""Rewrites comparisons and grouping of text: Redshift ignores trailing blanks.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html and, for numbers
against text, https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
"""

from collections.abc import Callable, Iterable

from sqlglot import exp

from infra.local.redshift.errors import refuse
from infra.local.redshift.sql.functions import call, name_of
from infra.local.redshift.sql.registry import AGGREGATES
from infra.local.redshift.sql.types.type_class import kind_of

COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)


def compare(node: exp.Expr) -> exp.Expr:
    """Rewrite a comparison so that trailing blanks of text are ignored.

    Raises:
        NotEmulatedError: The sides have different type classes.
    """
    left, right = node.this, node.expression
    kinds = kind_of(left), kind_of(right)
    if "null" in kinds or isinstance(right, (exp.Any, exp.All)):
        return node
    if "literal" in kinds and kinds != ("literal", "literal"):
        other = right if kinds[0] == "literal" else left
        kind = kind_of(other)
        if kind == "number":
            refuse("a number compared with a text literal: write it without quotes", node)
        if kind in {"date", "boolean"}:
            return node
        guards = [] if kind == "text" else [call("takes_literal", _typed_like(other))]
    elif all(kinds) and "parameter" not in kinds:
        if kinds[0] != kinds[1] and kinds != ("literal", "literal"):
            refuse(f"{kinds[0]} compared with {kinds[1]}: CAST one side", node)
        if kinds[0] not in {"text", "literal"}:
            return node
        guards = []
    elif "parameter" in kinds:
        certain = _certain(*kinds) or _certain(*reversed(kinds))
        guards = [] if certain else [call("takes", _typed_like(left), _typed_like(right))]
    else:
        guards = [call("alike", _typed_like(left), _typed_like(right))]
    result = type(node)(this=_keyed(left), expression=_keyed(right))
    return _guarded(result, guards)


def _certain(kind: str, other: str) -> bool:
    """Whether two type classes may be compared without a check of the types by DuckDB.

    A parameter is text in quotes, unless the client has given its type.
    """
    if kind in {"text", "date"} and other in {"parameter", "literal"}:
        return True
    return bool(kind) and kind == other and kind not in {"parameter", "literal"}


def compare_in(node: exp.In) -> exp.Expr:
    """Rewrite IN over a list or a subquery, by the rules of `compare`."""
    guards: list[exp.Expr] = []
    query = node.args.get("query")
    if query is not None:
        theirs, mine = kind_of(query), kind_of(node.this)
        mine = "text" if mine == "literal" else mine
        if theirs and mine not in {"", "parameter", "null", theirs}:
            refuse(f"{mine} compared with {theirs}: CAST one side", node)
        return _guarded(exp.In(this=_keyed(node.this), query=_keyed_query(query)), guards)
    kinds = {kind_of(value) for value in node.expressions}
    mine = kind_of(node.this)
    if kinds <= {"literal", "null"}:
        if mine == "number":
            refuse("a number compared with a text literal: write it without quotes", node)
        if mine in {"date", "boolean"}:
            return node
        guards = [] if mine == "text" else [call("takes_literal", _typed_like(node.this))]
    else:
        guards = [
            call(
                "takes" if kind_of(v) == "parameter" else "alike",
                _typed_like(node.this),
                _typed_like(v),
            )
            for v in node.expressions
            if not _certain(mine, kind_of(v))
        ]
        if kinds <= {"number"}:
            return _guarded(node.copy(), guards[:1] if mine != "number" else [])
    values = [_keyed(value) for value in node.expressions]
    return _guarded(exp.In(this=_keyed(node.this), expressions=values), guards)


def group_guards(select: exp.Select) -> list[exp.Expr]:
    """Conditions that raise an error if a key of GROUP BY is text that ends in blanks."""
    group = select.args.get("group")
    if group is None:
        return []
    keys = []
    for key in group.expressions:
        nested = isinstance(key, (exp.Rollup, exp.Cube, exp.GroupingSets))
        keys += [*key.find_all(exp.Column)] if nested else [key]
    for part in ("rollup", "cube", "grouping_sets"):
        for nested in group.args.get(part) or []:
            keys += [*nested.find_all(exp.Column)]
    resolved = []
    for key in keys:
        if isinstance(key, exp.Literal):
            if key.is_int and (select.is_star or int(key.name) > len(select.expressions)):
                refuse("GROUP BY a position that is not in the SELECT list, or of *", group)
            if not key.is_int:
                refuse("GROUP BY takes columns, expressions of them, or positions", group)
            key = select.expressions[int(key.name) - 1].unalias()  # noqa: PLW2901 (GROUP BY 1)
        resolved.append(key)
    return _unpadded(resolved)


def distinct_guards(select: exp.Select) -> list[exp.Expr]:
    """Conditions that raise an error if a column of SELECT DISTINCT ends in blanks."""
    shown = []
    for projection in select.expressions:
        value = projection.unalias()
        if isinstance(value, exp.Star) or (isinstance(value, exp.Column) and value.is_star):
            shown.append(exp.Anonymous(this="COLUMNS", expressions=[value.copy()]))
        elif value.find(exp.Window) is not None:
            shown += [column.copy() for column in value.find_all(exp.Column)]
        elif value.find(exp.Column) is not None:
            shown.append(value)
    return _unpadded(shown)


def _unpadded(values: Iterable[exp.Expr]) -> list[exp.Expr]:
    return [
        call("unpadded", value.copy())
        for value in values
        if kind_of(value) not in {"number", "date", "boolean", "literal"}
    ]


def _keyed(node: exp.Expr) -> exp.Expr:
    kind = kind_of(node)
    if kind == "literal":
        return exp.Literal.string(node.unnest().name.rstrip(" "))
    if kind in {"number", "date", "boolean", "null"}:
        return node.copy()
    if isinstance(node.unnest(), exp.Query):
        return _keyed_query(node)
    known = kind != "parameter" and _known_to_engine(node)
    return call("key" if known else "checked_key", node.copy())


def _keyed_query(query: exp.Expr) -> exp.Expr:
    """Rewrite a subquery of one column so that its values have no trailing blanks."""
    select = query.unnest()
    if isinstance(select, exp.Select) and not select.args.get("distinct") and not select.is_star:
        keyed = query.copy()
        keyed = keyed if isinstance(keyed, exp.Subquery) else exp.Subquery(this=keyed)
        column = keyed.unnest().expressions[0]
        column.replace(exp.alias_(_keyed(column.unalias()), "key", quoted=True))
        return keyed
    inner = exp.Subquery(this=select.copy(), alias=exp.TableAlias(this=_identifier("q")))
    # COLUMNS(*) is the one column of the subquery, with the type that DuckDB found
    keys = call("key", exp.Anonymous(this="COLUMNS", expressions=[exp.Star()]))
    return exp.Subquery(this=exp.select(keys).from_(inner))


def _typed_like(value: exp.Expr) -> exp.Expr:
    """An expression of the same type; a subquery gets LIMIT 0, so that it costs nothing."""
    select = value.unnest()
    if not isinstance(select, exp.Select):
        return value.copy()
    witness = select.copy()
    for part in ("where", "having", "order"):
        witness.set(part, None)
    witness.set("limit", exp.Limit(expression=exp.Literal.number(0)))
    return exp.Subquery(this=witness)


def _known_to_engine(node: exp.Expr) -> bool:
    """Whether DuckDB knows the type before it binds aggregates, windows and aliases."""
    if any(isinstance(part, (exp.Window, exp.WithinGroup)) for part in node.walk()):
        return False
    if any(name_of(part) in AGGREGATES for part in node.walk()):
        return False
    select = node.parent_select
    aliases = (
        {p.alias.lower() for p in select.expressions if p.alias}
        if isinstance(select, exp.Select)
        else set()
    )
    return not any(
        not column.table and column.name.lower() in aliases for column in node.find_all(exp.Column)
    )


def _guarded(node: exp.Expr, guards: list[exp.Expr]) -> exp.Expr:
    if not guards:
        return node
    return exp.Paren(this=exp.and_(node, *guards))


def _identifier(name: str) -> exp.Identifier:
    return exp.to_identifier(name)


def copied_nodes(node: exp.Expr) -> int:
    """The number of syntax tree nodes that `normalise` adds; nested copies grow exponentially."""
    if isinstance(node, exp.Case) and node.this is not None:
        return _size(node.this) * len(node.args["ifs"])
    if isinstance(node, exp.Between):
        return _size(node.this)
    if name_of(node) == "nullif":
        return _size(node.expressions[0])
    if name_of(node) == "decode":
        return _size(node.expressions[0]) * (len(node.expressions) // 2)
    return 0


def _size(node: exp.Expr | None) -> int:
    return 0 if node is None else sum(1 for _ in node.walk())


def normalise(node: exp.Expr) -> None:
    """Rewrite CASE, DECODE, NULLIF and BETWEEN to explicit comparisons, in place.

    Call it for inner nodes first: it copies operands.
    """
    if isinstance(node, exp.Case) and node.this is not None:
        operand = node.this
        node.set("this", None)
        for branch in node.args["ifs"]:
            branch.set("this", exp.EQ(this=operand.copy(), expression=branch.this))
    elif isinstance(node, exp.Between):
        value, low, high = (node.args[part] for part in ("this", "low", "high"))
        node.replace(
            exp.Paren(
                this=exp.And(
                    this=exp.GTE(this=value.copy(), expression=low.copy()),
                    expression=exp.LTE(this=value.copy(), expression=high.copy()),
                )
            )
        )
    elif name_of(node) == "nullif":
        a, b = node.expressions
        node.replace(
            exp.Case(
                ifs=[exp.If(this=exp.EQ(this=a.copy(), expression=b.copy()), true=exp.Null())],
                default=a.copy(),
            )
        )
    elif name_of(node) == "decode":
        value, *pairs = node.expressions
        ifs = []
        for key, result in zip(pairs[::2], pairs[1::2], strict=False):
            equal: exp.Expr = exp.EQ(this=value.copy(), expression=key.copy())
            if isinstance(key, exp.Null):
                equal = exp.Is(this=value.copy(), expression=exp.Null())
            ifs.append(exp.If(this=equal, true=result.copy()))
        default = pairs[-1].copy() if len(pairs) % 2 else None
        node.replace(exp.Case(ifs=ifs, default=default))


def _select(node: exp.Expr) -> exp.Expr:
    """Refuse values of GROUP BY and DISTINCT that end in blanks, by conditions in the SQL."""
    if not isinstance(node, exp.Select):
        return node
    for condition in group_guards(node):
        node.having(condition, copy=False)
    if node.args.get("distinct"):
        add = node.having if node.args.get("group") or _aggregates(node) else node.where
        for condition in distinct_guards(node):
            add(condition, copy=False)
    return node


def _aggregates(select: exp.Select) -> bool:
    """Whether a SELECT has aggregates, so that it returns one row without GROUP BY."""
    calls = (call for p in select.expressions for call in p.find_all(exp.Anonymous))
    return any(
        name_of(call) in AGGREGATES and call.find_ancestor(exp.Window, exp.Select) is select
        for call in calls
    )


def _set_operation(node: exp.Expr) -> exp.Expr:
    if node.args.get("distinct") is False:
        return node
    for side in ("this", "expression"):
        operand = node.args[side].unnest()
        if isinstance(operand, exp.SetOperation):
            continue  # its own operands are wrapped when it is visited
        source = exp.Subquery(
            this=operand.copy(), alias=exp.TableAlias(this=exp.to_identifier("q"))
        )
        columns = exp.Anonymous(this="COLUMNS", expressions=[exp.Star()])
        node.set(side, exp.select("*").from_(source).where(call("unpadded", columns)))
    return node


def _window(node: exp.Expr) -> exp.Expr:
    """Ignore trailing blanks in PARTITION BY, and in the ORDER BY of ranks."""
    node.set("partition_by", [_keyed(key) for key in node.args.get("partition_by") or []])
    if name_of(node.this) in {"rank", "dense_rank", "percent_rank", "cume_dist"}:
        for item in node.args["order"].expressions if node.args.get("order") else []:
            item.set("this", _keyed(item.this))
    return node


def _count_distinct(node: exp.Expr) -> exp.Expr:
    if name_of(node) == "count" and isinstance(node.expressions[0], exp.Distinct):
        distinct = node.expressions[0]
        if len(distinct.expressions) != 1:
            refuse("COUNT(DISTINCT) takes one expression", node)
        distinct.set("expressions", [_keyed(distinct.expressions[0])])
    return node


COMPARING: dict[type, Callable] = {
    **dict.fromkeys(COMPARISONS, compare),
    exp.In: compare_in,
    exp.Select: _select,
    exp.Union: _set_operation,
    exp.Except: _set_operation,
    exp.Intersect: _set_operation,
    exp.Window: _window,
    exp.Anonymous: _count_distinct,
}
