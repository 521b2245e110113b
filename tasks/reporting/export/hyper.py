"""Write Parquet rows to a Tableau extract (.hyper), with Tableau's own library."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
from tableauhyperapi import (
    Connection,
    CreateMode,
    HyperProcess,
    Inserter,
    SqlType,
    TableDefinition,
    TableName,
    Telemetry,
)


def write_hyper(
    table: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch], path: Path
) -> None:
    """Write the table `Extract.<table>` to a new file; no usage data is sent to Tableau."""
    definition = TableDefinition(
        TableName("Extract", table),
        [TableDefinition.Column(field.name, _type(field.type)) for field in schema],
    )
    path.unlink(missing_ok=True)
    with (
        HyperProcess(
            Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU,
            parameters={"log_config": ""},
        ) as process,
        Connection(process.endpoint, str(path), CreateMode.CREATE_AND_REPLACE) as connection,
    ):
        connection.catalog.create_schema("Extract")
        connection.catalog.create_table(definition)
        with Inserter(connection, definition) as inserter:
            for batch in batches:
                inserter.add_rows(zip(*(column.to_pylist() for column in batch), strict=True))
            inserter.execute()


def _type(kind: pa.DataType) -> SqlType:
    """Return Tableau's type of a column; decimals stay exact."""
    if pa.types.is_decimal(kind):
        return SqlType.numeric(kind.precision, kind.scale)
    if pa.types.is_boolean(kind):
        return SqlType.bool()
    if pa.types.is_integer(kind):
        return SqlType.big_int() if kind.bit_width == 64 else SqlType.int()
    if pa.types.is_floating(kind):
        return SqlType.double()
    if pa.types.is_date(kind):
        return SqlType.date()
    if pa.types.is_timestamp(kind):
        return SqlType.timestamp()
    return SqlType.text()
