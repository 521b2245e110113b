"""Validate: a gate runs one layer's expectations and says whether the batch may go on.

Great Expectations takes seconds to import, so this module imports it only when a gate runs.
"""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib import import_module
from typing import TYPE_CHECKING

from prefect import get_run_logger, task

from infra.settings import Settings
from infra.warehouse import transaction
from tasks.receipts import (
    Acceptance,
    ExpectationResult,
    GateReceipt,
    RerunCommand,
    UploadReceipt,
)
from tasks.retries import RETRY

if TYPE_CHECKING:
    from tasks.validation.check import Scope

GATES = ("raw", "staging", "star", "marts", "reconciliation")
# what these find is for the source to correct, and for a person to accept; the others prove what
# the pipeline computed, and nobody can accept that a sum is wrong
ACCEPTABLE = ("raw", "staging")
_LEVELS = {"critical": logging.ERROR, "warning": logging.WARNING}


class GateError(RuntimeError):
    """A gate stopped the batch; the message lists what failed, and what was seen."""

    def __init__(self, message: str, receipt: GateReceipt) -> None:
        """Keep the receipt, for reports and notifications."""
        super().__init__(message)
        self.receipt = receipt

    def __reduce__(self) -> tuple[type, tuple[str, GateReceipt]]:
        """So that it can leave its process."""
        return type(self), (str(self), self.receipt)


def import_in_background() -> None:
    """Import Great Expectations in the background, while the run waits for others anyway.

    To be called when everything else is imported: threads that import the same modules at once
    may see them half made.
    """
    threading.Thread(target=import_module, args=("tasks.validation.runner",), daemon=True).start()


def run_gate(
    settings: Settings,
    gate: str,
    scope: "Scope",
    run_id: str,
    acceptances: Sequence[Acceptance] = (),
) -> GateReceipt:
    """Run a layer's expectations, and note every result in `audit.validations`.

    Returns the verdict; it is for the caller to stop on it (`require`). Raises WarehouseError and
    SuiteError.
    """
    from tasks.validation.runner import layer_of, results  # noqa: PLC0415 (slow to import)

    begun = time.perf_counter()
    found = results(settings, layer_of(gate, scope), scope, run_id)
    receipt = GateReceipt(
        gate=gate,
        batch_date=max(scope.batch_dates),
        results=[_accepted(gate, result, acceptances) for result in found],
    )
    receipt.seconds = time.perf_counter() - begun
    _note(settings, receipt, run_id)
    return receipt


def require(receipt: GateReceipt, label: str, rerun: RerunCommand) -> GateReceipt:
    """Raise GateError when an expectation failed that stops the batch."""
    if receipt.blocking:
        lines = [line for result in receipt.blocking for line in _told(result)]
        raise GateError(
            f"Gate {receipt.gate} stopped batch {label}: "
            f"{len(receipt.blocking)} of {len(receipt.results)} expectations failed.\n"
            + "\n".join(lines)
            + f"\n{remedy(receipt, rerun)}",
            receipt,
        )
    return receipt


def remedy(receipt: GateReceipt, rerun: RerunCommand) -> str:
    """What to do about a gate that stopped a batch."""
    if receipt.gate == "reconciliation":
        return (
            "Compute all of it anew from the loaded files: olist rebuild\n"
            f"If the gate fails again, take the batch back: olist retract {receipt.batch_date}"
        )
    if receipt.gate not in ACCEPTABLE or not all(r.evaluated for r in receipt.blocking):
        return (
            "This is a pipeline bug, so running again does not help: fix the model under sql/ or "
            f"the expectation, then run again: {rerun}"
        )
    correct = f"Correct the source, then run again: {rerun}"
    if not rerun.accepts_failures:
        return correct
    accept = " ".join(f"--accept {result.id}" for result in receipt.blocking)
    return (
        f"{correct}\n"
        "Or, if the data is right and the expectation is too strict, publish it as it is, under "
        "your name (it stays in the audit): "
        f"{rerun} {accept} --accepted-by NAME --because REASON"
    )


def _told(result: ExpectationResult) -> list[str]:
    lines = [f"  - {result.id}: violated: {result.reason}. Found: {result.observed}"]
    lines += [
        "      " + ", ".join(f"{name}={value}" for name, value in row.items())
        for row in result.sample
    ]
    return [*lines, f'      all of them: olist query "{result.sql}"'] if result.sql else lines


def _accepted(
    gate: str, result: ExpectationResult, acceptances: Sequence[Acceptance]
) -> ExpectationResult:
    if result.passed or gate not in ACCEPTABLE or not result.evaluated:
        return result
    for acceptance in acceptances:
        if result.id in acceptance.expectations:
            update = {"accepted_by": acceptance.by, "accepted_because": acceptance.because}
            return result.model_copy(update=update)
    return result


def accepted_before(settings: Settings) -> list[Acceptance]:
    """What people have accepted so far, the last decision first. Raises WarehouseError."""
    with transaction(settings, read_only=True) as work:
        rows = work.query(
            "SELECT expectation_id, accepted_by, accepted_because FROM audit.validations "
            "WHERE accepted_by IS NOT NULL AND expectation_id IS NOT NULL "
            "ORDER BY validated_at DESC"
        )
    return [
        Acceptance(expectations=[expectation], by=by, because=because)
        for expectation, by, because in dict.fromkeys(rows)
    ]


def _note(settings: Settings, receipt: GateReceipt, run_id: str) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        (
            run_id,
            receipt.batch_date,
            receipt.gate,
            number,
            r.dataset,
            r.expectation,
            r.reason,
            r.severity,
            r.passed,
            r.observed.encode()[:4096].decode(errors="ignore"),
            r.owner,
            r.accepted_by or None,
            r.accepted_because or None,
            now,
            r.id,
        )
        for number, r in enumerate(receipt.results)
    ]
    slots = ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows))
    with transaction(settings) as work:
        work.run(
            "DELETE FROM audit.validations WHERE run_id = %s AND gate = %s",
            [run_id, receipt.gate],
        )
        work.run(
            f"INSERT INTO audit.validations VALUES {slots}",
            [value for row in rows for value in row],
        )


@task(name="validate", task_run_name="validate {gate} {label}", **RETRY)
def validate(
    gate: str,
    batch_dates: list[date],
    receipts: list[UploadReceipt],
    run_id: str,
    label: str,
    rerun: RerunCommand,
    acceptances: Sequence[Acceptance] = (),
) -> GateReceipt:
    """Run one gate, and say what it found; raises GateError when it stops the batches."""
    settings = Settings()
    from tasks.validation.check import Scope  # noqa: PLC0415 (slow to import)

    scope = Scope(tuple(batch_dates), tuple(receipts), settings.quarantine_limit)
    receipt = run_gate(settings, gate, scope, run_id, acceptances)
    logger = get_run_logger()
    for failed in receipt.failed:
        accepted = f"; accepted by {failed.accepted_by}" if failed.accepted_by else ""
        logger.log(
            logging.INFO if accepted else _LEVELS.get(failed.severity, logging.INFO),
            "%s, %s: %s (%s)%s",
            label,
            failed.dataset,
            failed.reason,
            failed.observed,
            accepted,
        )
    passed = len(receipt.results) - len(receipt.failed)
    logger.info(
        "gate %s, %s: %s of %s expectations hold", gate, label, passed, len(receipt.results)
    )
    return require(receipt, label, rerun)
