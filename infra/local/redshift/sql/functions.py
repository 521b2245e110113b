"""How calls of functions are written for DuckDB. `registry` lists the functions."""

import re
from collections.abc import Callable

import sqlglot
from sqlglot import exp

from infra.local.redshift.errors import NotEmulatedError, RedshiftError
from infra.local.redshift.sql.format_strings import date_part, to_char, to_strptime, zone_hours
from infra.local.redshift.sql.registry import FUNCTIONS, Function

USER_PREFIX = "f_"  # Redshift reserves it for functions of users


def name_of(node: exp.Expr | None) -> str:
    """The lower-case name of a function call; '' for any other expression."""
    return str(node.this).lower() if isinstance(node, exp.Anonymous) else ""


def call(macro: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of a macro of macros.sql."""
    return exp.Dot.build(
        [exp.to_identifier("emulator"), exp.Anonymous(this=macro, expressions=list(arguments))]
    )


def engine(sql: str) -> exp.Expr:
    """Parse an expression of DuckDB SQL."""
    return sqlglot.parse_one(sql, read="duckdb")


def pattern(node: exp.Expr, *, extent: bool) -> exp.Expr:
    """Rewrite a regular expression; a constant stays constant, so that DuckDB compiles it once.

    Args:
        node: The expression of the pattern.
        extent: Whether the extent of a match matters, not only whether there is one.

    Raises:
        NotEmulatedError: DuckDB may match the pattern differently.
    """
    if isinstance(node, exp.Literal):
        check_pattern(node.name, extent=extent)
        return node.copy()
    # the session checks the value of a parameter before it binds it
    return node.copy() if isinstance(node, exp.Parameter) else call("pattern", node.copy())


def check_pattern(text: str, *, extent: bool) -> None:
    """Refuse a regular expression that DuckDB may match differently from Redshift.

    Args:
        text: The regular expression.
        extent: Whether the extent of a match matters, not only whether there is one.

    Raises:
        NotEmulatedError: The matches may differ.
    """
    if "(?" in text or re.search(r"[*+?}]\?", text):
        raise NotEmulatedError(
            "a regular expression with (?…) or *? needs the parameter p in Redshift"
        )
    if extent and "|" in re.sub(r"\[[^\]]*\]", "", text) and not _distinct(text):
        raise NotEmulatedError(
            "alternatives of a regular expression of which one may begin like another: POSIX "
            "takes the longest, DuckDB the first"
        )


def _distinct(text: str) -> bool:
    """Whether all alternatives are plain words and none is a prefix of another."""
    words = text.removeprefix("(").removesuffix(")").split("|")
    plain = all(re.fullmatch(r"[\w ,;:@#%&/<>=~-]+", word) for word in words)
    return plain and not any(a != b and b.startswith(a) for a in words for b in words)


def rewrite_function(node: exp.Anonymous) -> exp.Expr:
    """DuckDB's expression for a known function.

    Raises:
        RedshiftError: 42883 where the arguments do not fit.
    """
    function = FUNCTIONS.get(name_of(node))
    if function is None or function.duckdb == "grammar":
        return node
    result = _rewritten(function, node)
    return exp.cast(result, "int") if function.casts_to_integer else result


def _rewritten(function: Function, node: exp.Anonymous) -> exp.Expr:
    name, arguments = function.name, node.expressions
    if function.duckdb == "rewrite":
        try:
            return REWRITES[name](arguments)
        except (IndexError, ValueError):
            count = len(arguments)
            raise RedshiftError(
                "42883", f"function {name} does not exist with {count} argument(s)"
            ) from None
    if function.double_only:
        what = exp.Literal.string(name.upper())
        return exp.Anonymous(this=name, expressions=[call("only_double", arguments[0], what)])
    if function.duckdb.startswith("emulator."):
        if name in {"sum", "avg"} and isinstance(arguments[0], exp.Distinct):
            if name == "avg":
                raise NotEmulatedError("AVG(DISTINCT …)")
            return call("sum_distinct", arguments[0].expressions[0])
        if name.startswith("regexp_"):
            arguments = [arguments[0], pattern(arguments[1], extent=True), *arguments[2:]]
        return call(function.duckdb.removeprefix("emulator."), *arguments)
    if function.duckdb == name:
        return node
    return exp.Anonymous(this=function.duckdb, expressions=arguments)


def _text(node: exp.Expr, what: str) -> str:
    if isinstance(node, exp.Column) and not node.table:
        return node.name
    if isinstance(node, exp.Literal) and node.is_string:
        return node.name
    raise NotEmulatedError(f"{what} must be written as a literal")


def _part(node: exp.Expr) -> exp.Expr:
    return exp.Literal.string(date_part(_text(node, "a date part")))


def _to_char(arguments: list[exp.Expr]) -> exp.Expr:
    value = call("only_timestamp", arguments[0]).sql("duckdb")
    return engine(to_char(_text(arguments[1], "the format of TO_CHAR"), value))


def _to_date(arguments: list[exp.Expr], kind: str) -> exp.Expr:
    form = to_strptime(_text(arguments[1], "the format")).replace("'", "''")
    return engine(f"CAST(strptime({arguments[0].sql('duckdb')}, '{form}') AS {kind})")


def _convert_timezone(arguments: list[exp.Expr]) -> exp.Expr:
    source = _text(arguments[0], "a time zone") if len(arguments) == 3 else "UTC"
    target = _text(arguments[-2], "a time zone")
    hours = zone_hours(source), zone_hours(target)
    if None not in hours:
        return call("shifted", arguments[-1], *(_number(h or 0) for h in hours))
    zones = [z if h is None else f"Etc/GMT{-h:+d}" for z, h in zip((source, target), hours)]  # noqa: B905
    return call("in_zone", arguments[-1], *map(exp.Literal.string, zones))


def _number(value: int) -> exp.Expr:
    return engine(str(value))


_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")


def _next_day(arguments: list[exp.Expr]) -> exp.Expr:
    day = _text(arguments[1], "the day of NEXT_DAY")[:2].lower()
    if day not in _DAYS:
        raise NotEmulatedError(f"NEXT_DAY of {day}")
    return call("next_day", arguments[0], _number(_DAYS.index(day) + 1))


def _nvl2(arguments: list[exp.Expr]) -> exp.Expr:
    test, present, absent = arguments
    condition = exp.Not(this=exp.Is(this=exp.Paren(this=test), expression=exp.Null()))
    return exp.Case(ifs=[exp.If(this=condition, true=present)], default=absent)


def _regexp_substr(arguments: list[exp.Expr]) -> exp.Expr:
    group = "0"
    if len(arguments) > 2:
        rest = [argument.name for argument in arguments[2:]]
        if rest not in (["1"], ["1", "1"], ["1", "1", "e"]):
            raise NotEmulatedError("REGEXP_SUBSTR knows here only the first match from the start")
        group = "1" if rest[-1] == "e" else "0"
    text = arguments[0].sql("duckdb")
    expression = pattern(arguments[1], extent=True).sql("duckdb")
    return engine(f"regexp_extract({text}, {expression}, {group})")


def _json_path(arguments: list[exp.Expr]) -> exp.Expr:
    path = "$" + "".join(f'."{_text(a, "a JSON path")}"' for a in arguments[1:])
    return call("json_text", arguments[0], exp.Literal.string(path))


def _trim(name: str) -> Callable[[list[exp.Expr]], exp.Expr]:
    def trim(arguments: list[exp.Expr]) -> exp.Expr:
        # without characters DuckDB trims every Unicode space, Redshift only blanks
        characters = arguments[1:] or [exp.Literal.string(" ")]
        return exp.Anonymous(this=name, expressions=[arguments[0], *characters])

    return trim


REWRITES: dict[str, Callable[[list[exp.Expr]], exp.Expr]] = {
    "btrim": _trim("trim"),
    "convert_timezone": _convert_timezone,
    "date_part": lambda a: call("date_part", _part(a[0]), *a[1:]),
    "date_trunc": lambda a: call("date_trunc", _part(a[0]), *a[1:]),
    "dateadd": lambda a: call("dateadd", _part(a[0]), *a[1:]),
    "datediff": lambda a: call("datediff", _part(a[0]), *a[1:]),
    "current_database": lambda _: exp.var("$database"),
    "getdate": lambda _: exp.var("$statement_time"),
    "json_extract_path_text": _json_path,
    "ltrim": _trim("ltrim"),
    "mod": lambda a: call("modulo", a[0], a[1]),
    "next_day": _next_day,
    "nvl2": _nvl2,
    "pg_backend_pid": lambda _: exp.var("$backend_pid"),
    "pg_last_copy_count": lambda _: exp.var("CAST($last_copy_count AS BIGINT)"),
    "pg_last_copy_id": lambda _: exp.var("$last_copy_id"),
    "pg_last_unload_count": lambda _: exp.var("CAST($last_unload_count AS BIGINT)"),
    "pg_last_unload_id": lambda _: exp.var("$last_unload_id"),
    "regexp_substr": _regexp_substr,
    "rtrim": _trim("rtrim"),
    "to_char": _to_char,
    "to_date": lambda a: _to_date(a, "DATE"),
    "to_timestamp": lambda a: _to_date(a, "TIMESTAMPTZ"),
}
