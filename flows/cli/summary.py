"""The summary that `olist run` prints at its end."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from flows.results import RunReceipt
from infra.settings import Settings
from tasks.receipts import RunReport, Total
from tasks.reporting.addresses import shown_address
from tasks.warehouse.totals import comparison


def summarise(
    console: Console,
    receipt: RunReceipt,
    settings: Settings,
) -> None:
    """Print the reconciliation, what needs attention, and where to look next.

    Args:
        console: Where to print.
        receipt: Result of the run.
        settings: `home` is the folder with the pages.
    """
    console.print()
    console.rule(_headline(receipt))
    console.print(f"{len(receipt.steps)} steps in {sum(receipt.seconds.values()):.1f} s")
    for upload in receipt.uploads:
        if upload.quarantine_url:
            console.print(
                f"{upload.rows_quarantined:,} rows of {upload.table} are in quarantine "
                f"(olist quarantine {upload.batch_date}): {upload.quarantine_url}",
                style="yellow",
                soft_wrap=True,
            )
    facts = receipt.page.with_name("run.json").read_text(encoding="utf-8")
    totals = RunReport.model_validate_json(facts).totals
    console.print(_reconciliation(totals))
    console.print(comparison(totals), soft_wrap=True)
    overview = settings.state / "reports" / "index.html"
    console.print("Where to look next", style="bold")
    for text in (
        'olist query "SELECT segment, SUM(total_value) AS total_value '
        'FROM analytics.single_customer_view GROUP BY segment ORDER BY total_value DESC"',
        f"dashboards, and all pages: {shown_address(settings, overview)} (olist dashboard opens "
        "them)",
        f"report of this run: {shown_address(settings, receipt.page)} (olist report opens it)",
        "runs, tasks and artifacts: make ui",
    ):
        console.print(f"  {text}", soft_wrap=True)


def _headline(receipt: RunReceipt) -> str:
    if receipt.changed_nothing:
        return f"Batch {receipt.label} is published; nothing changed in its files"
    counts = {"warning": len(receipt.warnings), "accepted failure": len(receipt.accepted)}
    told = " and ".join(f"{n} {w}{'s' if n > 1 else ''}" for w, n in counts.items() if n)
    return f"Batch {receipt.label} is published" + (f", with {told}" if told else "")


def _reconciliation(totals: Sequence[Total]) -> Table:
    has_quarantine = any(total.quarantined for total in totals)
    table = Table(box=SIMPLE, title="Reconciliation", title_justify="left", pad_edge=False)
    table.add_column("measure", overflow="fold")
    for column in ("source", *(["in quarantine"] if has_quarantine else []), "published"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for total in totals:
        aside = total.text(total.quarantined) if total.quarantined else ""
        table.add_row(
            total.measure,
            total.text(total.source),
            *([aside] if has_quarantine else []),
            total.text(total.published),
            ("=" if not total.quarantined else "complete") if total.is_equal else "DIFFERS",
        )
    return table
