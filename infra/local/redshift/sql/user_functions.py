"""Scalar SQL functions of users: CREATE FUNCTION … LANGUAGE sql, DROP FUNCTION, and their calls.

A call is replaced by the expression of the function before types are resolved, as Redshift's
planner inlines it. So the rules for types and functions hold inside a function too.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_FUNCTION.html and
https://docs.aws.amazon.com/redshift/latest/dg/udf-creating-a-scalar-sql-udf.html
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from infra.local.redshift.errors import NotEmulatedError, RedshiftError, refuse
from infra.local.redshift.sql.functions import USER_PREFIX, call, name_of
from infra.local.redshift.sql.parser import parse
from infra.local.redshift.sql.translated import Translated
from infra.local.redshift.sql.types.numeric_type import number_type
from infra.local.redshift.sql.types.type_class import kind_of, plain
from infra.local.redshift.sql.validator import check

_NAME = r"(?:(?P<schema>[a-z_]\w*)\.)?(?P<name>[a-z_]\w*)\s*\((?P<arguments>(?:[^()]|\([^)]*\))*)\)"
_CREATE = re.compile(
    rf"\s*CREATE\s+(?P<replace>OR\s+REPLACE\s+)?FUNCTION\s+{_NAME}\s*RETURNS\s+(?P<returns>[\w ]+?)"
    r"\s+(?:VOLATILE|STABLE|IMMUTABLE)\s+AS\s+\$\$(?P<body>.*)\$\$\s*LANGUAGE\s+(?P<language>\w+)"
    r"\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_DROP = re.compile(rf"\s*DROP\s+FUNCTION\s+{_NAME}\s*(?:RESTRICT)?\s*;?\s*", re.IGNORECASE)
_STATEMENT = re.compile(r"\s*(CREATE(?:\s+OR\s+REPLACE)?|DROP)\s+FUNCTION\b", re.IGNORECASE)
_COMMENTS = re.compile(r"^(?:\s*--[^\n]*\n)+")
# accepted types, with their type class and the type that a number is cast to
_TYPES = {
    "VARCHAR": ("text", ""), "CHARACTER VARYING": ("text", ""), "TEXT": ("text", ""),
    "BOOLEAN": ("boolean", ""), "TIMESTAMP": ("date", ""),
    "FLOAT": ("number", "DOUBLE PRECISION"), "FLOAT8": ("number", "DOUBLE PRECISION"),
    "DOUBLE PRECISION": ("number", "DOUBLE PRECISION"),
    "INTEGER": ("number", "INTEGER"), "INT": ("number", "INTEGER"),
    "BIGINT": ("number", "BIGINT"),
}  # fmt: skip
_CLAUSES = ("from_", "into", "where", "group", "having", "order", "limit", "offset", "with_")


@dataclass(frozen=True)
class UserFunction:
    """A function of a user: its full name, the types of its arguments, and its SELECT."""

    name: str  # schema.name
    arguments: tuple[str, ...]
    returns: str
    body: str


def parse_function(sql: str) -> Translated | None:
    """The CREATE FUNCTION or DROP FUNCTION that `sql` is, None for another statement.

    Raises:
        NotEmulatedError: The language, a type or the expression of the function is refused.
        RedshiftError: 42601 for a syntax error.
    """
    bare = _COMMENTS.sub("", sql)
    if not _STATEMENT.match(bare):
        return None
    if match := _DROP.fullmatch(bare):
        return Translated(
            sql=_drop(_full_name(match), _argument_types(match["arguments"])), tag="DROP FUNCTION"
        )
    function, replace = read_function(bare)
    return Translated(sql=_store(function, replace=replace), tag="CREATE FUNCTION")


def read_function(sql: str) -> tuple[UserFunction, bool]:
    """The function that CREATE FUNCTION creates, and whether it may replace another.

    Raises:
        NotEmulatedError: The language, a type or the expression of the function is refused.
        RedshiftError: 42601 for a syntax error.
    """
    match = _CREATE.fullmatch(_COMMENTS.sub("", sql))
    if match is None:
        raise RedshiftError(
            "42601",
            "syntax error, or not known here: CREATE [OR REPLACE] FUNCTION name (type, …) RETURNS "
            "type IMMUTABLE AS $$ SELECT … $$ LANGUAGE sql, or DROP FUNCTION name (type, …)",
        )
    if match["language"].lower() != "sql":
        raise NotEmulatedError(f"functions in {match['language']}: write it in LANGUAGE sql")
    if not match["name"].lower().startswith(USER_PREFIX):
        name = match["name"]
        raise NotEmulatedError(f"a function without the prefix {USER_PREFIX}: rename {name}")
    function = UserFunction(
        _full_name(match),
        _argument_types(match["arguments"]),
        _type(match["returns"]),
        match["body"].strip(),
    )
    expression = _parsed(function)
    if not called_functions(expression):  # otherwise its type is checked where it is called
        _check_result(function, expression)
    return function, bool(match["replace"])


def drop_functions_of(schema: str, *, cascade: bool) -> str:
    """DuckDB SQL that drops the functions of a schema, or fails if there are any.

    Args:
        schema: The schema that DROP SCHEMA drops.
        cascade: Whether it drops the objects in the schema.
    """
    found = f"starts_with(name, '{schema.lower()}.')"
    if not cascade:
        return _raise_where(
            found, f"2BP01|cannot drop schema {schema} because functions depend on it: use CASCADE"
        )
    return f"DELETE FROM emulator.user_function WHERE {found}"


def called_functions(tree: exp.Expr) -> tuple[str, ...]:
    """The full names of the functions of users that a statement calls."""
    return tuple(sorted({name for _, name in _calls(tree)}))


def functions_in(function: UserFunction) -> tuple[str, ...]:
    """The full names of the functions of users that a function calls."""
    return called_functions(_parsed(function))


def inline_calls(tree: exp.Expr, functions: Sequence[UserFunction]) -> None:
    """Replace the calls of functions by their expressions.

    Args:
        tree: A statement.
        functions: The functions that it calls, as far as they exist.

    Raises:
        RedshiftError: 42883, a function does not exist with this number of arguments.
    """
    known = {function.name: function for function in functions}
    # inner calls come last in a walk: they are replaced before the calls around them are copied
    for node, name in reversed(list(_calls(tree))):
        arguments = _anonymous(node).expressions
        function = known.get(name)
        if function is None or len(function.arguments) != len(arguments):
            raise RedshiftError(
                "42883", f"function {name} with {len(arguments)} argument(s) does not exist"
            )
        holder = exp.Paren(this=_parsed(function))
        inline_calls(holder, functions)
        _check_result(function, holder.this)
        for parameter in list(holder.find_all(exp.Parameter)):
            position = int(parameter.name) - 1
            parameter.replace(_argument(function, position, arguments[position]))
        result = _converted(holder, function.returns)
        shown = isinstance(node.parent, exp.Query) and node.arg_key == "expressions"
        node.replace(exp.alias_(result, name.partition(".")[2], quoted=True) if shown else result)


def check_arguments(tree: exp.Expr) -> None:
    """Refuse arguments of another type than the function's, once the types are known.

    Where the type of text is not known, DuckDB checks it.
    """
    for node in list(tree.find_all(exp.Paren)):
        wanted = node.meta.get("argument")
        if wanted is None:
            continue
        kind = kind_of(node)
        if not kind and wanted == "text":
            node.set("this", call("only_text", node.this.copy()))
            continue
        untyped = kind in {"literal", "parameter"} and wanted == "text"
        if plain(kind) not in {wanted, "null"} and not untyped:
            refuse(f"an argument of type {plain(kind) or 'unknown'} for {wanted}: CAST it", node)
        if node.meta["integer"] and number_type(node) != "integer":
            refuse("an argument that is not an integer, for an integer: CAST it", node)


def _calls(tree: exp.Expr) -> Iterator[tuple[exp.Expr, str]]:
    for node in tree.find_all(exp.Anonymous):
        if not name_of(node).startswith(USER_PREFIX):
            continue
        dot = node.parent if isinstance(node.parent, exp.Dot) else None
        schema = dot.this.name.lower() if dot is not None else "public"
        yield (dot or node), f"{schema}.{name_of(node)}"


def _anonymous(node: exp.Expr) -> exp.Expr:
    return node.expression if isinstance(node, exp.Dot) else node


def _argument(function: UserFunction, position: int, value: exp.Expr) -> exp.Expr:
    kind, cast_to = _TYPES[function.arguments[position]]
    argument = exp.Paren(this=value.copy())
    argument.meta.update(argument=kind, integer=cast_to in {"INTEGER", "BIGINT"})
    return exp.cast(argument, cast_to, dialect="redshift") if cast_to else argument


def _converted(expression: exp.Expr, returns: str) -> exp.Expr:
    _, cast_to = _TYPES[returns]
    return exp.cast(expression, cast_to, dialect="redshift") if cast_to else expression


def _parsed(function: UserFunction) -> exp.Expr:
    """The expression of a function, a new tree whose parameters know their type class.

    Raises:
        RedshiftError: It is not one expression, or it names a parameter that does not exist.
    """
    select = parse(function.body)
    if (
        not isinstance(select, exp.Select)
        or len(select.expressions) != 1
        or any(select.args.get(clause) for clause in _CLAUSES)
        or len(list(select.find_all(exp.Query))) > 1
    ):
        raise NotEmulatedError("a SQL function consists of SELECT and one expression, without FROM")
    for node in select.walk():
        check(node)
    expression = select.expressions[0].unalias()
    for parameter in expression.find_all(exp.Parameter):
        position = int(parameter.name) - 1
        if not 0 <= position < len(function.arguments):
            raise RedshiftError("42P02", f"there is no parameter ${parameter.name}")
        parameter.meta["kind"] = _TYPES[function.arguments[position]][0]
    return expression


def _check_result(function: UserFunction, expression: exp.Expr) -> None:
    """Refuse an expression of another type than the function returns."""
    wanted, cast_to = _TYPES[function.returns]
    kind = kind_of(expression)
    if kind != wanted and not (kind == "literal" and wanted == "text"):
        refuse(f"a function that returns {function.returns} with another type: CAST it", expression)
    if cast_to in {"INTEGER", "BIGINT"} and not isinstance(expression, exp.Cast):
        refuse(f"a number that is returned as {function.returns} without a CAST", expression)


def _full_name(match: re.Match[str]) -> str:
    return f"{match['schema'] or 'public'}.{match['name']}".lower()


def _argument_types(text: str) -> tuple[str, ...]:
    return tuple(_type(kind) for kind in text.split(",")) if text.strip() else ()


def _type(text: str) -> str:
    kind = " ".join(text.upper().split())
    if kind not in _TYPES:
        raise NotEmulatedError(f"{kind} in a function, known are {', '.join(_TYPES)}")
    return kind


def _store(function: UserFunction, *, replace: bool) -> str:
    """DuckDB SQL that stores a function, and fails where Redshift would."""
    name, body = function.name, function.body.replace("'", "''")
    signature = ", ".join(function.arguments)
    same = f"name = '{name}' AND arguments = '{signature}' AND returns = '{function.returns}'"
    exists = (
        _raise_where(
            f"{same} AND body <> '{body}' AND {_used(name)}",
            "0A000|replacing a function that a view uses: DROP VIEW first",
        )
        if replace
        else _raise_where(same, f"42723|function {name} already exists with same argument types")
    )
    return "; ".join([
        _raise_where(
            f"name = '{name}' AND NOT ({same})",
            "0A000|another function of this name with other types: DROP FUNCTION it first",
        ),
        exists,
        f"DELETE FROM emulator.user_function WHERE {same} AND body <> '{body}'",
        f"INSERT INTO emulator.user_function SELECT '{name}', '{signature}', '{function.returns}', "
        f"'{body}' WHERE NOT EXISTS (FROM emulator.user_function WHERE {same})",
    ])  # fmt: skip


def _drop(name: str, arguments: tuple[str, ...]) -> str:
    found = f"name = '{name}' AND arguments = '{', '.join(arguments)}'"
    return "; ".join([
        f"SELECT CASE WHEN count(*) = 0 THEN error('42883|function {name} does not exist') END "
        f"FROM emulator.user_function WHERE {found}",
        _raise_where(f"{found} AND {_used(name)}",
                     f"2BP01|cannot drop function {name} because a view depends on it"),
        f"DELETE FROM emulator.user_function WHERE {found}",
    ])  # fmt: skip


def _used(name: str) -> str:
    return f"EXISTS (FROM duckdb_views() WHERE comment LIKE '%\"{name}()\"%')"


def _raise_where(condition: str, message: str) -> str:
    return (
        f"SELECT CASE WHEN count(*) > 0 THEN error('{message}') END "
        f"FROM emulator.user_function WHERE {condition}"
    )
