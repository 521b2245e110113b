"""Writes the comments of the DDL to the warehouse, where BI tools show them."""

from collections.abc import Sequence

from infra.ddl import Table
from infra.warehouse import Transaction


def comment(work: Transaction, ddl: Sequence[Table]) -> int:
    """Set the comments of columns that differ from their DDL.

    Args:
        work: The transaction that prepares the warehouse.
        ddl: The tables under `sql/`, which all exist.

    Returns:
        The number of comments set.

    Raises:
        WarehouseError: A statement failed.
    """
    known = {
        (f"{schema}.{table}", column): remarks or ""
        for schema, table, column, remarks in work.query(
            "SELECT table_schema, table_name, column_name, remarks FROM svv_columns "
            "WHERE table_schema IN ('staging', 'analytics', 'audit')"
        )
    }
    count = 0
    for table in ddl:
        for column in table.columns:
            text = f"{column.comment} [{column.unit}]" if column.unit else column.comment
            if known.get((table.full_name, column.name), "") != text:
                quoted = text.replace("'", "''")
                work.run(f"COMMENT ON COLUMN {table.full_name}.{column.name} IS '{quoted}'")
                count += 1
    return count
