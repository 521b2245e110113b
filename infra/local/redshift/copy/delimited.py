"""COPY of CSV and delimited text: reads and converts rows, and finds invalid rows.

Values are read as text, and DuckDB converts them column by column. The same SQL finds invalid rows,
so valid rows are never processed one at a time.
Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
"""

# pyarrow creates its compute functions at import, so pyright does not find them
# pyright: reportAttributeAccessIssue=false

import bz2
import gzip
import io
import re

import pyarrow as pa
import pyarrow.csv as pc
from pyarrow import compute

from infra.local.redshift.context import SessionContext
from infra.local.redshift.copy.append import insert
from infra.local.redshift.copy.conversions import conversion
from infra.local.redshift.copy.load_error import LoadError
from infra.local.redshift.copy.statement import Copy
from infra.local.redshift.errors import NotEmulatedError, RedshiftError


def load_file(
    session: SessionContext,
    copy: Copy,
    columns: list[tuple[str, str]],
    url: str,
    body: bytes,
    errors: list[LoadError],
) -> int:
    """Append the valid rows of a file to the table.

    Args:
        session: The session that runs COPY.
        copy: The COPY statement.
        columns: Names and DuckDB types of the table's columns, in order.
        url: The URL of the file, for errors.
        body: The bytes of the file, compressed as the options state.
        errors: Receives the errors of invalid rows.

    Returns:
        The number of appended rows; 0 if the load fails or has the option NOLOAD.

    Raises:
        RedshiftError: The file cannot be read, or an option is refused.
    """
    wanted = _wanted(copy, columns)
    before = len(errors)
    table, odd = _read(copy, wanted, url, _decompressed(copy, body), errors)
    lines = _Lines(table, odd, int(copy.options.get("ignoreheader", "0")))
    errors += [
        LoadError(url, lines.of_odd(i), "", "", "", 0, *_width_error(row))
        for i, row in enumerate(odd)
    ]
    definition = _lengths(session, copy.table)
    converted = {
        name: conversion(copy, f'"{name}"', kind, definition.get(name, 0)) for name, kind in wanted
    }
    numbers = pa.array(range(table.num_rows), pa.int64())
    session.connection.register("copy_rows", table.append_column("copy_row", numbers))
    try:
        bad = _bad_rows(session, copy, url, converted, lines, errors)
    finally:
        session.connection.unregister("copy_rows")
    tolerated = int(copy.options.get("maxerror", "0"))
    if len(errors) > before and len(errors) >= max(tolerated, 1):
        return 0  # the load fails
    if "noload" in copy.options:
        return 0
    if bad:
        table = table.filter(compute.invert(compute.is_in(numbers, pa.array(sorted(bad)))))
    select = ", ".join(value for value, *_ in converted.values())
    names = ", ".join(f'"{name}"' for name, _ in wanted)
    return insert(session, copy.table, table, select, f"({names})")


