"""Trace a published row to its batches, source files, runs and validation results."""

import re
from dataclasses import dataclass

from infra.settings import Settings
from infra.sql_files import sql_files, statements
from infra.warehouse import transaction
from tasks.request import RequestError
from tasks.warehouse.data_dictionary import UNDER, VIEW

_KEY = re.compile(r"^-- Key:\s+(.+)$", re.MULTILINE)


class TraceError(RequestError):
    """The model or the row does not exist, or the key has the wrong number of values."""


@dataclass(frozen=True)
class Trace:
    """The source files of a row, and the runs that published it."""

    files: list[tuple]  # batch date, table, source file, SHA-256, row count, Parquet manifest
    runs: list[tuple]  # run id, batch date, action, published_at, expectations, failed expectations


def trace(settings: Settings, model: str, key: tuple[str, ...]) -> Trace:
    """Trace a row of `analytics` to its source files and the runs that published it.

    Args:
        settings: Access to the warehouse.
        model: Name of the model, with or without `analytics.`.
        key: Values of the key, in the order of the `-- Key:` header in `sql/trace/<model>.sql`;
            for `single_customer_view` in that of the table under it, `customer_totals`.

    Raises:
        TraceError: The model or the row does not exist, or `key` has the wrong number of values.
        WarehouseError: A query failed.
    """
    model = model.removeprefix("analytics.")
    if model not in traceable_models():
        raise TraceError(f"unknown model {model}; there are {', '.join(traceable_models())}")
    (sql,) = statements(f"trace/{UNDER if model == VIEW else model}.sql")
    types = _key_columns(sql)
    columns = list(types)
    if len(key) != len(columns):
        raise TraceError(f"the key of {model} is {', '.join(columns)}: {len(columns)} value(s)")
    with transaction(settings) as work:
        key_condition = " AND ".join(f"CAST({column} AS VARCHAR(256)) = %s" for column in columns)
        if not work.value(
            f"SELECT COUNT(*) AS row_count FROM analytics.{model} WHERE {key_condition}", list(key)
        ):
            key_text = ", ".join(f"{c} = {v}" for c, v in zip(columns, key, strict=True))
            raise TraceError(f"analytics.{model} has no row with {key_text}")
        column_definitions = ", ".join(
            f"{name} {column_type}" for name, column_type in types.items()
        )
        key_values = ", ".join(f"CAST(%s AS {column_type})" for column_type in types.values())
        work.run(f"CREATE TEMP TABLE traced_key ({column_definitions})")
        work.run(f"INSERT INTO traced_key SELECT {key_values}", list(key))
        sources = sorted(set(work.query(sql, what=f"sql/trace/{model}.sql")))
        loads = {
            (table, day): rest
            for table, day, *rest in work.query(
                "SELECT table_name, batch_date, source_file, source_sha256, rows_loaded, manifest, "
                "same_as FROM audit.loads"
            )
        }
        runs = work.query(
            """
            WITH results AS (
                SELECT run_id, COUNT(*) AS expectations,
                    SUM(CASE WHEN passed THEN 0 ELSE 1 END) AS failures
                FROM audit.validations GROUP BY run_id
            )
            SELECT batches.run_id, batches.batch_date, batches.action, batches.published_at,
                results.expectations, results.failures
            FROM audit.batches AS batches
            LEFT JOIN results ON batches.run_id = results.run_id
            ORDER BY COALESCE(batches.publish_number, 0) DESC, batches.published_at DESC,
                batches.batch_date
            """
        )
    # files that repeat those rows account for them, too
    sources = sorted(
        {*sources, *((t, day) for (t, day), load in loads.items() if (t, load[-1]) in sources)}
    )
    days = {day for _, day in sources}
    return Trace(
        files=[(day, table, *loads[table, day][:-1]) for table, day in sources],
        runs=[run for run in runs if run[1] in days],
    )


def traceable_models() -> list[str]:
    """The tables of `analytics` with a query in `sql/trace`, and the view over one of them."""
    return sorted([*(path.stem for path in sql_files("trace")), VIEW])


def _key_columns(sql: str) -> dict[str, str]:
    """Return the columns of the key with their types, from the `-- Key:` header."""
    found = _KEY.search(sql)
    assert found is not None, "a file in sql/trace needs a `-- Key:` header"  # noqa: S101
    return dict(column.strip().split(" ", 1) for column in found[1].split(", "))
