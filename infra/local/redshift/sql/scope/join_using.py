"""Rewrites JOIN … USING to ON, so that its columns are compared by Redshift's rules.

A column of USING is one column of the result. Its unqualified name means the column of the left
table, or of the right table after RIGHT JOIN.
Source: https://www.postgresql.org/docs/8.0/queries-table-expressions.html
"""

from collections.abc import Iterator

from sqlglot import exp

from infra.local.redshift.errors import refuse

# the sources of a SELECT by alias or name, with their columns in order
Sources = dict[str, list[tuple[str, str]] | None]


def write_on(join: exp.Join, left: Sources, right: str, merged: dict[str, exp.Column]) -> None:
    """Replace the USING of a join with ON.

    Args:
        join: The join; it is changed in place.
        left: The sources to the left of the join.
        right: The alias or name of the joined source.
        merged: The columns of USING so far, by name; the columns of this join are added.

    Raises:
        NotEmulatedError: The table of a column is not known, or two sources have one name.
    """
    if right.lower() in left:
        refuse("JOIN … USING of two tables of one name: give them aliases", join)
    conditions, named = [], {}
    for identifier in join.args["using"]:
        label = identifier.name.lower()
        owner = merged.get(label) or _owner(label, left, join)
        other = exp.column(label, table=right)
        conditions.append(exp.EQ(this=owner.copy(), expression=other))
        named[label] = other.copy() if join.side == "RIGHT" else owner.copy()
    older = {label: column for label, column in merged.items() if label not in named}
    merged.clear()
    merged.update(named | older)  # in the order that `*` shows them
    join.set("using", None)
    join.set("on", exp.and_(*conditions))


def _owner(label: str, left: Sources, join: exp.Join) -> exp.Column:
    owners = [table for table, columns in left.items() if label in dict(columns or [])]
    if None in left.values() or len(owners) != 1:
        refuse(f"whose {label} USING means is not known here: write ON", join)
    return exp.column(label, table=owners[0])


def name_merged(select: exp.Select, sources: Sources, merged: dict[str, exp.Column]) -> None:
    """Replace unqualified columns of USING, and `*`, with the merged columns.

    Args:
        select: The SELECT; it is changed in place.
        sources: Its sources.
        merged: The columns of USING by name, as `write_on` leaves them.

    Raises:
        NotEmulatedError: The columns of `*` are not known.
    """
    aliases = {p.alias.lower() for p in select.expressions if isinstance(p, exp.Alias)}
    for projection in list(select.expressions):
        if isinstance(projection, exp.Star):
            shown = [*_all_columns(select, sources, merged)]
            index = select.expressions.index(projection)
            select.expressions[index : index + 1] = shown
            select.set("expressions", select.expressions)
        elif isinstance(projection, exp.Column) and _is_merged(projection, merged):
            projection.replace(
                exp.alias_(merged[projection.name.lower()].copy(), projection.name, quoted=True)
            )
    for column in list(_own_columns(select)):
        ordered = isinstance(column.find_ancestor(exp.Order, exp.Window, exp.Select), exp.Order)
        if ordered and column.name.lower() in aliases:
            continue  # ORDER BY means the output column
        if _is_merged(column, merged):
            column.replace(merged[column.name.lower()].copy())


def _is_merged(column: exp.Column, merged: dict[str, exp.Column]) -> bool:
    return not column.table and column.name.lower() in merged


def _all_columns(
    select: exp.Select, sources: Sources, merged: dict[str, exp.Column]
) -> Iterator[exp.Expr]:
    for label, column in merged.items():
        yield exp.alias_(column.copy(), label, quoted=True)
    for table, columns in sources.items():
        if columns is None:
            refuse("* after JOIN … USING of tables that are not known: name the columns", select)
        for label, _ in columns:
            if label not in merged:
                yield exp.column(label, table=table)


def _own_columns(node: exp.Expr) -> Iterator[exp.Column]:
    """The columns of a SELECT, without those of its subqueries."""
    for child in node.iter_expressions():
        if isinstance(child, exp.Query):
            continue
        if isinstance(child, exp.Column):
            yield child
        else:
            yield from _own_columns(child)
