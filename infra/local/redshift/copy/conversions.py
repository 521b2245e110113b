"""Type conversion of COPY: DuckDB SQL that converts text and finds invalid values.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
"""

from infra.local.redshift.copy.statement import Copy
from infra.local.redshift.errors import NotEmulatedError
from infra.local.redshift.sql.format_strings import to_strptime


def conversion(copy: Copy, column: str, kind: str, length: int) -> tuple[str, str, str, int]:
    """DuckDB SQL that converts the text of a column.

    Args:
        copy: The COPY statement, for its options.
        column: The quoted name of the text column.
        kind: The DuckDB type of the target column.
        length: The maximum length of a text column in bytes; 0 for no limit.

    Returns:
        SQL of the value; an SQL condition that is true for invalid values, or FALSE; SQL of the
        error message; the error code of sys_load_error_detail.

    Raises:
        NotEmulatedError: The date or time format is not emulated.
    """
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
        if "roundec" not in options:  # COPY truncates, INSERT rounds
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
