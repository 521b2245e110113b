"""User-defined scalar SQL functions: CREATE FUNCTION … LANGUAGE sql, DROP FUNCTION, and calls.

Each call is replaced by the body of the function before types are resolved, so the rules for types
and functions also apply to the body. A function is refused if inlining it could give a different
result than Redshift gives.

Sources: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_FUNCTION.html and
https://docs.aws.amazon.com/redshift/latest/dg/udf-creating-a-scalar-sql-udf.html
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from infra.local.redshift.errors import NotEmulatedError, RedshiftError, refuse
from infra.local.redshift.sql import function_store
from infra.local.redshift.sql.function_store import UserFunction
from infra.local.redshift.sql.functions import USER_PREFIX, call, name_of
from infra.local.redshift.sql.parser import parse
from infra.local.redshift.sql.registry import AGGREGATES, SORTING
from infra.local.redshift.sql.translated import Translated
from infra.local.redshift.sql.types.numeric_type import number_type
from infra.local.redshift.sql.types.type_class import kind_of, plain
from infra.local.redshift.sql.validator import check

# finds functions by their full names, together with the functions that they call
Lookup = Callable[[Sequence[str]], tuple[UserFunction, ...]]

_NAME = r"(?:(?P<schema>[a-z_]\w*)\.)?(?P<name>[a-z_]\w*)\s*\((?P<arguments>(?:[^()]|\([^)]*\))*)\)"
_CREATE = re.compile(
    rf"\s*CREATE\s+(?P<replace>OR\s+REPLACE\s+)?FUNCTION\s+{_NAME}\s*RETURNS\s+(?P<returns>[\w ]+?)"
    r"\s+(?:VOLATILE|STABLE|IMMUTABLE)\s+AS\s+\$\$(?P<body>.*)\$\$\s*LANGUAGE\s+(?P<language>\w+)"
    r"\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_DROP = re.compile(rf"\s*DROP\s+FUNCTION\s+{_NAME}\s*(?:RESTRICT)?\s*;?\s*", re.IGNORECASE)
_STATEMENT = re.compile(r"\s*(CREATE(?:\s+OR\s+REPLACE)?|DROP)\s+FUNCTION\b", re.IGNORECASE)
_COMMENTS = re.compile(r"^(?:\s*(?:--[^\n]*\n|/\*.*?\*/))+", re.DOTALL)
# accepted types, with their type class and the type that a value is cast to
_TYPES = {
    "VARCHAR": ("text", ""), "CHARACTER VARYING": ("text", ""), "TEXT": ("text", ""),
    "BOOLEAN": ("boolean", ""), "TIMESTAMP": ("date", "TIMESTAMP"),
    "FLOAT": ("number", "DOUBLE PRECISION"), "FLOAT8": ("number", "DOUBLE PRECISION"),
    "DOUBLE PRECISION": ("number", "DOUBLE PRECISION"),
    "INTEGER": ("number", "INTEGER"), "INT": ("number", "INTEGER"),
    "BIGINT": ("number", "BIGINT"),
}  # fmt: skip
_INTEGERS = {"INTEGER", "BIGINT"}
_MAX_NODES = 20_000  # syntax tree nodes of a statement after inlining


def parse_function(sql: str, lookup: Lookup) -> Translated | None:
    """Translate CREATE FUNCTION or DROP FUNCTION; return None for any other statement.

    Args:
        sql: One statement.
        lookup: Finds the functions that the body calls.

    Raises:
        NotEmulatedError: The language, a type or the expression of the function is refused.
        RedshiftError: 42601 for a syntax error, 42883 if the body calls an unknown function.
    """
    bare = _COMMENTS.sub("", sql)
    if not _STATEMENT.match(bare):
        return None
    if match := _DROP.fullmatch(bare):
        name, arguments = _full_name(match), _argument_types(match["arguments"])
        return Translated(sql=function_store.drop(name, arguments), tag="DROP FUNCTION")
    function, replace = read_function(bare)
    calls = called_functions(_parsed(function))
    if function.name in calls:
        raise NotEmulatedError(f"a function that calls itself: {function.name}")
    _inlined(function, lookup(calls))
    return Translated(sql=function_store.store(function, replace=replace), tag="CREATE FUNCTION")


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
            "syntax error, or an unsupported form; supported: CREATE [OR REPLACE] FUNCTION name "
            "(type, …) RETURNS type IMMUTABLE AS $$ SELECT … $$ LANGUAGE sql, and DROP FUNCTION "
            "name (type, …)",
        )
    if match["language"].lower() != "sql":
        raise NotEmulatedError(f"a function in {match['language']}: write it in LANGUAGE sql")
    if not match["name"].lower().startswith(USER_PREFIX):
        name = match["name"]
        raise NotEmulatedError(f"a function without the prefix {USER_PREFIX}: rename {name}")
    function = UserFunction(
        _full_name(match),
        _argument_types(match["arguments"]),
        _type(match["returns"]),
        match["body"].strip(),
    )
    if not called_functions(expression := _parsed(function)):
        _check_result(function, expression)
    return function, bool(match["replace"])


def called_functions(tree: exp.Expr) -> tuple[str, ...]:
    """The full names of the user-defined functions that a statement calls."""
    return tuple(sorted({name for _, name in _calls(tree)}))


def functions_in(function: UserFunction) -> tuple[str, ...]:
    """The full names of the user-defined functions that a function calls."""
    return called_functions(_parsed(function))


def inline_calls(tree: exp.Expr, functions: Sequence[UserFunction]) -> None:
    """Replace the calls of functions by their expressions.

    Args:
        tree: A statement.
        functions: The functions that it calls, without those that do not exist.

    Raises:
        RedshiftError: 42883, a function does not exist with this number of arguments.
        NotEmulatedError: An argument is refused.
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
        holder = _inlined(function, functions)
        parameters = list(holder.find_all(exp.Parameter))
        uses = Counter(int(parameter.name) for parameter in parameters)
        for position, argument in enumerate(arguments, start=1):
            _check_copies(argument, uses[position])
        for parameter in parameters:
            position = int(parameter.name) - 1
            parameter.replace(_argument(function, position, arguments[position]))
        result = _converted(holder, function.returns)
        shown = isinstance(node.parent, exp.Query) and node.arg_key == "expressions"
        node.replace(exp.alias_(result, name.partition(".")[2], quoted=True) if shown else result)
        if sum(1 for _ in tree.walk()) > _MAX_NODES:
            raise RedshiftError("54001", "stack depth limit exceeded")


