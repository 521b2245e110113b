"""The staging rows in force: if several batches contain a key, the rows of the latest one.

The header of a staging table names the key: `-- Latest by: order_id (…)`.
"""

from infra.contracts import BATCH_DATE
from infra.ddl import Table


def latest_key(table: Table) -> str | None:
    """The column by which a later batch replaces earlier rows; None where batches add up."""
    named = table.header.get("Latest by")
    return named.split()[0] if named else None


def create_latest(table: Table, key: str) -> str:
    """CREATE TABLE of `candidate.latest_<table>`: the rows in force of the affected keys.

    Args:
        table: A staging table.
        key: Its key column, for example `order_id`: `candidate.affected_order` has affected keys.
    """
    columns = ", ".join(f"versions.{name}" for name in table.names)
    affected = f"affected_{key.removesuffix('_id')}"
    return (
        f"CREATE TABLE candidate.latest_{table.name} AS\n"
        "WITH ranked AS (\n"
        f"    SELECT {columns},\n"
        f"        RANK() OVER (PARTITION BY versions.{key} ORDER BY versions.{BATCH_DATE} DESC)\n"
        "            AS batch_rank\n"
        f"    FROM candidate.history_{table.name} AS versions\n"
        f"    INNER JOIN candidate.{affected} ON versions.{key} = {affected}.{key}\n"
        ")\n\n"
        f"SELECT {table.column_list}\nFROM ranked\nWHERE batch_rank = 1"
    )