def _wanted(copy: Copy, columns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if not copy.columns:
        return columns
    kinds = dict(columns)
    for name in copy.columns:
        if name not in kinds:
            raise RedshiftError(
                "42703", f'column "{name}" of relation "{copy.table}" does not exist'
            )
    return [(name, kinds[name]) for name in copy.columns]


def _decompressed(copy: Copy, body: bytes) -> bytes:
    try:
        if "gzip" in copy.options:
            return gzip.decompress(body)
        return bz2.decompress(body) if "bzip2" in copy.options else body
    except (OSError, EOFError) as error:
        raise RedshiftError("XX000", f"cannot decompress: {error}") from error


def _read(
    copy: Copy, wanted: list[tuple[str, str]], url: str, body: bytes, errors: list[LoadError]
) -> tuple[pa.Table, list[pc.InvalidRow]]:
    """Parse a file: its rows as text, and the rows with a wrong number of fields."""
    csv = "csv" in copy.options
    names = [name for name, _ in wanted]
    skip = int(copy.options.get("ignoreheader", "0"))
    body = _valid_utf8(copy, body, url, errors, skip)

    odd: list[pc.InvalidRow] = []

    def set_aside(row: pc.InvalidRow) -> str:
        odd.append(row)
        return "skip"

    delimiter = copy.options.get("delimiter", "," if csv else "|")
    delimiter = {"\\t": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1:
        raise NotEmulatedError("a DELIMITER of several characters")
    if not csv and "quote" in copy.options:
        raise NotEmulatedError("QUOTE without CSV")
    text = _without_lines(body, skip)
    if not text:
        return pa.table({name: pa.array([], pa.string()) for name in names}), odd
    ignore = "ignoreblanklines" in copy.options

    def parsed(*, ignore_empty_lines: bool) -> pa.Table:
        odd.clear()
        return pc.read_csv(
            io.BytesIO(text),
            read_options=pc.ReadOptions(column_names=names, use_threads=False, block_size=1 << 26),
            parse_options=pc.ParseOptions(
                delimiter=delimiter,
                quote_char=copy.options.get("quote", '"') if csv else False,
                double_quote=csv,
                newlines_in_values=csv,
                ignore_empty_lines=ignore_empty_lines,
                invalid_row_handler=set_aside,
            ),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )

    try:
        table = parsed(ignore_empty_lines=ignore)
        maybe_blank = not ignore and re.search(rb"(?:^|\n)\r?\n", text)  # or within quotes
        if maybe_blank and parsed(ignore_empty_lines=True).num_rows < table.num_rows:
            raise NotEmulatedError(f"a blank line in {url}: COPY it with IGNOREBLANKLINES")
    except pa.ArrowInvalid as error:
        raise RedshiftError("XX000", f"Load failed: {error}", url) from error
    return table, odd


def _width_error(row: pc.InvalidRow) -> tuple[int, str]:
    if row.actual_columns < row.expected_columns:
        return 1214, "Delimiter not found"
    return 1202, "Extra column(s) found"


class _Lines:
    """Line numbers of rows in their file, where quoted values may contain line breaks."""

    def __init__(self, table: pa.Table, odd: list[pc.InvalidRow], header: int) -> None:
        self._table, self._odd, self._header = table, odd, header

    def of_odd(self, index: int) -> int:
        """The line of the row at `index` among the rows with a wrong number of fields."""
        number = self._odd[index].number or 0
        return self._line(number, number - 1 - index, index)

    def of_row(self, index: int) -> int:
        """The line of the row at `index` in the table."""
        odd = 0
        while odd < len(self._odd) and (self._odd[odd].number or 0) <= index + 1 + odd:
            odd += 1
        return self._line(index + 1 + odd, index, odd)

    def _line(self, number: int, rows_before: int, odd_before: int) -> int:
        before = self._table.slice(0, rows_before)
        breaks = sum(compute.sum(compute.count_substring(c, "\n")).as_py() or 0 for c in before)
        breaks += sum(row.text.count("\n") for row in self._odd[:odd_before])
        return self._header + number + breaks


def _without_lines(body: bytes, count: int) -> bytes:
    for _ in range(count):
        body = body.partition(b"\n")[2]
    return body


def _valid_utf8(copy: Copy, body: bytes, url: str, errors: list[LoadError], skip: int) -> bytes:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        if "acceptinvchars" not in copy.options:
            line = body.count(b"\n", 0, error.start) + 1
            errors.append(
                LoadError(url, line, "", "", "", error.start, 1220,
                          f"String contains invalid or unsupported UTF8 codepoints. "
                          f"Bad UTF8 hex sequence: {body[error.start]:x}")
            )  # fmt: skip
            return b"\n" * skip
        mark = (copy.options["acceptinvchars"] or "?").encode()
        out, at = bytearray(), 0
        while at < len(body):
            try:
                out += body[at:].decode().encode()
                break
            except UnicodeDecodeError as wrong:
                out += body[at : at + wrong.start] + mark * (wrong.end - wrong.start)
                at += wrong.end
        return bytes(out)
    return body


def _lengths(session: SessionContext, table: str) -> dict[str, int]:
    """The maximum length of each text column, in bytes."""
    kinds = session.tables.redshift_types(table)
    return {
        name: int(kind[kind.index("(") + 1 : -1])
        for name, kind in kinds.items()
        if kind.startswith("character")
    }


def _bad_rows(
    session: SessionContext,
    copy: Copy,
    url: str,
    converted: dict[str, tuple[str, str, str, int]],
    lines: _Lines,
    errors: list[LoadError],
) -> set[int]:
    """Row numbers of invalid rows; adds an error for the first invalid column of each."""
    checks = [(name, *rest) for name, (_, *rest) in converted.items() if rest[0] != "FALSE"]
    if not checks:
        return set()
    wrong = " OR ".join(f"({condition})" for _, condition, _, _ in checks)
    which = " ".join(f"WHEN {c} THEN {i}" for i, (_, c, _, _) in enumerate(checks))
    words = " ".join(f"WHEN {c} THEN {m}" for _, c, m, _ in checks)
    found = session.run(
        f"SELECT copy_row, CASE {which} END, CASE {words} END FROM copy_rows WHERE {wrong} "
        "ORDER BY copy_row LIMIT 100001"
    ).fetchall()
    if not found:
        return set()
    kinds = session.tables.redshift_types(copy.table)
    for row, index, message in found[:1000]:
        name, _, _, code = checks[index]
        kind, _, length = kinds[name].partition("(")
        error = LoadError(
            url, lines.of_row(row), name, kind[:10], length.rstrip(")"), 0, code, message
        )
        errors.append(error)
    return {row for row, *_ in found}
