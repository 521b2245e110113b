"""The functions of users in the database."""

from collections.abc import Callable, Sequence

import duckdb

from infra.local.redshift.sql import function_store
from infra.local.redshift.sql.function_store import UserFunction
from infra.local.redshift.sql.user_functions import functions_in


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
        rows = run(function_store.find(missing)).fetchall()
        read = [
            UserFunction(name, tuple(arguments.split(", ")) if arguments else (), returns, body)
            for name, arguments, returns, body in rows
        ]
        found |= {function.name: function for function in read}
        called = {name for function in read for name in functions_in(function)}
        missing = sorted(called - found.keys())
    return tuple(found.values())
