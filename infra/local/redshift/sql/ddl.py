"""CREATE TABLE and ALTER TABLE: the table's definition in Redshift, and the DDL for DuckDB.

DuckDB does not store lengths, keys and distribution, so the table's comment holds them as JSON.
Sources: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
"""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from sqlglot import exp

from infra.local.redshift.errors import NotEmulatedError, RedshiftError, refuse
from infra.local.redshift.sql.functions import name_of

_MAX_VARCHAR, _MAX_CHAR, _DEFAULT_VARCHAR = 65535, 4096, 256
_TEXT_TYPES = {"VARCHAR": "VARCHAR", "TEXT": "VARCHAR", "NVARCHAR": "VARCHAR",
               "CHAR": "CHAR", "NCHAR": "CHAR", "BPCHAR": "CHAR"}  # fmt: skip


@dataclass
class Definition:
    """The definition of a table in Redshift's catalogue."""

    table: str  # schema-qualified
    temporary: bool = False
    if_absent: bool = False  # CREATE TABLE IF NOT EXISTS
    like: str = ""  # CREATE TABLE a (LIKE b)
    columns: dict[str, str] = field(default_factory=dict)  # name to Redshift's type
    distkey: str = ""
    sortkey: list[str] = field(default_factory=list)
    diststyle: str = "AUTO"
    primary_key: list[str] = field(default_factory=list)
    unique: list[list[str]] = field(default_factory=list)
    foreign_keys: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> str:
        """JSON for the table's comment."""
        return json.dumps(asdict(self))


def name(table: exp.Expr) -> str:
    """`schema.table`, lower case; tables without a schema are in public."""
    assert isinstance(table, exp.Table)  # noqa: S101
    return f"{table.db or 'public'}.{table.name}".lower()


def normalise_type(kind: exp.Expr) -> None:
    """Replace type aliases and VARCHAR(MAX); set default sizes of BPCHAR and DECIMAL."""
    value = kind.this.value
    if value in _TEXT_TYPES:
        kind.set("this", exp.DType[_TEXT_TYPES[value]])
        sizes = kind.expressions
        if sizes and sizes[0].name.upper() == "MAX":
            kind.set("expressions", [_size(_MAX_VARCHAR)])
        elif value == "BPCHAR" and not sizes:
            kind.set("expressions", [_size(_DEFAULT_VARCHAR)])
    elif value == "DECIMAL":
        sizes = [size.this.copy() for size in kind.expressions] or [exp.Literal.number(18)]
        if len(sizes) == 1:
            sizes.append(exp.Literal.number(0))
        kind.set("expressions", [exp.DataTypeParam(this=size) for size in sizes])


def _size(value: int) -> exp.Expr:
    return exp.DataTypeParam(this=exp.Literal.number(value))


def of(create: exp.Expr) -> Definition:
    """Read the definition in a CREATE TABLE; remove the keys of columns from the tree.

    Raises:
        NotEmulatedError: A part of the statement is not emulated.
        RedshiftError: 42701, a column of CREATE TABLE AS is given twice.
    """
    target = create.this if isinstance(create.this, exp.Table) else create.this.this
    if create.expression is not None:
        _check_query(create)
    found = Definition(name(target), if_absent=bool(create.args.get("exists")))
    for prop in create.args["properties"].expressions if create.args.get("properties") else []:
        _read_property(prop, found)
    if not isinstance(create.this, exp.Schema):
        return found
    for part in create.this.expressions:
        if isinstance(part, exp.LikeProperty):
            found.like = name(part.this)
        elif isinstance(part, exp.ColumnDef):
            _read_column(part, found)
        elif create.expression is None:
            _read_key(part.expressions[0] if isinstance(part, exp.Constraint) else part, found)
    return found


def _check_query(create: exp.Expr) -> None:
    """Check that the columns of CREATE TABLE AS have different names, and types."""
    if create.args.get("exists"):
        refuse("CREATE TABLE AS has no IF NOT EXISTS in Redshift", create)
    query = create.expression.unnest()
    shown = query.expressions if isinstance(query, exp.Select) else []
    names = [projection.alias_or_name.lower() for projection in shown]
    twice = {label for label in names if label not in {"", "*"} and names.count(label) > 1}
    if twice and not isinstance(create.this, exp.Schema):
        raise RedshiftError("42701", f'column "{min(twice)}" specified more than once')
    for projection in shown:
        if isinstance(projection.unalias(), exp.Null):
            refuse("a column of NULL alone has no type: CAST it", create)


