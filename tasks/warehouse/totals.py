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
    if not any(total.quarantined or total.unreadable for total in totals):
        return "The published totals match the source files to the cent."
    parts = [
        f"files {_amount(total, total.source)}, published {_amount(total, total.published)}, in "
        f"quarantine {_amount(total, total.quarantined)}"
        + (f" (amount unreadable in {_rows(total.unreadable)})" if total.unreadable else "")
        for total in totals
        if total.quarantined or total.unreadable
    ]
    return f"The published totals lack what is in quarantine: {'; '.join(parts)}."


def _amount(total: Total, figure: object) -> str:
    text = total.text(figure)  # pyright: ignore[reportArgumentType]
    return f"R$ {text}" if total.unit == "R$" else f"{text} rows"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
