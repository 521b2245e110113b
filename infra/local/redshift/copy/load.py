"""Runs COPY: loads all files or none, and records the load in sys_load_history.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html and
https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
"""

import io
import itertools
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq

from infra.local.redshift.clock import now
from infra.local.redshift.context import SessionContext
from infra.local.redshift.copy import delimited, manifest
from infra.local.redshift.copy.append import insert
from infra.local.redshift.copy.load_error import LoadError
from infra.local.redshift.copy.statement import Copy
from infra.local.redshift.errors import RedshiftError

_BATCH_ROWS = 131_072
_queries = itertools.count(1)


@dataclass
class _Progress:
    """The progress of a COPY."""

    query: int
    started: datetime = field(default_factory=now)
    files: int = 0
    size: int = 0  # bytes read
    rows: int = 0
    errors: list[LoadError] = field(default_factory=list)


def load(session: SessionContext, copy: Copy) -> None:
    """Append the rows of all files, in the caller's transaction.

    The first 1,000 errors of rows are recorded in sys_load_error_detail.

    Args:
        session: The session that runs COPY.
        copy: The COPY statement.

    Raises:
        RedshiftError: The load fails.
    """
    progress = _Progress(next(_queries))
    session.last_copy = (0, session.last_copy[1])
    name = copy.table.split(".")[1]
    columns = session.tables.columns(copy.table)
    if not columns:
        raise RedshiftError("XX000", f"Cannot COPY into nonexistent table {name}")
    try:
        _load_files(session, copy, columns, progress)
    except RedshiftError as error:
        _record(session, copy, progress, error.message)
        raise
    _record(session, copy, progress, "")
    session.last_copy = (progress.rows, progress.query)
    session.notices.append(
        f"Load into table '{name}' completed, {progress.rows} record(s) loaded successfully."
    )


def _load_files(
    session: SessionContext, copy: Copy, columns: list[tuple[str, str]], progress: _Progress
) -> None:
    listed = manifest.listed(
        session.s3, copy.url, manifest="manifest" in copy.options, columnar=copy.columnar
    )
    for url, length in listed:
        body = manifest.read(session.s3, url)
        if length is not None and len(body) != length:
            raise RedshiftError(
                "XX000",
                "Spectrum Scan Error" if copy.columnar else "Load failed",
                f"{url} has {len(body)} bytes, the manifest says content_length {length}",
            )
        progress.files += 1
        progress.size += len(body)
        if copy.columnar:
            progress.rows += _parquet(session, copy, columns, url, body)
        else:
            progress.rows += delimited.load_file(session, copy, columns, url, body, progress.errors)
    allowed = int(copy.options.get("maxerror", "0"))
    if progress.errors and len(progress.errors) >= max(allowed, 1):
        raise RedshiftError(
            "XX000",
            f"Load into table '{copy.table.split('.')[1]}' failed. "
            "Check 'sys_load_error_detail' system table for details.",
        )


def _parquet(
    session: SessionContext, copy: Copy, columns: list[tuple[str, str]], url: str, body: bytes
) -> int:
    try:
        file = pq.ParquetFile(io.BytesIO(body))
    except (pa.ArrowException, OSError) as error:
        raise _scan_error(f"{url} is not a Parquet file: {error}") from error
    _check_schema(file.schema_arrow, columns, url)
    reader = pa.RecordBatchReader.from_batches(
        file.schema_arrow, file.iter_batches(batch_size=_BATCH_ROWS)
    )
    try:
        return insert(session, copy.table, reader)
    except RedshiftError as error:
        if error.sqlstate == "22001":
            reason = f"String length exceeds DDL length: {error.message}, file {url}"
            raise _scan_error(reason) from error
        if "copy_source' failed" in error.message:  # Arrow could not read on
            raise _scan_error(f"{url} is damaged: {error.message}") from error
        raise


def _scan_error(reason: str) -> RedshiftError:
    return RedshiftError("XX000", "Spectrum Scan Error", f"code: 15001 context: {reason}")


def _record(session: SessionContext, copy: Copy, progress: _Progress, message: str) -> None:
    """Record the load on a separate connection, so that a rollback does not remove it."""
    query, started, name = progress.query, progress.started, copy.table.split(".")[1]
    history = [100, query, session.key[0], "failed" if message else "completed", name, started,
               now(), copy.url, "parquet" if copy.columnar else "text",
               0 if message else progress.rows, progress.size, progress.files, message]  # fmt: skip
    own = session.connect()
    own.execute(f"INSERT INTO emulator.sys_load_history VALUES ({_marks(history)})", history)
    for error in progress.errors[:1000]:
        detail = [100, query, query, session.key[0], "dev", 0, started, error.file, error.line,
                  error.column, error.kind, error.length, error.position, error.code,
                  error.message]  # fmt: skip
        own.execute(f"INSERT INTO emulator.sys_load_error_detail VALUES ({_marks(detail)})", detail)
    own.close()


def _marks(values: list) -> str:
    return ", ".join("?" * len(values))


_ARROW_OF = {
    "BOOLEAN": pa.bool_(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR": pa.string(),
}


def _check_schema(schema: pa.Schema, columns: list[tuple[str, str]], url: str) -> None:
    """Check a Parquet schema: columns match by position, with the exact types of the table."""
    if len(schema) != len(columns):
        raise RedshiftError(
            "XX000",
            "Spectrum Scan Error",
            f"code: 15007 context: Unmatched number of columns between table and file. Table "
            f"columns: {len(columns)}, Data columns: {len(schema)}, File name: {url}",
        )
    for found, (name, kind) in zip(schema, columns, strict=True):
        if kind.startswith("DECIMAL"):
            precision, scale = (int(n) for n in kind[8:-1].split(","))
            expected: pa.DataType | None = pa.decimal128(precision, scale)
        else:
            expected = _ARROW_OF.get(kind)
        text = pa.types.is_large_string(found.type) or pa.types.is_string_view(found.type)
        if found.type != expected and not (text and kind == "VARCHAR"):
            raise RedshiftError(
                "XX000",
                "Spectrum Scan Error",
                f"code: 15007 context: File '{url}' has an incompatible Parquet schema for column "
                f"'{url}.{found.name}'. Column type: {name} {kind}, Parquet: {found.type}",
            )