def _read_property(prop: exp.Expr, found: Definition) -> None:
    if isinstance(prop, exp.TemporaryProperty):
        found.temporary = True
    elif isinstance(prop, exp.DistKeyProperty):
        found.distkey = prop.name.lower()
        found.diststyle = "KEY"
    elif isinstance(prop, exp.SortKeyProperty):
        found.sortkey = [c.name.lower() for c in prop.this]
    elif isinstance(prop, exp.DistStyleProperty) and found.diststyle != "KEY":
        found.diststyle = prop.name.upper()
    elif isinstance(prop, exp.LikeProperty):
        found.like = name(prop.this)
        if prop.expressions:
            refuse("LIKE … INCLUDING", prop)


def _read_column(column: exp.ColumnDef, found: Definition) -> None:
    label, kind = column.name.lower(), column.args.get("kind")
    if kind is not None:
        normalise_type(kind)
        default = {"VARCHAR": _DEFAULT_VARCHAR, "CHAR": 1}.get(kind.this.value)
        if default and not kind.expressions:
            kind.set("expressions", [_size(default)])
        length = int(kind.expressions[0].name) if default else 0
        if length > (_MAX_VARCHAR if kind.this.value == "VARCHAR" else _MAX_CHAR):
            refuse("length", column)
        found.columns[label] = _words(kind)
    column.set("constraints", _read_constraints(column, found))


def _read_constraints(column: exp.ColumnDef, found: Definition) -> list[exp.Expr]:
    """Store the keys of a column in `found`; return the constraints that DuckDB enforces."""
    label, kept = column.name.lower(), []
    for constraint in column.args.get("constraints") or []:
        rule = constraint.args.get("kind", constraint)
        if isinstance(rule, exp.Var) or constraint.name in {"DISTKEY", "SORTKEY"}:
            if constraint.name == "DISTKEY":
                found.distkey, found.diststyle = label, "KEY"
            else:
                found.sortkey = [label]
        elif isinstance(rule, exp.PrimaryKeyColumnConstraint):
            found.primary_key = [label]
        elif isinstance(rule, exp.UniqueColumnConstraint):
            found.unique.append([label])
        elif isinstance(rule, exp.Reference):
            found.foreign_keys.append(_foreign_key([label], rule))
        elif isinstance(rule, (exp.NotNullColumnConstraint, exp.DefaultColumnConstraint)):
            if isinstance(rule, exp.DefaultColumnConstraint):
                _check_default(rule.this)
            kept.append(constraint)
        elif not isinstance(rule, exp.EncodeColumnConstraint):
            refuse("column constraint", column)
    return kept


def _check_default(value: exp.Expr) -> None:
    value = value.unnest()
    sysdate = isinstance(value, exp.CurrentTimestamp) and value.args.get("sysdate")
    clock = sysdate or name_of(value) == "getdate"
    if not (clock or isinstance(value, (exp.Literal, exp.Boolean, exp.Null, exp.Neg, exp.Cast))):
        refuse("DEFAULT takes here a constant, SYSDATE or GETDATE()", value)


def _read_key(part: exp.Expr, found: Definition) -> None:
    columns = [e.name.lower() for e in part.find_all(exp.Identifier)]
    if isinstance(part, exp.PrimaryKey):
        found.primary_key = columns
    elif isinstance(part, exp.UniqueColumnConstraint):
        found.unique.append(columns)
    elif isinstance(part, exp.ForeignKey):
        own = [e.name.lower() for e in part.expressions]
        found.foreign_keys.append(_foreign_key(own, part.args["reference"]))
    else:
        refuse("table constraint", part)


def _foreign_key(columns: list[str], reference: exp.Expr) -> dict[str, Any]:
    target = reference.find(exp.Table)
    if target is None:
        refuse("REFERENCES", reference)
    schema = reference.this
    names = [e.name.lower() for e in schema.expressions] if isinstance(schema, exp.Schema) else []
    return {"columns": columns, "table": name(target), "referred": names}


_WORDS = {"INT": "integer", "BIGINT": "bigint", "SMALLINT": "smallint", "FLOAT": "real",
          "DOUBLE": "double precision", "BOOLEAN": "boolean", "DATE": "date",
          "TIMESTAMP": "timestamp without time zone", "TIMESTAMPTZ": "timestamp with time zone",
          "VARCHAR": "character varying", "CHAR": "character", "DECIMAL": "numeric"}  # fmt: skip


def _words(kind: exp.Expr) -> str:
    sizes = ",".join(size.name for size in kind.expressions)
    return _WORDS[kind.this.value] + (f"({sizes})" if sizes else "")


