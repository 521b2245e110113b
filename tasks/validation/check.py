"""Building blocks of the suites: checks, scopes and layers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Literal

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.execution_engine import ExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metadata_types import FailureSeverity

from tasks.receipts import UploadReceipt
from tasks.warehouse.models import published_models

Severity = Literal["critical", "warning", "info"]
Extent = Literal["receipts", "batch", "table", "view"]
# who acts when the expectation fails: the team that delivers the files, the one that maintains the
# pipeline, or the one that defines the figures
Owner = Literal["source", "pipeline", "analytics"]


class ExpectNoRows(BatchExpectation):
    """Expect that a query finds no row; count the rows, with one query.

    `UnexpectedRowsExpectation` gives the same result with two queries: it also fetches rows. Here
    `tasks.validation.failing_rows` fetches a sample, if there are any.
    """

    unexpected_rows_query: str

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    success_keys: ClassVar[tuple[str, ...]] = ("unexpected_rows_query",)

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
    """An expectation of a dataset, with its reason, its severity and its owner.

    A failed `critical` check stops the batch. A failed `warning` is reported, and the batch is
    published. A failed `info` check is only recorded.
    """

    dataset: str
    name: str  # unique in its dataset; part of the id, so it must not change
    expectation: gxe.Expectation
    reason: str
    severity: Severity
    owner: Owner
    failing_rows: str = ""  # SQL that finds the failing rows; `{batch}` is replaced by the dataset
    acceptable: bool = True  # False: the models cannot hold such rows, so nobody may accept them
    of_other_batches: bool = False  # the failing rows are of published batches; results name them


@dataclass(frozen=True)
class Scope:
    """The batches and receipts that a gate checks."""

    batch_dates: tuple[date, ...]
    receipts: tuple[UploadReceipt, ...] = ()
    quarantine_limit: float = 0.01  # share of the rows of a file, 0 to 1
    today: date = date.max  # the current business day; a batch date is not ahead of it
    proves_history: bool = True  # whether checks that read all of staging run, too


@dataclass(frozen=True)
class Layer:
    """A gate: its datasets, each with its extent, and the checks on them.

    The extent `receipts` is not a table but the upload receipts, one row per file. `batch` is the
    rows of the open batches (`candidate.batch_<table>`). `table` is all rows of the table. `view`
    is the rows of a costly view, which is computed once for all of its checks.
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
    acceptable: bool = True,
    **arguments: Any,  # noqa: ANN401 (the expectation's own)
) -> Check:
    """Build a check; Data Docs show its reason.

    Args:
        dataset: `schema.table`, or `files` for the upload receipts.
        kind: Class of the expectation.
        reason: The rule in words; reports show it, and acceptances name it.
        severity: What a failure does; see `Check`.
        owner: Who acts on a failure. Default: `source` for files and staging, else `pipeline`.
        failing_rows: SQL that finds the failing rows; `{batch}` is replaced by the dataset.
        acceptable: Whether a person may accept a failure.
        **arguments: Arguments of the expectation.
    """
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
        *(dataset, name, expectation, reason, severity, owner),
        failing_rows=" ".join(failing_rows.split()),
        acceptable=acceptable,
    )


def rows(
    dataset: str,
    name: str,
    sql: str,
    reason: str,
    severity: Severity = "critical",
    owner: Owner | None = None,
    failing_rows: str = "",
    *,
    acceptable: bool = True,
) -> Check:
    """Build a check that a query finds no row.

    Args:
        dataset: `schema.table`, or `files` for the upload receipts.
        sql: The query; `{batch}` is replaced by the dataset. Give it an alias if the query has a
            JOIN, and none otherwise: Great Expectations sets one.
        reason: The rule in words; reports show it, and acceptances name it.
        severity: What a failure does; see `Check`.
        owner: Who acts on a failure. Default: `source` for files and staging, else `pipeline`.
        failing_rows: SQL that finds the failing rows. Default: `sql`.
        acceptable: Whether a person may accept a failure.
    """
    return check(
        dataset,
        name,
        ExpectNoRows,
        reason,
        severity,
        owner,
        failing_rows or sql,
        acceptable,
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
    """Build a check that a condition is true for at most `percent` % of the rows.

    Args:
        dataset: `schema.table` of the dataset.
        condition: SQL condition on a row; the rows for which it is true are the failing rows.
        percent: The allowed share in percent, 0 to 100.
        reason: The rule in words; reports show it, and acceptances name it.
        severity: What a failure does; see `Check`.
        at_least: This many failing rows always pass: in a batch of 20 rows, one known exception
            is already 5 %.
        owner: Who acts on a failure. Default: `source` for files and staging, else `pipeline`.
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
    """Build a check that an aggregate of a dataset equals the result of another query.

    Args:
        dataset: `schema.table` of the dataset.
        found: SQL aggregate over the dataset, such as `SUM(price)`.
        expected: Query that returns one value.
        reason: The rule in words; reports show it, and acceptances name it.
        severity: What a failure does; see `Check`.
    """
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
    """Build a check that no key occurs twice.

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
        acceptable=False,
    )


def columns(dataset: str) -> Check:
    """Build a check that a candidate table has the columns of its model, in their order."""
    model = next(m for m in published_models() if m.name == dataset.partition(".")[2])
    return check(
        dataset,
        "columns",
        gxe.ExpectTableColumnsToMatchOrderedList,
        f"{model.name} has the columns of sql/{model.folder}/{model.name}.sql, in their order",
        column_list=list(model.table.names),
    )


def suite(name: str, checks: list[Check]) -> gx.ExpectationSuite:
    """Build the Great Expectations suite of one dataset from its checks."""
    return gx.ExpectationSuite(name=name, expectations=[c.expectation for c in checks])


def _owner(dataset: str) -> Owner:
    """Return the default owner: `source` for files and staging, else `pipeline`."""
    return "source" if dataset == "files" or dataset.startswith("staging.") else "pipeline"
