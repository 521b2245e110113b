"""The functions of users in the database."""

from collections.abc import Callable, Sequence

import duckdb

from infra.local.redshift.sql.user_functions import UserFunction, functions_in


def find_functions(
    run: Callable[[str], duckdb.DuckDBPyConnection], names: Sequence[str]
) -> tuple[UserFunction, ...]:
    """Find functions, and the functions that these call.

    Args:
        run: Runs DuckDB SQL on the session's connection.
        names: Full names (`schema.name`); functions that do not exist are left out.
    """
    found: dict[str, UserFunction] = {}
    missing = list(names)
    while missing:
        read = _read(run, missing)
        found |= {function.name: function for function in read}
        called = {name for function in read for name in functions_in(function)}
        missing = sorted(called - found.keys() - set(missing))
    return tuple(found.values())


def _read(
    run: Callable[[str], duckdb.DuckDBPyConnection], names: Sequence[str]
) -> list[UserFunction]:
    listed = ", ".join(f"'{name}'" for name in names)
    rows = run(
        "SELECT name, arguments, returns, body FROM emulator.user_function "
        f"WHERE name IN ({listed}) ORDER BY name"
    ).fetchall()
    return [
        UserFunction(name, tuple(arguments.split(", ")) if arguments else (), returns, body)
        for name, arguments, returns, body in rows
    ]
