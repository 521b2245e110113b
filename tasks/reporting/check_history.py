"""The page of all checks: the last results of each, with what was observed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path

from infra.lake import Lake
from infra.settings import Settings
from infra.warehouse import transaction
from tasks.reporting.templates import page, write
from tasks.validation.gate import GATES

KEPT = 30  # results of a check
ADDRESS = "checks.html"  # below the folder `reports`


@dataclass(frozen=True)
class Result:
    """What a check gave for a batch."""

    batch_date: date
    passed: bool
    observed: str
    accepted_by: str

    @property
    def outcome(self) -> str:
        """The outcome in one word."""
        return "passed" if self.passed else "accepted" if self.accepted_by else "failed"


@dataclass
class CheckHistory:
    """The last results of a check, the latest first."""

    id: str
    reason: str
    severity: str
    owner: str
    results: list[Result] = field(default_factory=list)

    @property
    def gate(self) -> str:
        """The gate that runs it."""
        return self.id.partition(".")[0]

    @property
    def held(self) -> list[bool]:
        """Whether the check held, for each result."""
        return [result.passed for result in self.results]

    @property
    def spans(self) -> list[tuple[int, Result, Result]]:
        """Number, last and first of the results in a row that are alike, the latest first."""
        alike = groupby(self.results, key=lambda r: (r.outcome, r.observed))
        groups = [list(group) for _, group in alike]
        return [(len(group), group[0], group[-1]) for group in groups]


def check_histories(settings: Settings) -> list[CheckHistory]:
    """Read the last results of each check, in the order of the gates.

    Raises:
        WarehouseError: The audit cannot be read.
    """
    with transaction(settings, read_only=True) as work:
        # each run records its gates, so the numbers bound what is read
        rows = work.query(
            "SELECT expectation_id, reason, severity, owner, batch_date, passed, observed, "
            "accepted_by FROM audit.validations WHERE expectation_id IS NOT NULL "
            "AND validation_number > (SELECT MAX(last.validation_number) FROM audit.validations "
            "AS last) - %s ORDER BY validation_number DESC, expectation_number",
            [KEPT * len(GATES)],
        )
    found: dict[str, CheckHistory] = {}
    for check, reason, severity, owner, day, passed, observed, accepted_by in rows:
        history = found.setdefault(check, CheckHistory(check, reason, severity, owner))
        if len(history.results) < KEPT:
            history.results.append(Result(day, passed, observed or "", accepted_by or ""))
    return sorted(found.values(), key=lambda history: GATES.index(history.gate))


def write_check_history(settings: Settings) -> Path:
    """Write the page on this machine and in the lake.

    Returns:
        Path of the page on this machine.

    Raises:
        WarehouseError: The audit cannot be read.
        ClientError: S3 refused the page.
    """
    text = html(check_histories(settings))
    path = settings.state / "reports" / ADDRESS
    write(path, text)
    Lake(settings).put_text(f"reports/{ADDRESS}", text, "text/html")
    return path


def html(histories: Sequence[CheckHistory]) -> str:
    """Render the page as one self-contained HTML document."""
    gates = [(gate, [h for h in histories if h.gate == gate]) for gate in GATES]
    return page(
        "checks.html",
        gates=[pair for pair in gates if pair[1]],
        failing=[h for h in histories if h.severity != "info" and not all(h.held)],
        kept=KEPT,
    )
