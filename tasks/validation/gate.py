"""Validation gates: run the expectations of a layer; stop the batch if a critical one fails.

Great Expectations takes seconds to import, so this module imports it only when a gate runs.
"""

import logging
import threading
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING

from prefect import get_run_logger, task

from infra.ddl import tables
from infra.settings import Settings
from infra.warehouse import transaction
from tasks.receipts import (
    Acceptance,
    ExpectationResult,
    GateReceipt,
    RerunCommand,
    UploadReceipt,
)
from tasks.request import RequestError
from tasks.retries import STEP
from tasks.warehouse.control_totals import proof_is_due
from tasks.warehouse.published_index import last_publish_number

if TYPE_CHECKING:
    from tasks.validation.check import Scope

GATES = ("raw", "staging", "star", "marts", "reconciliation")
# failures of these gates are errors in the source data, which a person may accept; the other gates
# check what the pipeline computed, and a wrong sum cannot be accepted
ACCEPTABLE = ("raw", "staging")
_COLUMNS = 3  # of a failing row in the message of an error
QUARANTINE_EMPTY = "raw.files.quarantine_empty"  # fails if rows of a file are in quarantine


class GateError(RuntimeError):
    """A gate stopped the batch; the message lists the failures and the observed values."""

    def __init__(self, message: str, receipt: GateReceipt) -> None:
        """Keep the receipt, for reports and notifications."""
        super().__init__(message)
        self.receipt = receipt

    def __reduce__(self) -> tuple[type, tuple[str, GateReceipt]]:
        """Pickle the error with its receipt, so that it can be sent to another process."""
        return type(self), (str(self), self.receipt)


def import_in_background() -> None:
    """Import Great Expectations in a background thread, while the run waits for other services.

    Call it after all other imports: threads that import the same modules at once may see them
    partially initialized.
    """
    threading.Thread(target=import_module, args=("tasks.validation.runner",), daemon=True).start()


def run_gate(
    settings: Settings,
    gate: str,
    scope: "Scope",
    run_id: str,
    acceptances: Sequence[Acceptance] = (),
    only: Sequence[str] | None = None,
) -> GateReceipt:
    """Run the expectations of a gate, and write every result to `audit.validations`.

    A part of a gate proves nothing about the rest, so its results are not written.

    Args:
        settings: Access to the warehouse.
        gate: One of GATES.
        scope: The batches and receipts to check.
        run_id: Id of the flow run.
        acceptances: Decisions to accept failures; only gates in ACCEPTABLE use them.
        only: Ids of the expectations to run; None for all.

    Returns:
        The receipt with all results. The caller decides whether to stop (`require`).

    Raises:
        SuiteError: An expectation has no result.
        WarehouseError: A statement failed.
    """
    from tasks.validation.runner import layer_of, results  # noqa: PLC0415 (slow to import)

    begun = time.perf_counter()
    found = results(settings, layer_of(gate, scope), scope, run_id, only)
    receipt = GateReceipt(
        gate=gate,
        batch_date=max(scope.batch_dates),
        results=[_accepted(gate, result, acceptances) for result in found],
        rows_quarantined=sum(upload.rows_quarantined for upload in scope.receipts),
    )
    receipt.seconds = time.perf_counter() - begun
    if only is None:
        _note(settings, receipt, run_id)
    return receipt


def require(receipt: GateReceipt, label: str, rerun: RerunCommand) -> GateReceipt:
    """Return the receipt, unless a failed expectation stops the batch.

    Args:
        receipt: Result of a gate.
        label: Label of the batch, for the message.
        rerun: The command that runs the batch again, for the message.

    Raises:
        GateError: At least one critical expectation failed and is not accepted.
    """
    if receipt.blocking:
        lines = [line for result in receipt.blocking for line in _format_result(result)]
        raise GateError(
            f"Gate {receipt.gate} stopped batch {label}: "
            f"{len(receipt.blocking)} of {len(receipt.results)} expectations failed.\n"
            + "\n".join(lines)
            + f"\n{remedy(receipt, rerun)}",
            receipt,
        )
    return receipt


