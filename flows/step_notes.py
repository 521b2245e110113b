"""What each step did, in a few words, for the terminal and `run.json`."""

from collections.abc import Sequence

from flows.progress import Step
from tasks.receipts import (
    Comparison,
    CopyReceipt,
    ExportReceipt,
    GateReceipt,
    ModelReceipt,
    UploadReceipt,
)


def note_upload(step: Step, receipts: Sequence[UploadReceipt]) -> None:
    """Note the rows in the lake, and how many files are new."""
    step.rows = sum(receipt.rows_loaded for receipt in receipts)
    new = sum(receipt.uploaded for receipt in receipts)
    step.note = _new(new, len(receipts), "file")
    if aside := sum(receipt.rows_quarantined for receipt in receipts):
        step.details.append(f"{aside:,} rows are in quarantine")


def note_copy(step: Step, receipts: Sequence[CopyReceipt], comparison: Comparison) -> None:
    """Note the rows of the batches, how many tables are new, and if volumes have no yardstick."""
    step.rows = sum(receipt.rows for receipt in receipts)
    step.note = _new(sum(receipt.copied > 0 for receipt in receipts), len(receipts), "table")
    if not comparison.compared:
        step.details.append(f"volumes: {comparison.words}")


def note_transform(step: Step, receipts: Sequence[ModelReceipt], models: int) -> None:
    """Note the candidate rows of the published models, which are the last ones."""
    step.rows = sum(receipt.rows for receipt in receipts[-models:])
    step.note = "" if step.rows else "nothing changed"


def note_publish(step: Step, rows: dict[str, int]) -> None:
    """Note the rows that were replaced."""
    step.rows = sum(rows.values())
    step.note = "" if step.rows else "nothing changed"


def note_exports(step: Step, receipts: Sequence[ExportReceipt]) -> None:
    """Note the rows that were written, and how many of the exported months and tables changed."""
    step.rows = sum(it.partitions[value].rows for it in receipts for value in it.renewed)
    renewed = sum(len(receipt.renewed) for receipt in receipts)
    step.note = f"{renewed} of {sum(len(it.partitions) for it in receipts)} parts changed"


def note_gate(step: Step, receipt: GateReceipt) -> None:
    """Note how many expectations hold, and name those that fail but do not stop the batch."""
    held = len(receipt.results) - len(receipt.failed)
    failed = [result for result in receipt.failed if result.severity != "info"]
    counts = {
        "failed": len(receipt.blocking),
        "warning": len(receipt.warnings),
        "accepted": sum(bool(result.accepted_by) for result in failed),
        "info": len(receipt.failed) - len(failed),
    }
    told = [f"{count} {what}" for what, count in counts.items() if count]
    step.note = ", ".join([f"{held} of {len(receipt.results)} hold", *told])
    for result in failed:
        if result.accepted_by:
            step.details.append(f"accepted by {result.accepted_by}: {result.id}")
        elif result not in receipt.blocking:
            step.details.append(
                f"{result.severity}: {result.id}: violated: {result.reason} ({result.observed})"
            )


def _new(count: int, of: int, what: str) -> str:
    if not count:
        return "nothing new"
    return f"{count} of {of} {what}s new" if count < of else f"{count} new {what}s"
