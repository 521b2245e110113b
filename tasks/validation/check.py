"""The parts that every suite is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Literal

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.execution_engine import ExecutionEngine
from great_expectations.expectations.metadata_types import FailureSeverity

from tasks.receipts import UploadReceipt
from tasks.warehouse.models import published_models

Severity = Literal["critical", "warning", "info"]
Extent = Literal["receipts", "batch", "table"]
# who acts when the expectation fails: those who deliver the files, those who keep the pipeline, or
# those who define what the figures mean
Owner = Literal["source", "pipeline", "analytics"]


class ExpectNoRows(gxe.UnexpectedRowsExpectation):
    """A query finds no row. Unlike its parent it counts them only, with one query instead of two.

    The rows themselves are looked at by `tasks.validation.failing_rows`, where there are any.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(
        self,
        metrics: dict,
        runtime_configuration: dict | None = None,
        execution_engine: ExecutionEngine | None = None,
    ) -> dict:
        del runtime_configuration, execution_engine
        count = metrics["unexpected_rows_query.row_count"]
        return {"success": count == 0, "result": {"observed_value": count}}


@dataclass(frozen=True)
class Check:
    """An expectation of a dataset, why it holds, what follows when it does not, and who acts.

    critical stops the batch, warning is told and published, info is recorded.
    """

    dataset: str
    name: str  # unique in its dataset; part of the id, so it must not change
    expectation: gxe.Expectation
    reason: str
    severity: Severity
    owner: Owner
    failing_rows: str = ""  # SQL that finds the rows that fail; `{batch}` stands for the dataset


@dataclass(frozen=True)
class Scope:
    """What a gate looks at."""

    batch_dates: tuple[date, ...]
    receipts: tuple[UploadReceipt, ...] = ()
    quarantine_limit: float = 0.01


@dataclass(frozen=True)
class Layer:
    """A gate: its datasets, each with the rows that count, and the checks on them.

    `receipts`: not a table but the receipts of the uploads, one row a file; `batch`: the rows of
    the open batches (`candidate.batch_<table>`); `table`: all rows.
    """

    name: str
    datasets: Mapping[str, Extent]
    checks: list[Check] = field(default_factory=list)

    def id_of(self, check: Check) -> str:
        """The stable id of a check: gate, table and name, as in `staging.orders.status_known`."""
        return f"{self.name}.{check.dataset.rpartition('.')[2]}.{check.name}"


def check(
    dataset: str,
    name: str,
    kind: type[gxe.Expectation],
    reason: str,
    severity: Severity = "critical",
    owner: Owner | None = None,
    failing_rows: str = "",
    **arguments: Any,  # noqa: ANN401 (the expectation's own)
) -> Check:
    """A check with its reason shown in Data Docs, too."""
    owner = owner or _owner(dataset)
    expectation = kind(
        **arguments,
        severity=FailureSeverity(severity),
        # Data Docs show this instead of the name of an expectation and its arguments
        description=f"{reason} ({severity}; owner: {owner})",
        notes=reason,
        meta={"reason": reason, "owner": owner},
    )
    return Check(
        dataset, name, expectation, reason, severity, owner, " ".join(failing_rows.split())
    )


def rows(
    dataset: str,
    name: str,
    sql: str,
    reason: str,
    severity: Severity = "critical",
    owner: Owner | None = None,
    failing_rows: str = "",
) -> Check:
    """A check that a query finds no row. `{batch}` stands for the dataset.

    Give it an alias where the query has a JOIN, and none elsewhere: Great Expectations sets one.
    """
    return check(
        dataset,
        name,
        ExpectNoRows,
        reason,
        severity,
        owner,
        failing_rows or sql,
        unexpected_rows_query=" ".join(sql.split()),
    )


def share(
    dataset: str,
    name: str,
    condition: str,
    percent: int,
    reason: str,
    severity: Severity,
    *,
    at_least: int = 10,
    owner: Owner | None = None,
) -> Check:
    """A check that a condition is true of at most so many percent of the rows.

    Up to `at_least` rows it may be true of are let pass: in a batch of 20, one known exception is
    5 %. The rows that fail are those of which the condition is true.
    """
    return rows(
        dataset,
        name,
        f"""
        SELECT counted.matching, counted.row_count
        FROM (
            SELECT SUM(CASE WHEN {condition} THEN 1 ELSE 0 END) AS matching, COUNT(*) AS row_count
            FROM {{batch}}
        ) AS counted
        WHERE counted.matching > {at_least}
            AND counted.matching * 100 > counted.row_count * {percent}
        """,
        reason,
        severity,
        owner,
        f"SELECT * FROM {{batch}} WHERE {condition}",
    )


def total(
    dataset: str,
    name: str,
    found: str,
    expected: str,
    reason: str,
    severity: Severity = "critical",
) -> Check:
    """A check that an aggregate of a dataset is what another query gives."""
    return rows(
        dataset,
        name,
        f"""
        SELECT totals.found, totals.expected
        FROM (SELECT (SELECT {found} FROM {{batch}}) AS found, ({expected}) AS expected) AS totals
        WHERE totals.found <> totals.expected
        """,
        reason,
        severity,
    )


def grain(dataset: str, key: list[str], reason: str) -> Check:
    """A check that no key occurs twice.

    Grouping is far cheaper for the warehouse than the window functions of Great Expectations' own
    uniqueness checks.
    """
    columns = ", ".join(key)
    return rows(
        dataset,
        "grain",
        f"""
        SELECT {columns}, COUNT(*) AS times FROM {{batch}}
        GROUP BY {columns} HAVING COUNT(*) > 1
        """,
        reason,
    )


def columns(dataset: str) -> Check:
    """A check that a candidate table has the columns of its model, in their order."""
    model = next(m for m in published_models() if m.name == dataset.partition(".")[2])
    return check(
        dataset,
        "columns",
        gxe.ExpectTableColumnsToMatchOrderedList,
        f"{model.name} has the columns of sql/{model.folder}/{model.name}.sql, in their order",
        column_list=model.columns,
    )


def suite(name: str, checks: list[Check]) -> gx.ExpectationSuite:
    """The checks of one dataset as a suite."""
    return gx.ExpectationSuite(name=name, expectations=[c.expectation for c in checks])


def _owner(dataset: str) -> Owner:
    """What a source delivered is the source's, what we computed from it is ours."""
    return "source" if dataset == "files" or dataset.startswith("staging.") else "pipeline"
