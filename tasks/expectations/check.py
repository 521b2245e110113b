"""The parts that every suite is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import great_expectations as gx
import great_expectations.expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

from tasks.receipts import UploadReceipt

Severity = Literal["critical", "warning", "info"]
Extent = Literal["receipts", "batch", "table"]


@dataclass(frozen=True)
class Check:
    """An expectation of a dataset, why it holds, and what follows when it does not.

    critical stops the batch, warning is told and published, info is recorded.
    """

    dataset: str
    expectation: gxe.Expectation
    reason: str
    severity: Severity


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


def check(
    dataset: str,
    kind: type[gxe.Expectation],
    reason: str,
    severity: Severity = "critical",
    **arguments: Any,  # noqa: ANN401 (the expectation's own)
) -> Check:
    """A check with its reason shown in Data Docs, too."""
    expectation = kind(**arguments, severity=FailureSeverity(severity), notes=reason)
    return Check(dataset, expectation, reason, severity)


def rows(dataset: str, sql: str, reason: str, severity: Severity = "critical") -> Check:
    """A check that a query finds no row. `{batch}` stands for the dataset.

    Give it an alias where the query has a JOIN, and none elsewhere: Great Expectations sets one.
    """
    return check(
        dataset,
        gxe.UnexpectedRowsExpectation,
        reason,
        severity,
        unexpected_rows_query=" ".join(sql.split()),
        description=reason,
    )


def grain(dataset: str, key: list[str], reason: str) -> Check:
    """A check that no key occurs twice.

    Grouping is far cheaper for the warehouse than the window functions of Great Expectations' own
    uniqueness checks.
    """
    columns = ", ".join(key)
    return rows(
        dataset,
        f"""
        SELECT {columns}, COUNT(*) AS times FROM {{batch}}
        GROUP BY {columns} HAVING COUNT(*) > 1
        """,
        reason,
    )


def suite(name: str, checks: list[Check]) -> gx.ExpectationSuite:
    """The checks of one dataset as a suite."""
    return gx.ExpectationSuite(name=name, expectations=[c.expectation for c in checks])
