"""COPY table FROM 's3://…' FORMAT AS PARQUET MANIFEST.

Columns map by position and their types must match exactly, as on Redshift:
https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
"""

import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.redshift.errors import NotEmulatedError, RedshiftError

_COPY = re.compile(
    r"\s*COPY\s+(?P<table>[a-z_][\w.]*)\s+FROM\s+'(?P<url>s3://[^']+)'(?P<options>.*?);?\s*",
    re.IGNORECASE | re.DOTALL,
)
_OPTION = re.compile(
    r"\s*(?:(?P<role>IAM_ROLE\s+(?:'arn:aws:iam::\d{12}:role/[\w+=,.@/-]+'|DEFAULT))"
    r"|(?P<format>(?:FORMAT\s+(?:AS\s+)?)?PARQUET)|(?P<manifest>MANIFEST)|(?P<other>\S+.*))",
    re.IGNORECASE | re.DOTALL,
)
_BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Copy:
    """A COPY statement that may run."""

    table: str
    manifest_url: str


def parse_copy(sql: str) -> Copy | None:
    """The COPY that `sql` is, or None when it is something else; refuses other forms of COPY."""
    if not re.match(r"\s*COPY\b", sql, re.IGNORECASE):
        return None
    match = _COPY.fullmatch(sql)
    if match is None:
        raise NotEmulatedError("COPY takes here a table and FROM 's3://…' without a column list")
    found: set[str] = set()
    rest = match["options"]
    while rest.strip():
        option = _OPTION.match(rest)
        kind = option.lastgroup if option else None
        if option is None or kind is None or kind == "other" or kind in found:
            raise NotEmulatedError(
                f"COPY option {rest.split()[0].upper()}: the local Redshift loads "
                "IAM_ROLE '…' FORMAT AS PARQUET MANIFEST only"
            )
        found.add(kind)
        rest = rest[option.end() :]
    if missing := {"role", "format", "manifest"} - found:
        raise NotEmulatedError(f"COPY without {', '.join(sorted(missing)).upper()}")
    table = match["table"].lower()
    return Copy(table if "." in table else f"public.{table}", match["url"])


def copy_into(connection: duckdb.DuckDBPyConnection, s3: Any, copy: Copy) -> int:  # noqa: ANN401
    """Load all files of the manifest, in the caller's transaction; returns the rows loaded."""
    schema, name = copy.table.split(".")
    columns = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() "
        "WHERE schema_name = ? AND table_name = ? ORDER BY column_index",
        [schema, name],
    ).fetchall()
    if not columns:
        raise RedshiftError("XX000", f"Cannot COPY into nonexistent table {name}")
    loaded = 0
    for url, length in _manifest(s3, copy.manifest_url):
        body = _get(s3, url)
        if len(body) != length:
            raise RedshiftError(
                "XX000",
                "Spectrum Scan Error",
                f"{url} has {len(body)} bytes, the manifest says content_length {length}",
            )
        file = pq.ParquetFile(io.BytesIO(body))
        _check_schema(file.schema_arrow, columns, url)
        reader = pa.RecordBatchReader.from_batches(
            file.schema_arrow, file.iter_batches(batch_size=_BATCH_ROWS)
        )
        connection.register("copy_source", reader)
        try:
            row = connection.execute(
                f'INSERT INTO "{schema}"."{name}" SELECT * FROM copy_source'
            ).fetchone()
        finally:
            # in an aborted transaction it cannot be unregistered; the next COPY replaces it
            with suppress(duckdb.TransactionException):
                connection.unregister("copy_source")
        loaded += row[0] if row else 0
    return loaded


def _manifest(s3: Any, url: str) -> Iterator[tuple[str, int]]:  # noqa: ANN401
    try:
        entries = json.loads(_get(s3, url))["entries"]
        files = [(e["url"], bool(e.get("mandatory")), e["meta"]["content_length"]) for e in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise RedshiftError(
            "XX000",
            f"Manifest {url} is malformed: it needs entries with url and meta.content_length",
        ) from error
    if not files:
        raise RedshiftError("XX000", f"Manifest {url} names no file")
    for file, mandatory, length in files:
        if not mandatory:
            raise NotEmulatedError(f"a manifest entry that is not mandatory ({file})")
        yield file, length


def _get(s3: Any, url: str) -> bytes:  # noqa: ANN401
    bucket, _, key = url.removeprefix("s3://").partition("/")
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        raise RedshiftError(
            "XX000", f"S3ServiceException: {error}", f"while reading {url}"
        ) from error


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
    if len(schema) != len(columns):
        raise RedshiftError(
            "XX000",
            "Spectrum Scan Error",
            f"Unmatched number of columns between table and file. Table columns: {len(columns)}, "
            f"Data columns: {len(schema)}, File name: {url}",
        )
    for field, (name, kind) in zip(schema, columns, strict=True):
        if kind.startswith("DECIMAL"):
            precision, scale = (int(n) for n in kind[8:-1].split(","))
            expected: pa.DataType = pa.decimal128(precision, scale)
        else:
            expected = _ARROW_OF[kind]
        if field.type != expected:
            raise RedshiftError(
                "XX000",
                "Spectrum Scan Error",
                f"code: 15007 context: File '{url}' has an incompatible Parquet schema for column "
                f"'{url}.{field.name}'. Column type: {name} {kind}, Parquet: {field.type}",
            )
