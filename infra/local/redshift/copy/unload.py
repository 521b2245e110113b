"""Runs UNLOAD: writes the rows of a query to S3 as Parquet, CSV or delimited text.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html
"""

# pyarrow creates its compute functions at import, so pyright does not find them
# pyright: reportAttributeAccessIssue=false

import gzip
import io
import itertools
import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.redshift.context import SessionContext
from infra.local.redshift.copy.unload_statement import Unload
from infra.local.redshift.errors import NotEmulatedError, RedshiftError

_OF_VALUES = "0123456789+-.: tf"  # characters of numbers, times and booleans
_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_queries = itertools.count(1)


def unload(session: SessionContext, statement: Unload) -> None:
    """Run the query and write the files; a rollback does not remove them from S3.

    Args:
        session: The session that runs UNLOAD.
        statement: The UNLOAD statement.

    Raises:
        RedshiftError: The query or S3 fails, the target is not empty, or the result is refused.
    """
    query = next(_queries)
    table: pa.Table = session.run(session.engine_query(statement.query)).to_arrow_table()
    _clear_target(session, statement)
    written = []
    encryption = {}
    if key_id := statement.options.get("kms_key_id"):
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id}
    for folder, part in _partitions(statement, table):
        body = _parquet(part) if "parquet" in statement.options else _text(statement, part)
        _refuse_larger(statement, len(body))
        key = statement.prefix + folder + _file_name(statement)
        _call(session.s3.put_object, Bucket=statement.bucket, Key=key, Body=body, **encryption)
        written.append(
            {"url": f"s3://{statement.bucket}/{key}", "meta": {"content_length": len(body)}}
        )
    if "manifest" in statement.options:
        text = json.dumps({"entries": written}).encode()
        key = f"{statement.prefix}manifest"
        _call(session.s3.put_object, Bucket=statement.bucket, Key=key, Body=text, **encryption)
    session.last_unload = (table.num_rows, query)
    session.notices.append(f"UNLOAD completed, {table.num_rows} record(s) unloaded successfully.")


def _call(action, **arguments: object) -> dict:  # noqa: ANN001 (a method of a boto3 client)
    try:
        return action(**arguments)
    except (ClientError, BotoCoreError) as error:
        raise RedshiftError("XX000", f"S3ServiceException: {error}") from error


def _refuse_larger(statement: Unload, size: int) -> None:
    """Refuse larger files than MAXFILESIZE (default 6.2 GB): how Redshift splits is unknown."""
    limit = statement.options.get("maxfilesize", "6.2 GB")
    number = float(re.sub(r"[^\d.]", "", limit))
    if size > number * (2**30 if limit.upper().endswith("GB") else 2**20):
        raise NotEmulatedError(f"UNLOAD of more than MAXFILESIZE, {limit}, in one file")


def _file_name(statement: Unload) -> str:
    options = statement.options
    serial = options.get("parallel", "ON").upper() in {"OFF", "FALSE"}
    name = "000" if serial else "0000_part_00"
    if "extension" in options:
        return f"{name}.{options['extension']}"
    if "parquet" in options:
        return name + ".parquet"
    return name + (".gz" if "gzip" in options else "")


def _clear_target(session: SessionContext, statement: Unload) -> None:
    options = statement.options
    pages = session.s3.get_paginator("list_objects_v2")
    listed = _call(
        lambda **a: {
            "keys": [i["Key"] for p in pages.paginate(**a) for i in p.get("Contents", [])]
        },
        Bucket=statement.bucket,
        Prefix=statement.prefix,
    )["keys"]
    if "cleanpath" in options:
        for key in listed:
            _call(session.s3.delete_object, Bucket=statement.bucket, Key=key)
    elif listed and "allowoverwrite" not in options:
        raise RedshiftError(
            "XX000",
            "Specified unload destination on S3 is not empty. Consider using a different bucket / "
            "prefix, manually removing the target files in S3, or using the ALLOWOVERWRITE option.",
        )