def remedy(receipt: GateReceipt, rerun: RerunCommand) -> str:
    """Return instructions for a gate that stopped a batch."""
    if receipt.gate == "reconciliation":
        return (
            "Recompute everything from the loaded files: olist rebuild\n"
            f"If the gate fails again, withdraw the batch: olist retract {receipt.batch_date}"
        )
    if receipt.gate not in ACCEPTABLE or not all(r.evaluated for r in receipt.blocking):
        return (
            "This is a pipeline bug, so running again does not help: fix the model under sql/ or "
            f"the expectation, then run again: {rerun}"
        )
    if depending := sorted({day for r in receipt.blocking for day in r.batches}):
        return _remedy_for(depending, rerun)
    correct = f"Correct the source, then run again: {rerun}"
    if rows := receipt.rows_quarantined:
        correct += (
            f"\n{rows:,} row{'' if rows == 1 else 's'} in quarantine may be the cause; they can be "
            f"mended and delivered again: olist quarantine {receipt.batch_date}"
        )
    if not rerun.accepts_failures:
        return correct
    if fixed := [result.id for result in receipt.blocking if not result.acceptable]:
        return f"{correct}\nNobody can accept {', '.join(fixed)}: the models cannot hold such rows."
    accept = " ".join(f"--accept {result.id}" for result in receipt.blocking)
    return (
        f"{correct}\n"
        "Or, if the data is correct and the expectation is too strict, publish it unchanged, under "
        "your name (the audit records it): "
        f'{rerun} {accept} --accepted-by "YOUR NAME" --because "AT LEAST TEN CHARACTERS"'
    )


def _remedy_for(depending: list[date], rerun: RerunCommand) -> str:
    """Return instructions for a run that removes rows which published batches refer to."""
    days = " ".join(map(str, depending))
    if rerun.text.startswith("olist retract"):
        together = f"Retract the batches that refer to the removed rows as well: {rerun} {days}"
    else:
        together = (
            f"Retract the batches that refer to the removed rows: olist retract {days}\n"
            f"Then run again: {rerun}"
        )
    return (
        f"{together}\n"
        "Or keep them: deliver the rows that they refer to in another batch, then run again. The "
        "queries above find them."
    )


def _format_result(result: ExpectationResult) -> list[str]:
    found = f"{result.observed}. Owner: {result.owner}"
    lines = [f"  - {result.id}: violated: {result.reason}. Found: {found}"]
    lines += [f"      {_in_short(row)}" for row in result.sample]
    if result.batches:
        counts = ", ".join(f"{day} ({count:,})" for day, count in result.batches.items())
        lines.append(f"      rows by batch: {counts}")
    query = f'      {result.sql_finds}: olist query "{result.sql}"'
    return [*lines, query] if result.sql else lines


def _in_short(row: dict[str, str]) -> str:
    """The column that fails, which comes first, and the next ones; pages show all."""
    shown = [f"{name}={value}" for name, value in list(row.items())[:_COLUMNS]]
    return ", ".join([*shown, "…"] if len(row) > _COLUMNS else shown)


def _accepted(
    gate: str, result: ExpectationResult, acceptances: Sequence[Acceptance]
) -> ExpectationResult:
    if result.passed or gate not in ACCEPTABLE or not result.acceptable:
        return result
    for acceptance in acceptances:
        if result.id in acceptance.expectations:
            update = {"accepted_by": acceptance.by, "accepted_because": acceptance.because}
            return result.model_copy(update=update)
    return result


def require_known(acceptance: Acceptance) -> None:
    """Refuse an acceptance of checks that do not exist, or that nobody may accept.

    Raises:
        RequestError: It names such a check; the message proposes those with a similar id.
    """
    from tasks.validation.check import Scope  # noqa: PLC0415 (slow to import)
    from tasks.validation.runner import layer_of  # noqa: PLC0415

    scope = Scope((date.today(),))
    layers = [layer_of(gate, scope) for gate in ACCEPTABLE]
    known = {layer.id_of(check): check for layer in layers for check in layer.checks}
    for wanted in acceptance.expectations:
        if wanted not in known:
            similar = get_close_matches(wanted, known, n=3)
            names = f"did you mean {' or '.join(similar)}?" if similar else "docs/expectations.md"
            raise RequestError(f"no check of the source has the id {wanted}: {names}")
        if not known[wanted].acceptable:
            raise RequestError(f"nobody can accept {wanted}: the models cannot hold such rows")


