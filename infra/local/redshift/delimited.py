"""COPY of CSV and delimited text: reading, converting and telling which row is wrong.

Values come as text and the engine converts them column by column; a row that does not fit is
found by the same SQL, so the good path touches no row one by one.
Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
"""

# pyarrow makes its compute functions when it is imported
# pyright: reportAttributeAccessIssue=false

import bz2
import gzip
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pc
from pyarrow import compute

from infra.local.redshift.copy import Copy
from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.formats import to_strptime

if TYPE_CHECKING:
    from infra.local.redshift.session import Session


@dataclass(frozen=True)
class LoadError:
    """A row of sys_load_error_detail."""

    file: str
    line: int
    column: str
    kind: str
    length: str
    position: int
    code: int
    message: str


def load_file(
    session: "Session",
    copy: Copy,
    columns: list[tuple[str, str]],
    url: str,
    body: bytes,
    errors: list[LoadError],
) -> int:
    """Append the good rows of a file, note the bad ones in `errors`; returns the rows appended."""
    from infra.local.redshift.load import insert  # noqa: PLC0415 (each needs the other)

    wanted = _wanted(copy, columns)
    before = len(errors)
    table = _read(copy, wanted, url, _decompressed(copy, body), errors)
    definition = _lengths(session, copy.table)
    converted = {
        name: _conversion(copy, f'"{name}"', kind, definition.get(name, 0)) for name, kind in wanted
    }
    numbers = pa.array(range(table.num_rows), pa.int64())
    session.connection.register("copy_rows", table.append_column("copy_row", numbers))
    try:
        bad = _bad_rows(session, copy, url, converted, errors)
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
) -> pa.Table:
    csv = "csv" in copy.options
    names = [name for name, _ in wanted]
    skip = int(copy.options.get("ignoreheader", "0"))
    body = _valid_utf8(copy, body, url, errors, skip)

    def wrong_width(row: pc.InvalidRow) -> str:
        found = (1202, "Extra column(s) found")
        if row.actual_columns < row.expected_columns:
            found = (1214, "Delimiter not found")
        errors.append(LoadError(url, row.number or 0, "", "", "", 0, *found))
        return "skip"

    delimiter = copy.options.get("delimiter", "," if csv else "|")
    delimiter = {"\\t": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1 or "fillrecord" in copy.options:
        raise NotEmulatedError("FILLRECORD, or a DELIMITER of several characters")
    if not csv and "quote" in copy.options:
        raise NotEmulatedError("QUOTE without CSV")
    text = io.BytesIO(_without_lines(body, skip))
    if not text.getbuffer().nbytes:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    try:
        return pc.read_csv(
            text,
            read_options=pc.ReadOptions(column_names=names, use_threads=False, block_size=1 << 26),
            parse_options=pc.ParseOptions(
                delimiter=delimiter,
                quote_char=copy.options.get("quote", '"') if csv else False,
                double_quote=csv,
                newlines_in_values=csv,
                ignore_empty_lines=csv or "ignoreblanklines" in copy.options,
                invalid_row_handler=wrong_width,
            ),
            convert_options=pc.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise RedshiftError("XX000", f"Load failed: {error}", url) from error


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


def _lengths(session: "Session", table: str) -> dict[str, int]:
    """Length of each text column, 0 where there is none."""
    kinds = session.tables.redshift_types(table)
    return {
        name: int(kind[kind.index("(") + 1 : -1])
        for name, kind in kinds.items()
        if kind.startswith("character")
    }


def _conversion(copy: Copy, column: str, kind: str, length: int) -> tuple[str, str, str, int]:
    """Engine SQL of the value, of what makes it wrong, and the message and code of that."""
    options = copy.options
    null = options.get("null", "\\N").replace("'", "''")
    text = f"trim({column}, E' \\t')" if "trimblanks" in options else column
    value = f"nullif({text}, '{null}')"
    if kind == "VARCHAR":
        if "emptyasnull" in options:
            value = f"nullif({value}, '')"
        if "blanksasnull" in options:
            value = (
                f"CASE WHEN trim({value}, ' ') = '' AND {value} <> '' THEN NULL ELSE {value} END"
            )
        if "truncatecolumns" in options and length:
            return f"emulator.cut({value}, {length})", "FALSE", "", 0
        return (
            value,
            f"strlen({value}) > {length}" if length else "FALSE",
            ("'String length exceeds DDL length'"),
            1204,
        )
    value = f"nullif(trim({value}, ' '), '')"
    if kind.startswith("DECIMAL"):
        scale = int(kind[8:-1].split(",")[1])
        digits = value
        if "roundec" not in options:  # COPY cuts, INSERT rounds
            fraction = r"\1" if scale else ""
            digits = rf"regexp_replace({value}, '(\.\d{{{scale}}})\d+$', '{fraction}')"
            if not scale:
                digits = rf"regexp_replace({value}, '\.\d*$', '')"
        typed = f"TRY_CAST({digits} AS {kind})"
    elif kind in {"SMALLINT", "INTEGER", "BIGINT"}:
        whole = rf"regexp_full_match({value}, '[+-]?\d+')"
        typed = f"CASE WHEN {whole} THEN TRY_CAST({value} AS {kind}) END"
    elif kind == "BOOLEAN":
        typed = (f"CASE WHEN lower({value}) IN ('t','true','y','yes','1') THEN TRUE "
                 f"WHEN lower({value}) IN ('f','false','n','no','0') THEN FALSE END")  # fmt: skip
    elif kind in {"DATE", "TIMESTAMP"}:
        typed = _date(options, value, kind)
        if "acceptanydate" in options:
            return typed, "FALSE", "", 0
    else:
        typed = f"TRY_CAST({value} AS {kind})"
    wrong = f"{value} IS NOT NULL AND {typed} IS NULL"
    message, code = _complaint(kind, value)
    return typed, wrong, message, code


def _complaint(kind: str, value: str) -> tuple[str, int]:
    if kind == "DATE":
        return "'Invalid Date Format - length must be 10 or more'", 1205
    if kind == "TIMESTAMP":
        return "'Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]'", 1206
    if kind == "BOOLEAN":
        return "'Unknown boolean format'", 1210
    names = {"SMALLINT": "Short", "INTEGER": "Integer", "BIGINT": "Long"}
    name = names.get(kind, "Decimal" if kind.startswith("DECIMAL") else "Float")
    prefix = rf"regexp_extract({value}, '^[+-]?\d*')"
    return (
        f"CASE WHEN regexp_full_match({value}, '[+-]?\\d+') THEN 'Overflow, Value ' || {value} "
        f"ELSE 'Invalid digit, Value ''' || substring({value}, 1 + length({prefix}), 1) || "
        f"''', Pos ' || length({prefix}) || ', Type: {name}' END",
        1207,
    )


def _date(options: dict[str, str], value: str, kind: str) -> str:
    form = options.get("dateformat" if kind == "DATE" else "timeformat", "")
    if form.lower() in {"epochsecs", "epochmillisecs"}:
        raise NotEmulatedError(f"TIMEFORMAT '{form}'")
    if form and form != "auto":
        pattern = to_strptime(form.replace("HH24", "HH").replace("HH", "HH24"))
        return f"CAST(try_strptime({value}, '{pattern}') AS {kind})"
    shape = r"\d{4}-\d{2}-\d{2}"
    if kind == "TIMESTAMP":
        shape += r"( \d{2}:\d{2}:\d{2}(\.\d{1,6})?)?"
    return f"CASE WHEN regexp_full_match({value}, '{shape}') THEN TRY_CAST({value} AS {kind}) END"


def _bad_rows(
    session: "Session",
    copy: Copy,
    url: str,
    converted: dict[str, tuple[str, str, str, int]],
    errors: list[LoadError],
) -> set[int]:
    """Numbers of the rows that do not fit, each with an error for its first wrong column."""
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
    header = int(copy.options.get("ignoreheader", "0"))
    kinds = session.tables.redshift_types(copy.table)
    text = " || ".join(f'"{name}"' for name in converted)
    for row, index, message in found[:1000]:
        name, _, _, code = checks[index]
        breaks = session.run(
            f"SELECT coalesce(sum(length({text}) - length(replace({text}, chr(10), ''))), 0) "
            f"FROM copy_rows WHERE copy_row < {row}"
        ).fetchall()[0][0]
        kind, _, length = kinds[name].partition("(")
        errors.append(
            LoadError(url, row + 1 + header + int(breaks), name, kind[:10], length.rstrip(")"), 0,
                      code, message)
        )  # fmt: skip
    return {row for row, *_ in found}