def _partitions(statement: Unload, table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    by = [name.strip().lower() for name in statement.options.get("partition", "").split(",")]
    if by == [""]:
        yield "", table
        return
    missing = [name for name in by if name not in table.column_names]
    if missing or len(by) >= table.num_columns:
        raise RedshiftError("42703", f"PARTITION BY needs columns of the query: {', '.join(by)}")
    keys = table.select(by).group_by(by).aggregate([])
    for key in keys.to_pylist():
        rows, folder = table, ""
        for name, value in key.items():
            column = rows[name]
            mask = (
                pc.is_null(column)
                if value is None
                else pc.equal(column, pa.scalar(value, column.type))
            )
            rows = rows.filter(mask)
            folder += f"{name}={_NULL_PARTITION if value is None else quote(str(value), safe=' ')}/"
        yield folder, rows if "include" in statement.options else rows.drop_columns(by)


def _parquet(table: pa.Table) -> bytes:
    zoned = [i for i, f in enumerate(table.schema) if getattr(f.type, "tz", None)]
    for i in zoned:  # the files hold no time zones
        name = table.column_names[i]
        table = table.set_column(i, name, table[name].cast(pa.timestamp("us")))
    out = io.BytesIO()
    pq.write_table(table, out, compression="snappy", version="1.0", store_schema=False)
    return out.getvalue()


def _text(statement: Unload, table: pa.Table) -> bytes:
    options = statement.options
    csv = "csv" in options
    delimiter = options.get("delimiter", "," if csv else "|")
    delimiter = {"\\t": "\t"}.get(delimiter, delimiter)
    null = options.get("null", "")
    header = delimiter.join(table.column_names) + "\n" if "header" in options else ""
    special = f'"\r\n{delimiter}' if csv else ""
    columns = [
        _field(column.combine_chunks(), delimiter, special, null) for column in table.columns
    ]
    body = header.encode() + _lines(columns, delimiter)
    return gzip.compress(body, mtime=0) if "gzip" in options else body


def _field(column: pa.Array, delimiter: str, special: str, null: str) -> pa.Array:
    """The values of a column as they stand in the file.

    Args:
        column: The values.
        delimiter: What separates the values of a line.
        special: Characters for which a value is quoted; '' to quote none.
        null: The text of a NULL.
    """
    text = _column_text(column).cast(pa.large_string())
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    # of numbers, times and booleans, only a rare delimiter is a part
    if (is_text or delimiter in _OF_VALUES) and _holds_any(text, special):
        quoted = _joined(['"', pc.replace_substring(text, '"', '""'), '"'], "")
        is_special = pc.match_substring_regex(text, f"[{re.escape(special)}]")
        text = pc.if_else(is_special, quoted, text)
    return pc.fill_null(text, null)


def _holds_any(text: pa.Array, characters: str) -> bool:
    """Whether a character occurs in any value; far cheaper than to look into each value."""
    data = text.buffers()[2]
    held = data.to_pybytes() if data else b""
    return any(character.encode() in held for character in characters)


def _joined(parts: list[pa.Array | str], by: str) -> pa.Array:
    """Join texts element by element; a str stands for itself in each element."""
    text = pa.large_string()
    given = [pa.scalar(part, text) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*given, pa.scalar(by, text))


def _lines(columns: list[pa.Array], delimiter: str) -> bytes:
    """Join the values of each row to a line; the lines follow each other in Arrow's buffer."""
    if not columns or not len(columns[0]):
        return b""
    *others, last = columns
    lines = _joined([*others, _joined([last, "\n"], "")], delimiter)
    _, offsets, data = lines.buffers()
    starts = memoryview(offsets).cast("q")
    start, end = starts[lines.offset], starts[lines.offset + len(lines)]
    return data.slice(start, end - start).to_pybytes()


def _column_text(column: pa.Array) -> pa.Array:
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "t", "f")
    if pa.types.is_floating(column.type):
        raise NotEmulatedError(
            "the text of a DOUBLE is not certain: CAST it to DECIMAL to unload it"
        )
    if pa.types.is_timestamp(column.type):
        seconds = column.cast(pa.timestamp("s"), safe=False)
        if seconds.cast(column.type).equals(column):  # as nearly always; this is far cheaper
            return seconds.cast(pa.string())
        text = pc.strftime(column.cast(pa.timestamp("us")), "%Y-%m-%d %H:%M:%S")
        # a fraction is written without trailing zeros
        text = pc.replace_substring_regex(text, r"(\.\d*?)0+$", r"\1")
        return pc.replace_substring_regex(text, r"\.$", "")
    return column.cast(pa.string())