def check_arguments(tree: exp.Expr) -> None:
    """Refuse arguments whose type differs from the declared one; types must be resolved before.

    If the type of an argument for a text parameter is unknown, DuckDB checks it at run time.
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
        if node.meta["to"] in _INTEGERS and number_type(node) != "integer" and kind != "null":
            refuse("a non-integer argument for an integer parameter: CAST it", node)
        if node.meta["to"] == "INTEGER" and not _is_integer(node.this):
            refuse("a possible BIGINT for an INTEGER parameter: CAST it AS INTEGER", node)


def _is_integer(value: exp.Expr) -> bool:
    """Whether a value is known to be an INTEGER or SMALLINT, not a BIGINT."""
    value = value.unnest()
    if isinstance(value, exp.Cast):
        return value.args["to"].this.value in {"INT", "SMALLINT"}
    small = isinstance(value, exp.Literal) and abs(int(value.name)) < 2**31
    return small or isinstance(value, exp.Null)


def _calls(tree: exp.Expr) -> Iterator[tuple[exp.Expr, str]]:
    for node in tree.find_all(exp.Anonymous):
        if not name_of(node).startswith(USER_PREFIX):
            continue
        dot = node.parent if isinstance(node.parent, exp.Dot) else None
        schema = dot.this.name.lower() if dot is not None else "public"
        yield (dot or node), f"{schema}.{name_of(node)}"


def _anonymous(node: exp.Expr) -> exp.Expr:
    return node.expression if isinstance(node, exp.Dot) else node


def _check_copies(argument: exp.Expr, uses: int) -> None:
    """Refuse an argument that cannot be copied into the expression."""
    if isinstance(argument, (exp.Star, exp.Distinct)):
        refuse("* and DISTINCT as an argument of a user's function", argument)
    if uses > 1 and (
        argument.find(exp.Query) or any(name_of(n) == "random" for n in argument.walk())
    ):
        refuse("RANDOM or a subquery as an argument that the function uses twice", argument)


def _argument(function: UserFunction, position: int, value: exp.Expr) -> exp.Expr:
    kind, cast_to = _TYPES[function.arguments[position]]
    argument = exp.Paren(this=value.copy())
    argument.meta.update(argument=kind, to=cast_to)
    return exp.cast(argument, cast_to, dialect="redshift") if cast_to else argument


def _converted(expression: exp.Expr, returns: str) -> exp.Expr:
    _, cast_to = _TYPES[returns]
    return exp.cast(expression, cast_to, dialect="redshift") if cast_to else expression


def _inlined(function: UserFunction, functions: Sequence[UserFunction]) -> exp.Paren:
    """The expression of a function in parentheses, without calls of other functions."""
    holder = exp.Paren(this=_parsed(function))
    inline_calls(holder, functions)
    _check_result(function, holder.this)
    return holder


def _parsed(function: UserFunction) -> exp.Expr:
    """The expression of a function, as a new tree; each parameter has its type class in `meta`.

    Raises:
        NotEmulatedError: The body is not one scalar expression that uses every argument.
        RedshiftError: 42P02, the body names a parameter that does not exist.
    """
    select = parse(function.body)
    given = {part for part, value in select.args.items() if value}
    alone = isinstance(select, exp.Select) and given == {"expressions"}
    if not alone or len(select.expressions) != 1 or len(list(select.find_all(exp.Query))) > 1:
        raise NotEmulatedError("a SQL function consists of SELECT and one expression, without FROM")
    for node in select.walk():
        check(node)
        if isinstance(node, (exp.Column, exp.Star, exp.Window)) or (
            name_of(node) in AGGREGATES | SORTING
        ):
            refuse("columns, aggregates and windows in a SQL function: pass them as values", node)
    expression = select.expressions[0].unalias()
    used = set()
    for parameter in expression.find_all(exp.Parameter):
        position = int(parameter.name) - 1
        if not 0 <= position < len(function.arguments):
            raise RedshiftError("42P02", f"there is no parameter ${parameter.name}")
        parameter.meta["kind"] = _TYPES[function.arguments[position]][0]
        used.add(position)
    if len(used) != len(function.arguments):
        raise NotEmulatedError("a SQL function that does not use all its arguments")
    return expression


def _check_result(function: UserFunction, expression: exp.Expr) -> None:
    """Refuse an expression whose type differs from the return type of the function."""
    wanted, cast_to = _TYPES[function.returns]
    kind = kind_of(expression)
    if kind != wanted and not (kind == "literal" and wanted == "text"):
        refuse(f"a result that is not {function.returns}, as RETURNS declares: CAST it", expression)
    if cast_to in _INTEGERS and not isinstance(expression, exp.Cast):
        refuse(f"a number that is returned as {function.returns} without a CAST", expression)


def _full_name(match: re.Match[str]) -> str:
    return f"{match['schema'] or 'public'}.{match['name']}".lower()


def _argument_types(text: str) -> tuple[str, ...]:
    return tuple(_type(kind) for kind in text.split(",")) if text.strip() else ()


def _type(text: str) -> str:
    kind = " ".join(text.upper().split())
    if kind not in _TYPES:
        raise NotEmulatedError(f"{kind} in a function; supported: {', '.join(_TYPES)}")
    return kind
