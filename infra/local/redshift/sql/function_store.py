"""DuckDB SQL that stores and reads user-defined functions in `emulator.user_function`.

The statements fail where Redshift fails, with error('SQLSTATE|message') as in `macros.sql`.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class UserFunction:
    """A user-defined function: its full name, argument types, return type and SELECT."""

    name: str  # schema.name
    arguments: tuple[str, ...]
    returns: str
    body: str


def store(function: UserFunction, *, replace: bool) -> str:
    """SQL that creates a function, or changes its body."""
    name, body = _quoted(function.name), _quoted(function.body)
    signature = _quoted(", ".join(function.arguments))
    same = f"name = {name} AND arguments = {signature} AND returns = '{function.returns}'"
    changed = f"{same} AND body <> {body}"
    schema = function.name.partition(".")[0]
    return "; ".join([
        f"SELECT CASE WHEN count(*) = 0 THEN error('3F000|schema \"{schema}\" does not exist') END "
        f"FROM duckdb_schemas() WHERE schema_name = '{schema}' AND NOT internal",
        _raise_where(
            f"name = {name} AND NOT ({same})",
            "0A000|a function of this name with other types exists: DROP FUNCTION first",
        ),
        _raise_where(
            f"{changed} AND {_used_by_view(function.name)}",
            "0A000|replacing a function that a view uses: DROP VIEW first",
        )
        if replace
        else _raise_where(
            same, f"42723|function {function.name} already exists with same argument types"
        ),
        f"UPDATE emulator.user_function SET body = {body} WHERE {changed}",
        f"INSERT INTO emulator.user_function SELECT {name}, {signature}, '{function.returns}', "
        f"{body} WHERE NOT EXISTS (FROM emulator.user_function WHERE {same})",
    ])  # fmt: skip


def drop(name: str, arguments: tuple[str, ...]) -> str:
    """SQL that drops a function."""
    found = f"name = {_quoted(name)} AND arguments = {_quoted(', '.join(arguments))}"
    return "; ".join([
        f"SELECT CASE WHEN count(*) = 0 THEN error('42883|function {name} does not exist') END "
        f"FROM emulator.user_function WHERE {found}",
        _raise_where(
            f"{found} AND {_used_by_view(name)}",
            f"2BP01|cannot drop function {name} because a view depends on it",
        ),
        f"DELETE FROM emulator.user_function WHERE {found}",
    ])  # fmt: skip


def drop_in_schema(schema: str, *, cascade: bool) -> str:
    """SQL that drops the functions of a schema, or fails if there are any.

    Args:
        schema: The schema that DROP SCHEMA drops.
        cascade: Whether it drops the objects in the schema.
    """
    found = f"starts_with(name, {_quoted(schema.lower() + '.')})"
    if not cascade:
        return _raise_where(
            found, "2BP01|cannot drop the schema because functions depend on it: use CASCADE"
        )
    elsewhere = (
        "EXISTS (FROM duckdb_views() AS v WHERE contains(v.comment, '\"' || name || '()\"') "
        f"AND v.schema_name <> {_quoted(schema.lower())})"
    )
    return "; ".join([
        _raise_where(
            f"{found} AND {elsewhere}",
            "0A000|a view of another schema uses a function of this schema: DROP VIEW first",
        ),
        f"DELETE FROM emulator.user_function WHERE {found}",
    ])  # fmt: skip


def find(names: Sequence[str]) -> str:
    """SQL that reads functions by their full names."""
    return (
        "SELECT name, arguments, returns, body FROM emulator.user_function "
        f"WHERE name IN ({', '.join(map(_quoted, names))}) ORDER BY name"
    )


def _used_by_view(name: str) -> str:
    """SQL condition that a view uses the function; `note_view` lists functions in its comment."""
    return f"EXISTS (FROM duckdb_views() WHERE contains(comment, '\"{name}()\"'))"


def _raise_where(condition: str, message: str) -> str:
    return (
        f"SELECT CASE WHEN count(*) > 0 THEN error({_quoted(message)}) END "
        f"FROM emulator.user_function WHERE {condition}"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
