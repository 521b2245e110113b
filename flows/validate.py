"""The validate flow: the gates again, on what is published, without loading anything."""

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

from flows.hooks import announce_failure, announce_success
from flows.rerun_command import rerun_command
from infra.settings import Settings
from tasks.receipts import GateReceipt
from tasks.validation.gate import GATES, GateError, accepted_before
from tasks.validation.gate import validate as gate
from tasks.validation.revalidate import (
    close_published,
    load_published_as_candidate,
    open_published,
)
from tasks.warehouse.writer_lock import holding, take_lock

LAYERS = GATES[1:]  # files are looked at while they are loaded


class LayerError(ValueError):
    """There is no such layer; the message lists those that are."""


@flow(
    name="validate",
    flow_run_name="validate",
    on_failure=[announce_failure],
    on_completion=[announce_success],
)
def validate_flow(layers: list[str] | None = None) -> list[GateReceipt]:
    """Run the gates on all that is published, and change nothing.

    All layers are looked at, even if one fails; the run fails if any gate does. What people have
    accepted stays accepted.

    Args:
        layers: staging, star, marts, reconciliation; default: all of them.
    """
    unknown = sorted(set(layers or []) - set(LAYERS))
    if unknown:
        raise LayerError(f"no layer {', '.join(unknown)}; there are {', '.join(LAYERS)}")
    chosen = [layer for layer in LAYERS if layer in (layers or LAYERS)]
    settings, run_id = Settings(), str(flow_run.id)
    take_lock(run_id, "validate")
    receipts, errors = [], []
    with holding(settings, run_id, "validate", get_run_logger().warning):
        days = open_published(run_id)
        accepted = accepted_before(settings)
        for layer in chosen:
            if layer == "staging":
                load_published_as_candidate("staging", run_id)
            elif layer in {"star", "marts"} and "star" not in {r.gate for r in receipts}:
                load_published_as_candidate("models", run_id)
            try:
                receipts.append(
                    gate(
                        layer,
                        days,
                        [],
                        run_id,
                        "published",
                        rerun_command("validate", {}),
                        accepted,
                    )
                )
            except GateError as error:
                receipts.append(error.receipt)
                errors.append(error)
        close_published(run_id)
    if errors:
        raise errors[0]
    return receipts
