"""Brings existing tables to their DDL: adds columns, and refuses every other difference."""

from collections.abc import Sequence

from infra.ddl import Column, Table
from infra.warehouse import SCHEMAS, Transaction

# comments by column name, in the order of the columns, by schema.table
ExistingColumns = dict[str, dict[str, str]]


class ShapeError(RuntimeError):
    """An existing table differs from its DDL in a way that is not migrated."""


def existing_columns(work: Transaction) -> ExistingColumns:
    """Read the columns of all tables and views of the warehouse, in their order."""
    found: ExistingColumns = {}
    schemas = ", ".join(f"'{schema}'" for schema in SCHEMAS)
    for schema, table, column, remarks in work.query(
        "SELECT table_schema, table_name, column_name, remarks FROM svv_columns "
        f"WHERE table_schema IN ({schemas}) ORDER BY ordinal_position"
    ):
        found.setdefault(f"{schema}.{table}", {})[column] = remarks or ""
    return found


def add_columns(work: Transaction, ddl: Sequence[Table], existing: ExistingColumns) -> list[str]:
    """Add the columns that the DDL of existing tables has gained.

    A new column must be nullable or have a default, because existing rows have no value for it.

    Args:
        work: The transaction that prepares the warehouse.
        ddl: The tables under `sql/`.
        existing: The columns of the warehouse.

    Returns:
        The added columns, as `schema.table.column`.

    Raises:
        ShapeError: A table has columns that its DDL lacks, or lacks a required one.
        WarehouseError: A statement failed.
    """
    added = []
    for table in ddl:
        if table.full_name not in existing:
            continue
        for column in _missing(table, list(existing[table.full_name])):
            work.run(
                f"ALTER TABLE {table.full_name} ADD COLUMN {column.definition}",
                what=f"adding {table.full_name}.{column.name} (sql/{table.path})",
            )
            added.append(f"{table.full_name}.{column.name}")
    return added


def _missing(table: Table, existing: Sequence[str]) -> list[Column]:
    """The columns to add; raises ShapeError where adding columns is not enough."""
    missing = [column for column in table.columns if column.name not in existing]
    unknown = [name for name in existing if name not in table.names]
    required = [column.name for column in missing if column.required and not column.default]
    if not unknown and not required:
        return missing
    reason = (
        f"it has {', '.join(unknown)}, which the DDL lacks"
        if unknown
        else f"the new column {', '.join(required)} is NOT NULL and has no DEFAULT"
    )
    raise ShapeError(
        f"{table.full_name} has the columns {', '.join(existing)}, but sql/{table.path} wants "
        f"{', '.join(table.names)}: {reason}. Only nullable columns and columns with a default are "
        "added automatically. Alter the table, or drop it (with CASCADE, if a view of `candidate` "
        "depends on it) and run `olist rebuild --from-lake`; on "
        "a laptop `make clean` removes all local state"
    )
