"""Data of the dashboards: the rows of the queries in `sql/dashboards`, packed by column."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from infra.settings import Settings
from infra.sql_files import statements
from infra.warehouse import Transaction, transaction
from tasks.reporting.dashboards.figures import DASHBOARDS
from tasks.reporting.dashboards.geography import Cities

QUERIES = tuple(name for dashboard in DASHBOARDS for name in dashboard.all_queries)
_COUNTED = ("fact_order", "fact_order_item", "fact_payment", "fact_review", "customer_totals")


@dataclass(frozen=True)
class Source:
    """The published state that a page was built from."""

    batch_date: date | None  # the latest batch in the warehouse
    run_id: str
    published_at: datetime | None  # UTC
    verdict: str  # of the gates of the run that published last
    tone: str  # good, warn or bad
    rows: dict[str, int]  # by table


@dataclass(frozen=True)
class Contents:
    """Content of the pages: packed rows by query, display names of cities, and their source."""

    cubes: dict[str, dict[str, Any]]
    cities: dict[str, str]
    source: Source


def contents(settings: Settings) -> Contents:
    """Query the warehouse in one transaction, so that all pages show the same state.

    Raises:
        WarehouseError: A query failed.
    """
    with transaction(settings, read_only=True) as work:
        cubes = {name: _cube(work, name) for name in QUERIES}
        spelt = Cities(work.query(statements("dashboards/city_spellings.sql")[0]))
        source = _source(work)
    known = {city for cube in cubes.values() for city in cube["levels"].get("city", [])}
    return Contents(
        cubes=cubes,
        cities={city: spelt.name(city) for city in sorted(known)},
        source=source,
    )


def _source(work: Transaction) -> Source:
    rows = {table: work.value(f"SELECT COUNT(*) AS n FROM analytics.{table}") for table in _COUNTED}
    last = work.query(
        "SELECT run_id, published_at FROM audit.batches "
        "ORDER BY COALESCE(publish_number, 0) DESC, published_at DESC LIMIT 1"
    )
    if not last:
        return Source(None, "", None, "nothing is published yet", "warn", rows)
    run_id, published_at = last[0]
    day = work.value("SELECT MAX(batch_date) AS d FROM audit.loads")
    results = work.query(
        "SELECT severity, gate, accepted_by IS NOT NULL AS accepted, COUNT(*) AS n "
        "FROM audit.validations WHERE run_id = %s AND NOT passed AND severity <> 'info' "
        "GROUP BY severity, gate, accepted_by IS NOT NULL",
        [run_id],
    )
    gates = {
        gate
        for (gate,) in work.query(
            "SELECT DISTINCT gate FROM audit.validations WHERE run_id = %s", [run_id]
        )
    }
    return Source(day, run_id, published_at, *verdict_of(gates, results), rows)


def verdict_of(gates: set[str], failed: Sequence[tuple[str, str, bool, int]]) -> tuple[str, str]:
    """Summarize the validation of the run that published last.

    Args:
        gates: Names of the gates that ran.
        failed: Failed expectations as (severity, gate, accepted, count).

    Returns:
        The verdict in words, and its tone: good, warn or bad.
    """
    stopped = sorted(
        gate for severity, gate, accepted, _ in failed if severity == "critical" and not accepted
    )
    if stopped:
        return f"gate {', '.join(stopped)} failed: do not use these figures", "bad"
    if "reconciliation" not in gates:
        return "not reconciled yet: run olist validate", "warn"
    accepted = sum(count for _, _, by_somebody, count in failed if by_somebody)
    warnings = sum(count for _, _, by_somebody, count in failed if not by_somebody)
    counts = [
        f"{count} {word}{'s' if count > 1 and word == 'warning' else ''}"
        for count, word in ((warnings, "warning"), (accepted, "accepted by users"))
        if count
    ]
    if counts:
        return f"validated, with {' and '.join(counts)}", "warn"
    return "validated: every gate passed", "good"


def _cube(work: Transaction, name: str) -> dict[str, Any]:
    rows = work.query(statements(f"dashboards/{name}.sql")[0], what=f"sql/dashboards/{name}.sql")
    return packed(work.columns, rows)


def packed(names: Sequence[str], rows: Sequence[tuple]) -> dict[str, Any]:
    """Pack rows by column: texts and dates as indexes into `levels`, money as whole cents.

    Args:
        names: Column names, in the order of the values in a row.
        rows: Rows of a query.

    Returns:
        The number of `rows`, the values of `columns`, and the sorted `levels` of text columns.
    """
    columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    cube: dict[str, Any] = {"rows": len(rows), "columns": {}, "levels": {}}
    for name in names:
        values = columns.get(name, ())
        if any(isinstance(value, (str, date)) for value in values):
            levels = sorted({str(value) for value in values if value is not None})
            place = {level: at for at, level in enumerate(levels)}
            cube["levels"][name] = levels
            cube["columns"][name] = [None if v is None else place[str(v)] for v in values]
        else:
            cube["columns"][name] = [_number(value) for value in values]
    return cube


def _number(value: Any) -> int | float | None:  # noqa: ANN401 (any type of the driver)
    if isinstance(value, Decimal):
        return int(value.scaleb(2)) if value.as_tuple().exponent == -2 else int(value)
    return round(value, 4) if isinstance(value, float) else value
