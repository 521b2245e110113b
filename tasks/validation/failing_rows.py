"""The rows that fail a check: the query that finds them, their number, and a sample."""

from datetime import date
from typing import Any

import pandas as pd

from infra.contracts import sensitive_columns
from infra.settings import Settings
from infra.shown_text import HIDDEN, visible
from infra.warehouse import transaction
from tasks.validation.check import Check

EMPTY = "(empty)"
_CELL = 120  # characters of a value that are shown
_REASONS = 600  # characters that are shown of the reasons why rows of a file are in quarantine


def find_all(check: Check, relation: str) -> str:
    """Return SQL that finds the failing rows of a check; '' for a check of the whole table.

    Args:
        check: The failed check.
        relation: `schema.table` to search.
    """
    sql = check.failing_rows or _of_a_column(check)
    return sql.replace("{batch}", relation)


def _of_a_column(check: Check) -> str:
    arguments: dict[str, Any] = check.expectation.configuration.kwargs
    column = arguments.get("column")
    where = {
        "expect_column_values_to_be_in_set": lambda: (
            f"{column} NOT IN ({', '.join(_literal(v) for v in arguments['value_set'])})"
        ),
        "expect_column_values_to_match_regex": lambda: f"NOT {column} ~ '{arguments['regex']}'",
        "expect_column_values_to_be_between": lambda: " OR ".join(
            f"{column} {sign} {arguments[bound]}"
            for sign, bound in (("<", "min_value"), (">", "max_value"))
            if arguments.get(bound) is not None
        ),
        "expect_column_pair_values_to_be_equal": lambda: (
            f"COALESCE({arguments['column_A']} <> {arguments['column_B']}, TRUE)"
        ),
    }.get(check.expectation.expectation_type)
    return f"SELECT * FROM {{batch}} WHERE {where()}" if where else ""


def _literal(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


def count_and_fetch(
    settings: Settings, sql: str, most: int, first: str = ""
) -> tuple[int, list[dict[str, str]]]:
    """Count the rows that a query finds, and fetch the first of them.

    Args:
        settings: Access to the warehouse; if `sample_rows` is 0, no row is fetched.
        sql: The query.
        most: Number of rows that are fetched.
        first: Name of a column to show first.

    Returns:
        The number of rows, and the fetched ones as text, with sensitive values hidden.

    Raises:
        WarehouseError: A query failed.
    """
    with transaction(settings, read_only=True) as work:
        count = work.value(f"SELECT COUNT(*) AS row_count FROM ({sql}) AS failing_rows")
        if not settings.sample_rows:
            return count, []  # no row may leave the tables
        found = work.query(f"SELECT * FROM ({sql}) AS failing_rows LIMIT {most}")
        rows = [shown(dict(zip(work.columns, row, strict=True))) for row in found]
        return count, [{**{first: row[first]}, **row} if first in row else row for row in rows]


def count_by_batch(settings: Settings, sql: str) -> dict[date, int]:
    """Count the rows that a query finds, by their `batch_date`.

    Raises:
        WarehouseError: The query failed.
    """
    with transaction(settings, read_only=True) as work:
        return dict(
            work.query(
                f"SELECT batch_date, COUNT(*) AS row_count FROM ({sql}) AS failing_rows "
                "GROUP BY batch_date ORDER BY batch_date"
            )
        )


def sample_of_files(
    settings: Settings, files: pd.DataFrame, positions: list[int]
) -> list[dict[str, str]]:
    """Return a sample of the files that fail a check of the raw gate.

    Args:
        settings: `sample_rows` limits the sample.
        files: One row per file.
        positions: Positions of the failing files in `files`.
    """
    some = files.iloc[positions[: settings.sample_rows]]
    return [shown(row, _REASONS) for row in some.to_dict("records")]


def format_count(rows: int) -> str:
    """Format a number of rows: `1 row`, `2,904 rows`."""
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def shown(row: dict[Any, Any], length: int = _CELL) -> dict[str, str]:
    """Return a row as text; sensitive values are hidden, columns that do not apply are left out.

    Args:
        row: Values by column.
        length: Number of characters that are shown of a value.
    """
    return {
        str(name): HIDDEN
        if name in sensitive_columns() and value is not None
        else _text(value)[:length]
        for name, value in row.items()
        if value != ""  # a column of the files that says nothing about this file
    }


def _text(value: object) -> str:
    if value is None:
        return EMPTY
    if isinstance(value, str):
        return visible(value)
    return str(round(value, 4) if isinstance(value, float) else value)
