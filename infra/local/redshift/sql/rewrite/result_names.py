"""Names unnamed result columns as Redshift does."""

from sqlglot import exp

from infra.local.redshift.sql.functions import name_of


def name_result_columns(tree: exp.Expr) -> None:
    """Name the unnamed columns of a statement, its CTEs and its subqueries."""
    _name_columns(tree)
    for query in list(tree.find_all(exp.Query)):
        inner = isinstance(query.parent, (exp.CTE, exp.Subquery))
        if inner and not isinstance(query, exp.Subquery):
            _name_columns(query)


def _name_columns(tree: exp.Expr) -> None:
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