def recorded_acceptances(settings: Settings) -> list[Acceptance]:
    """Return all acceptances so far, the latest first.

    Raises:
        WarehouseError: The audit cannot be read.
    """
    with transaction(settings, read_only=True) as work:
        rows = work.query(
            "SELECT expectation_id, accepted_by, accepted_because FROM audit.validations "
            "WHERE accepted_by IS NOT NULL AND expectation_id IS NOT NULL "
            "ORDER BY COALESCE(validation_number, 0) DESC, validated_at DESC"
        )
    return [
        Acceptance(expectations=[expectation], by=by, because=because)
        for expectation, by, because in dict.fromkeys(rows)
    ]


def _note(settings: Settings, receipt: GateReceipt, run_id: str) -> None:
    with transaction(settings, read_only=True) as work:
        published = last_publish_number(work)
        recorded = work.value(
            "SELECT COALESCE(MAX(validation_number), 0) AS n FROM audit.validations"
        )
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
            recorded + 1,
            published,
        )
        for number, r in enumerate(receipt.results)
    ]
    slots = ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows))
    columns = tables("audit")["validations"].column_list
    with transaction(settings) as work:
        work.run(
            "DELETE FROM audit.validations WHERE run_id = %s AND gate = %s",
            [run_id, receipt.gate],
        )
        work.run(
            f"INSERT INTO audit.validations ({columns}) VALUES {slots}",
            [value for row in rows for value in row],
        )


@task(name="validate", task_run_name="validate {gate} {label}", **STEP)
def validate(
    gate: str,
    batch_dates: list[date],
    receipts: list[UploadReceipt],
    run_id: str,
    label: str,
    rerun: RerunCommand,
    acceptances: Sequence[Acceptance] = (),
    only: Sequence[str] | None = None,
    proves_history: bool = False,
) -> GateReceipt:
    """Run one gate, and log its results.

    Args:
        gate: One of GATES.
        batch_dates: Dates of the open batches.
        receipts: Upload receipts of the open batches.
        run_id: Id of the flow run.
        label: Label of the batches, for messages.
        rerun: The command that runs the batches again, for messages.
        acceptances: Decisions to accept failures of the source data.
        only: Ids of the expectations to run; None for all.
        proves_history: Whether the gate `reconciliation` reads all of staging, even if it has done
            so within a week.

    Raises:
        GateError: The gate stops the batches.
    """
    settings = Settings()
    from tasks.validation.check import Scope  # noqa: PLC0415 (slow to import)

    scope = Scope(
        batch_dates=tuple(batch_dates),
        receipts=tuple(receipts),
        quarantine_limit=settings.quarantine_limit,
        today=settings.today,
        proves_history=proves_history or (gate == "reconciliation" and proof_is_due(settings)),
    )
    receipt = run_gate(settings, gate, scope, run_id, acceptances, only)
    logger = get_run_logger()
    for failed in receipt.failed:
        if failed in receipt.blocking:
            continue  # the error that ends the task lists them
        accepted = f"; accepted by {failed.accepted_by}" if failed.accepted_by else ""
        is_warning = failed.severity == "warning" and not accepted
        logger.log(
            logging.WARNING if is_warning else logging.INFO,
            "%s, %s: %s (%s)%s",
            *(label, failed.id, failed.reason, failed.observed, accepted),
            extra={"in_step_line": True},
        )
    passed = len(receipt.results) - len(receipt.failed)
    logger.info(
        "gate %s, %s: %s of %s expectations hold", gate, label, passed, len(receipt.results)
    )
    return require(receipt, label, rerun)
