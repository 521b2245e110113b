"""Writes the comments of the DDL to the warehouse, where BI tools show them."""

from collections.abc import Sequence

from infra.ddl import Table
from infra.warehouse import Transaction
from tasks.warehouse.migrate import ExistingColumns


def set_comments(work: Transaction, ddl: Sequence[Table], existing: ExistingColumns) -> int:
    """Set the comments of columns that differ from their DDL.

    Args:
        work: The transaction that prepares the warehouse.
        ddl: The tables under `sql/`, which all exist.
        existing: The columns of the warehouse before, with their comments.

    Returns:
        The number of comments set.

    Raises:
        WarehouseError: A statement failed.
    """
    count = 0
    for table in ddl:
        known = existing.get(table.full_name, {})
        for column in table.columns:
            text = f"{column.comment} [{column.unit}]" if column.unit else column.comment
            if known.get(column.name, "") != text:
                quoted = text.replace("'", "''")
                work.run(f"COMMENT ON COLUMN {table.full_name}.{column.name} IS '{quoted}'")
                count += 1
    return count