def rewrite(create: exp.Expr) -> None:
    """Rewrite a CREATE for DuckDB, in place.

    It drops properties for tuning, and keys. It adds CHECK constraints for the lengths of text
    columns, because DuckDB ignores the lengths.
    """
    temporary = create.find(exp.TemporaryProperty)
    create.set("properties", exp.Properties(expressions=[temporary.copy()]) if temporary else None)
    schema = create.this
    if create.args["kind"] != "TABLE" or not isinstance(schema, exp.Schema):
        return
    if create.expression is not None:
        return  # CREATE TABLE t (names) AS
    columns = [part for part in schema.expressions if isinstance(part, exp.ColumnDef)]
    checks = []
    for column in columns:
        kind = column.args["kind"]
        if kind.this.value in {"VARCHAR", "CHAR"}:
            checks.append(
                _length_check(column.name, kind.this.value, int(kind.expressions[0].name))
            )
            kind.set("expressions", [])
        for default in column.find_all(exp.DefaultColumnConstraint):
            for clock in ("transaction_time", "statement_time"):
                if f"${clock}" in default.sql():  # the session sets it before writes
                    default.set("this", exp.var(f"CAST(getvariable('{clock}') AS TIMESTAMP)"))
    schema.set("expressions", [*columns, *(exp.var(check) for check in checks)])


def _length_check(column: str, kind: str, length: int) -> str:
    """CHECK of a length in bytes; CHAR needs its exact length, as it is not padded here."""
    words = f"{_WORDS[kind]}({length})"
    exact = "=" if kind == "CHAR" else "<="
    reason = (
        f"text shorter than {words} would be padded: use VARCHAR"
        if kind == "CHAR"
        else f"blanks beyond {words} would be cut: TRIM the text first"
    )
    return (
        f'CHECK (CASE WHEN "{column}" IS NULL OR strlen("{column}") {exact} {length} THEN TRUE '
        f"WHEN strlen(rtrim(\"{column}\", ' ')) <= {length} THEN error('0A000|{reason}') "
        f"ELSE error('22001|value too long for type {words}') END)"
    )


def change_of(alter: exp.Expr) -> tuple[str, ...]:
    """Describe the change of an ALTER TABLE.

    Returns:
        One of (add, column, type), (drop, column), (rename, column, new name), (move, new name of
        the table), (distkey, column), (diststyle, style) and (sortkey, column, …).
    """
    action = alter.args["actions"][0]
    if isinstance(action, exp.ColumnDef):
        found = Definition("")
        _read_column(action, found)
        return ("add", action.name.lower(), found.columns[action.name.lower()])
    if isinstance(action, exp.AlterDistStyle):
        column = isinstance(action.this, exp.Column)
        return ("distkey", action.name.lower()) if column else ("diststyle", action.name.upper())
    if isinstance(action, exp.AlterSortKey):
        return ("sortkey", *(column.name.lower() for column in action.expressions))
    if isinstance(action, exp.Drop):
        return ("drop", action.args["tables"][0].name.lower())
    if isinstance(action, exp.RenameColumn):
        return ("rename", action.this.name.lower(), action.args["to"].name.lower())
    return ("move", action.this.name.lower())


def changed(before: Definition, change: tuple[str, ...]) -> Definition:
    """The definition of a table after an ALTER TABLE.

    Args:
        before: The definition before it.
        change: The change, as `change_of` returns it.

    Raises:
        RedshiftError: 42703, the column to drop does not exist.
    """
    what, column, *rest = change
    columns = dict(before.columns)
    if what == "diststyle":
        return replace(before, diststyle=column, distkey="")
    if what == "distkey":
        return replace(before, diststyle="KEY", distkey=column)
    if what == "sortkey":
        return replace(before, sortkey=[column, *rest])
    if what == "add":
        columns[column] = rest[0]
    elif what == "drop":
        if column not in columns:
            raise RedshiftError("42703", f'column "{column}" of "{before.table}" does not exist')
        columns.pop(column)
    elif what == "rename":
        columns = {rest[0] if c == column else c: kind for c, kind in columns.items()}
    elif what == "move":  # RENAME TO: a new name in the same schema
        schema, _, _ = before.table.partition(".")
        return replace(before, table=f"{schema}.{column}", columns=columns)
    return replace(before, columns=columns)


def parse(comment: str | None, table: str) -> Definition:
    """Read the definition in a table's comment; raises NotEmulatedError if there is none."""
    if not comment:
        raise NotEmulatedError(f"{table} was made from a query, so the lengths of its columns are "
                               "not known: CREATE TABLE it with its types")  # fmt: skip
    return Definition(**json.loads(comment))
