"""Column types of existing tables: widen those of published models, and refuse other differences.

Redshift changes no type but the length of a VARCHAR, and that not inside a transaction. So a table
with a wider type is created beside the old one, and filled from it.
Source: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
"""

from collections.abc import Sequence

from infra import ddl
from infra.ddl import Column, Table
from infra.sql_files import sql_files
from infra.warehouse import SCHEMAS, Transaction
from tasks.warehouse.migrate import ShapeError
from tasks.warehouse.transform import drop_candidates

_Type = tuple[str, int, int]  # kind, then precision and scale, or length and 0

_KINDS = {
    "numeric": "DECIMAL",
    "character varying": "VARCHAR",
    "smallint": "SMALLINT",
    "integer": "INT",
    "bigint": "BIGINT",
    "double precision": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp without time zone": "TIMESTAMP",
}
_WHOLE = ("SMALLINT", "INT", "BIGINT")  # from narrow to wide


def widen_columns(work: Transaction, wanted: Sequence[Table]) -> list[str]:
    """Give the published models the wider types that their DDL has gained.

    Views of the project that depend on a widened table are dropped; `prepare_warehouse` creates
    them again.

    Args:
        work: The transaction that prepares the warehouse.
        wanted: The tables under `sql/`; those that do not exist are left out.

    Returns:
        The widened columns, as `schema.table.column`.

    Raises:
        ShapeError: A type differs in another way, or in a table that is not a published model.
        WarehouseError: A statement failed; for example, a view of a user depends on the table.
    """
    existing = _existing_types(work)
    changed = [
        (table, differing)
        for table in wanted
        if (differing := _differing(table, existing.get(table.full_name, {})))
    ]
    if not changed:
        return []
    drop_candidates(work)
    for folder in ("audit", "views"):
        for path in sql_files(folder):
            if ddl.table(f"{folder}/{path.name}") is None:
                view = f"{'audit' if folder == 'audit' else 'analytics'}.{path.stem}"
                work.run(f"DROP VIEW IF EXISTS {view}", what=f"renewing the view {view}")
    for table, _ in changed:
        _copy(work, table)
    return [f"{table.full_name}.{column.name}" for table, columns in changed for column in columns]


def _copy(work: Transaction, table: Table) -> None:
    before, what = f"{table.name}_narrow", f"widening {table.full_name} (sql/{table.path})"
    work.run(f"ALTER TABLE {table.full_name} RENAME TO {before}", what=what)
    work.run(table.create, what=what)
    work.run(
        f"INSERT INTO {table.full_name} ({table.column_list}) "
        f"SELECT {table.column_list} FROM {table.schema}.{before}",
        what=what,
    )
    work.run(f"DROP TABLE {table.schema}.{before}", what=what)


def _existing_types(work: Transaction) -> dict[str, dict[str, _Type]]:
    found: dict[str, dict[str, _Type]] = {}
    schemas = ", ".join(f"'{schema}'" for schema in SCHEMAS)
    for name, column, kind, length, precision, scale in work.query(
        "SELECT table_schema || '.' || table_name AS table_name, column_name, data_type, "
        "character_maximum_length, numeric_precision, numeric_scale FROM svv_columns "
        f"WHERE table_schema IN ({schemas})"
    ):
        first, second = {
            "numeric": (precision, scale),
            "character varying": (length, 0),
        }.get(kind, (0, 0))
        found.setdefault(name, {})[column] = (_KINDS.get(kind, str(kind)), int(first), int(second))
    return found


def _differing(table: Table, existing: dict[str, _Type]) -> list[Column]:
    """The columns whose type is to be widened; raises ShapeError for every other difference."""
    differing = []
    for column in table.columns:
        if column.name not in existing or existing[column.name] == _type_of(column):
            continue
        if table.schema != "analytics" or not _is_wider(_type_of(column), existing[column.name]):
            raise ShapeError(
                f"{table.full_name}.{column.name} is {_text(existing[column.name])}, but "
                f"sql/{table.path} wants {column.type}. Only types of published models are widened "
                "automatically. Alter the table, or drop it (with CASCADE, if a view of "
                "`candidate` depends on it) and run `olist rebuild --from-lake`; on a laptop "
                "`make clean` removes all local state"
            )
        differing.append(column)
    return differing


def _type_of(column: Column) -> _Type:
    first, second = (*column.sizes, 0, 0)[:2]
    return (column.kind, first, second)


def _is_wider(new: _Type, old: _Type) -> bool:
    if new[0] in _WHOLE and old[0] in _WHOLE:
        return _WHOLE.index(new[0]) > _WHOLE.index(old[0])
    whole, before = new[1] - new[2], old[1] - old[2]
    return new[0] == old[0] and new[2] >= old[2] and whole >= before


def _text(known: _Type) -> str:
    sizes = ", ".join(str(size) for size in known[1:] if size)
    return f"{known[0]}({sizes})" if sizes else known[0]
