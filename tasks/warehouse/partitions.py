"""Partitions of the published tables: exports rewrite only those that a publish changed.

The header of a table names its partitions: `-- Exported by: purchase_month, the month of
purchase_date_key`. Other tables have one partition. A publish records the partitions that it
changes in `audit.changed_partitions`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from infra.ddl import Table
from infra.warehouse import Transaction
from tasks.warehouse.merged_views import retired
from tasks.warehouse.models import Model, ModelError

WHOLE = 0  # the partition of a table that is exported as a whole
_HEADER = re.compile(r"(?P<name>\w+), the month of (?P<column>\w+)")


@dataclass(frozen=True)
class Partition:
    """How the rows of a table are divided by month."""

    name: str  # of the partition: purchase_month
    column: str  # a date, a timestamp, or a date key such as 20181017
    is_key: bool

    @property
    def value(self) -> str:
        """SQL of the month of a row as a number, such as 201810; 0 for an unknown day."""
        if self.is_key:
            return f"{self.column} / 100"
        return f"CAST(TO_CHAR({self.column}, 'YYYYMM') AS INTEGER)"

    def condition(self, month: int) -> str:
        """SQL condition for the rows of a month, on the sort key: other blocks are not read."""
        if not self.is_key:
            first = f"CAST('{month // 100}-{month % 100:02}-01' AS TIMESTAMP)"
            return f"{self.column} >= {first} AND {self.column} < DATEADD(MONTH, 1, {first})"
        return f"{self.column} {f'BETWEEN {month}00 AND {month}99' if month else '< 100'}"


def partition_of(table: Table) -> Partition | None:
    """The partitions of a published table; None if it is exported as a whole.

    Raises:
        ModelError: The header has another form, or names an unknown column.
    """
    if (named := table.header.get("Exported by")) is None:
        return None
    found = _HEADER.fullmatch(named)
    if found is None or found["column"] not in table.names:
        raise ModelError(
            f"sql/{table.path}: expected -- Exported by: <name>, the month of <column>"
        )
    kind = next(column.kind for column in table.columns if column.name == found["column"])
    return Partition(found["name"], found["column"], is_key=kind not in {"DATE", "TIMESTAMP"})


def record_changed_partitions(
    work: Transaction, models: Collection[Model], publish_number: int
) -> None:
    """Record the partitions in which a publish changes a row; call it before the publish.

    A published row that the publish replaces by an equal one is no change.
    """
    work.run(
        "INSERT INTO audit.changed_partitions (table_name, partition_value, publish_number) "
        "SELECT table_name, partition_value, CAST(%s AS BIGINT) FROM ("
        + " UNION ALL ".join(_changed(model) for model in models)
        + ") AS changed",
        [publish_number],
        what="recording the changed partitions",
    )


def _changed(model: Model) -> str:
    """SELECT the partitions of a model whose rows differ before and after the publish."""
    columns, partition, condition = (
        model.table.column_list,
        partition_of(model.table),
        retired(model),
    )
    value = partition.value if partition else f"{WHOLE}"
    where = f" WHERE {condition}" if condition else ""
    # a row that occurs on both sides adds up to nothing
    return (
        f"SELECT DISTINCT CAST('{model.name}' AS VARCHAR(127)) AS table_name, "
        f"{value} AS partition_value FROM ("
        f"SELECT {columns} FROM ("
        f"SELECT {columns}, 1 AS side FROM candidate.{model.name} UNION ALL "
        f"SELECT {columns}, -1 AS side FROM analytics.{model.name}{where}) AS sides "
        f"GROUP BY {columns} HAVING SUM(side) <> 0) AS {model.name}"
    )
