"""Streams the rows of a query in batches of bounded size, so that a result takes little memory."""

from collections.abc import Generator, Iterator

import duckdb
import pyarrow as pa

from infra.local.redshift.errors import from_duckdb

_ROWS = 2048  # DuckDB's vector: the fewest rows that it computes at a time
_BYTES = 4 << 20


def stream(query: duckdb.DuckDBPyRelation) -> Generator[pa.RecordBatch]:
    """Run a query and yield its rows, in batches of at most 4 MB or one row.

    Args:
        query: The bound query.

    Raises:
        RedshiftError: The query fails, also after its first rows.
    """
    try:
        reader = query.to_arrow_reader(_ROWS)
        try:
            for batch in reader:
                yield from _pieces(batch)
        finally:
            reader.close()
    except duckdb.Error as error:
        raise from_duckdb(error) from error
    except (pa.ArrowException, OSError) as error:  # a DuckDB error after the first rows
        raise from_duckdb(duckdb.Error(str(error))) from error


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    rows = max(1, _BYTES * batch.num_rows // max(1, batch.nbytes))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)
