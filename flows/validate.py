"""The validate flow: run the gates on published data without loading a batch."""

from contextlib import suppress
from typing import Literal

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

from flows.hooks import announce_failure, announce_success
from flows.progress import Progress
from flows.rerun_command import rerun_command
from flows.step_notes import note_gate
from infra.settings import Settings
from tasks.receipts import GateReceipt
from tasks.validation.gate import GATES, GateError, recorded_acceptances
from tasks.validation.gate import validate as gate
from tasks.validation.revalidate import (
    begin_revalidation,
    end_revalidation,
    load_published_as_candidate,
)
from tasks.validation.selection import select_checks
from tasks.warehouse.writer_lock import hold_writer_lock, take_lock

LAYERS = GATES[1:]  # all except "raw", which validates files during a load


Layer = Literal["staging", "star", "marts", "reconciliation"]


@flow(
    name="validate",
    flow_run_name="validate",
    on_failure=[announce_failure],
    on_completion=[announce_success],
)
def validate_flow(
    layers: list[Layer] | None = None,
    datasets: list[str] | None = None,
    expectations: list[str] | None = None,
    keep: bool = False,
) -> list[GateReceipt]:
    """Run the gates on all published data without changing it.

    Every layer is validated, even if an earlier one fails. The run fails if any gate fails.
    Acceptances recorded by earlier runs still apply. A selection of checks says nothing about the
    others, so the audit does not record it.

    Args:
        layers: The layers to validate; default: all of them.
        datasets: Run only the checks of these tables, such as `orders` or `fact_order`.
        expectations: Run only these checks, such as `staging.orders.status_known`.
        keep: Keep the copy of the published data in `candidate` until the next run, so that a
            notebook can run the checkpoints of `olist gx` on it.

    Returns:
        One receipt per layer, in order.

    Raises:
        NothingPublishedError: No batch is published.
        RequestError: There is no such dataset or check.
        GateError: A gate failed; the message lists the failures of all.
        LockError: Another run is writing.
    """
    layers_chosen = [layer for layer in LAYERS if layer in (layers or LAYERS)]
    chosen = select_checks(layers_chosen, datasets or [], expectations or [])
    is_partial = bool(datasets or expectations)
    settings, run_id = Settings(), str(flow_run.id)
    take_lock(run_id, "validate")
    receipts: list[GateReceipt] = []
    errors: list[GateError] = []
    rerun = rerun_command("validate", {})
    with hold_writer_lock(settings, run_id, "validate", get_run_logger().warning):
        plan = ["prepare", *(f"gate: {layer}" for layer in chosen)]
        progress = Progress(plan, "published", shown=True)
        with progress.step("prepare"):
            days = begin_revalidation(run_id)
            accepted = recorded_acceptances(settings)
        for layer, checks in chosen.items():
            with suppress(GateError), progress.step(f"gate: {layer}") as step:
                if layer == "staging":
                    load_published_as_candidate("staging", run_id)
                elif layer in {"star", "marts"} and "star" not in {r.gate for r in receipts}:
                    load_published_as_candidate("models", run_id)
                try:
                    only = checks if is_partial else None
                    receipt = gate(
                        layer,
                        days,
                        [],
                        run_id,
                        "published",
                        rerun,
                        accepted,
                        only,
                        proves_history=True,
                    )
                except GateError as error:
                    receipt = error.receipt
                    errors.append(error)
                receipts.append(receipt)
                note_gate(step, receipt)
                if receipt.blocking:
                    raise errors[-1]
        if not keep:
            end_revalidation(run_id)
    if errors:
        raise GateError("\n\n".join(map(str, errors)), errors[0].receipt)
    return receipts
