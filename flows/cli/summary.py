"""The summary that `olist run` prints at its end."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from flows.results import RunReceipt
from infra.settings import Settings
from tasks.receipts import GateReceipt, Total
from tasks.reporting.addresses import shown_address
from tasks.warehouse.totals import comparison


def summarise(
    console: Console,
    receipt: RunReceipt,
    totals: Sequence[Total],
    settings: Settings,
) -> None:
    """Print rows and seconds per step, gates, reconciliation, and where to look next.

    Args:
        console: Where to print.
        receipt: Result of the run.
        totals: Totals of source and publish.
        settings: `home` is the folder with the pages.
    """
    console.print()
    console.rule(f"Batch {receipt.label} is published")
    console.print(_steps(receipt))
    console.print(gates_table(receipt.gates))
    console.print(_reconciliation(totals))
    console.print(comparison(totals), soft_wrap=True)
    overview = settings.state / "reports" / "index.html"
    console.print("Where to look next", style="bold")
    for text in (
        'olist query "SELECT segment, COUNT(*) AS persons, SUM(total_value) AS total_value '
        'FROM analytics.single_customer_view GROUP BY segment ORDER BY total_value DESC"',
        f"dashboards, and all pages: {shown_address(settings, overview)} (olist dashboard opens "
        "them)",
        f"report of this run: {shown_address(settings, receipt.page)} (olist report opens it)",
        "runs, tasks and artifacts: make ui",
    ):
        console.print(f"  {text}", soft_wrap=True)


def _steps(receipt: RunReceipt) -> Table:
    rows = {
        "upload": sum(r.rows_loaded for r in receipt.uploads),
        "copy": sum(r.rows for r in receipt.copies),
        "transform": sum(r.rows for r in receipt.models),
        "publish": sum(receipt.published.rows.values()),
    }
    notes = {
        "upload": _share(sum(r.uploaded for r in receipt.uploads), "files new"),
        "copy": _share(sum(r.copied > 0 for r in receipt.copies), "tables copied"),
    }
    table = Table("step", "rows", "seconds", "", title="Steps", title_justify="left")
    table.columns[1].justify = table.columns[2].justify = "right"
    for step, seconds in receipt.seconds.items():
        count = rows.get(step)
        table.add_row(
            step, "" if count is None else f"{count:,}", f"{seconds:.1f}", notes.get(step, "")
        )
    quarantined = sum(r.rows_quarantined for r in receipt.uploads)
    if quarantined:
        table.caption = f"{quarantined:,} rows in quarantine: " + ", ".join(
            r.quarantine_url for r in receipt.uploads if r.quarantine_url
        )
    table.add_row("all", "", f"{sum(receipt.seconds.values()):.1f}", "", style="bold")
    return table


def _share(count: int, what: str) -> str:
    return f"{count} {what}" if count else "nothing new"


def gates_table(gates: Sequence[GateReceipt]) -> Table:
    """Return a table of gates and their failed expectations, without severity `info`."""
    table = Table("gate", "expectations", "failed", title="Gates", title_justify="left")
    for gate in gates:
        shown = [r for r in gate.failed if r.severity != "info"]
        failed = "; ".join(
            f"{r.severity}: {r.reason} ({r.observed})"
            + (f", accepted by {r.accepted_by}" if r.accepted_by else "")
            for r in shown
        )
        table.add_row(gate.gate, str(len(gate.results)), failed or "none")
    return table


def _reconciliation(totals: Sequence[Total]) -> Table:
    table = Table(
        *("measure", "source", "in quarantine", "published", ""),
        title="Reconciliation",
        title_justify="left",
    )
    for column in table.columns[1:4]:
        column.justify = "right"
    for total in totals:
        table.add_row(
            total.measure,
            total.text(total.source),
            total.text(total.quarantined) if total.quarantined else "",
            total.text(total.published),
            ("=" if not total.quarantined else "complete") if total.is_equal else "DIFFERS",
        )
    return table
