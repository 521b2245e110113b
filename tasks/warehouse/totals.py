"""Totals of the source files, beside those of what is published."""

from collections.abc import Sequence

from infra.settings import Settings
from infra.warehouse import transaction
from tasks.receipts import Total


def reconciled_totals(settings: Settings) -> list[Total]:
    """Return the totals of all published batches, ordered by measure.

    Raises:
        WarehouseError: The query failed.
    """
    with transaction(settings, read_only=True) as work:
        rows = work.query(
            "SELECT measure, unit, source_total, published_total, quarantined_total, "
            "unreadable_rows FROM audit.reconciliation ORDER BY measure"
        )
    names = ("measure", "unit", "source", "published", "quarantined", "unreadable")
    return [Total(**dict(zip(names, row, strict=True))) for row in rows]


def comparison(totals: Sequence[Total]) -> str:
    """Say in a sentence how the published totals compare with the source files.

    "To the cent" is said only if nothing is in quarantine.

    Args:
        totals: The totals of all published batches.
    """
    if any(not total.is_equal for total in totals):
        return "The published totals do not match the source files."
    aside = [total for total in totals if total.quarantined or total.unreadable]
    if not aside:
        return "The published totals match the source files to the cent."
    return (
        f"What is in quarantine, of all batches, is not published. {'; '.join(map(_parts, aside))}."
    )


def _parts(total: Total) -> str:
    what = total.measure.partition(":")[0]
    unreadable = (
        f" (amount unreadable in {total.unreadable:,} row{'' if total.unreadable == 1 else 's'})"
        if total.unreadable
        else ""
    )
    return (
        f"{what}: files {total.text(total.source)}, published {total.text(total.published)}, in "
        f"quarantine {total.text(total.quarantined)}{unreadable}"
    )
