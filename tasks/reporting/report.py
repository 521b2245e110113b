"""Report: artifacts of the run in the Prefect UI, the page of the run, and Data Docs."""

from decimal import Decimal
from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from infra.lake import Lake
from infra.settings import Settings
from infra.shown_text import markdown
from infra.warehouse import transaction
from tasks.log_errors import log_errors
from tasks.receipts import ExpectationResult, RunReport
from tasks.reporting.addresses import address_of
from tasks.reporting.check_history import write_check_history
from tasks.reporting.data_docs import build_data_docs
from tasks.reporting.overview import after_failure
from tasks.reporting.run_history import keep_here, store_run
from tasks.reporting.run_page import verdict, write_page
from tasks.retries import LIMIT
from tasks.warehouse.totals import comparison, reconciled_totals


def published_value(settings: Settings) -> Decimal:
    """Return price and freight of all published orders, in R$.

    Raises:
        WarehouseError: The query failed.
    """
    with transaction(settings, read_only=True) as work:
        return work.value(
            "SELECT COALESCE(SUM(order_value), 0) AS total_value FROM analytics.fact_order"
        )


def report_run(settings: Settings, report: RunReport) -> Path:
    """Store the facts of a run in the lake, and write its page on this machine and in the lake.

    The page on this machine is written first, so it exists even if the lake fails.

    Returns:
        Path of the page on this machine.

    Raises:
        ClientError: S3 refused a request. Other errors of boto3 pass through as well.
    """
    path = write_page(settings, report, [])
    lake = Lake(settings)
    runs = store_run(lake, report)
    keep_here(settings, runs)
    path = write_page(settings, report, runs)
    lake.put_text(
        f"reports/{report.batch_dates[-1]}/index.html",
        path.read_text(encoding="utf-8"),
        "text/html",
    )
    return path


def artifacts(report: RunReport, page: Path, address: str | None) -> None:
    """Create the Prefect artifacts of the run: gates, failures, reconciliation, page link."""
    create_table_artifact(
        key="gates",
        table=[
            {
                "gate": gate.gate,
                "verdict": gate.verdict,
                "expectations": len(gate.results),
                **{
                    severity: len([r for r in gate.failed if r.severity == severity])
                    for severity in ("critical", "warning", "info")
                },
                "seconds": round(gate.seconds, 1),
            }
            for gate in report.gates
        ],
        description=f"Gates of {report.label}: **{verdict(report)[0]}**",
    )
    create_markdown_artifact(
        key="failures", markdown=_failures(report), description=f"What failed in {report.label}"
    )
    if report.totals:
        create_table_artifact(
            key="reconciliation",
            table=[
                {
                    "measure": total.measure,
                    "source": total.text(total.source),
                    "in quarantine": total.text(total.quarantined),
                    "published": total.text(total.published),
                    "amount unreadable (rows)": total.unreadable,
                }
                for total in report.totals
            ],
            description=f"Rows and money through the layers after batch {report.label}. "
            + comparison(report.totals),
        )
    if address:
        create_link_artifact(
            key="report",
            link=address,
            link_text=f"Report of {report.label}",
            description=str(page),
        )


def _failures(report: RunReport) -> str:
    failed = [(gate.gate, r) for gate in report.gates for r in gate.failed if r.severity != "info"]
    title = f"# {report.label}: {verdict(report)[0]}\n\n{verdict(report)[1]}\n"
    words = f"{report.error}\n\n{report.advice}".replace("```", "'''")
    error = f"\n```\n{words}\n```\n" if report.error else ""
    return title + error + "".join(_failure(gate, result) for gate, result in failed)


def _failure(gate: str, result: ExpectationResult) -> str:
    text = (
        f"\n## {result.severity}: {result.reason}\n\n`{result.id}`\n\n"
        f"Gate {gate}, `{result.dataset}`, owner: {result.owner}. "
        f"{markdown(result.observed)}.\n\n"
    )
    if result.accepted_by:
        text += markdown(f"Accepted by {result.accepted_by}: {result.accepted_because}") + "\n\n"
    if result.sample:
        names = list(result.sample[0])
        rows = [[markdown(row.get(name, "")) for name in names] for row in result.sample]
        for cells in (names, ["---"] * len(names), *rows):
            text += "| " + " | ".join(cells) + " |\n"
    if result.sql:
        text += f"\nQuery for {result.sql_finds}:\n\n```sql\n{result.sql}\n```\n"
    return text


@task(name="report", task_run_name="report {label}", **LIMIT)
def report(label: str, facts: RunReport, pages: bool = True) -> Path:
    """Report a run: write its page, its Prefect artifacts and, optionally, Data Docs.

    After a failure the warehouse is not queried, because it may be the cause; a gate that stops the
    batch is no failure of it. An error of the lake
    is then only logged, so that it does not hide the first error.

    Args:
        label: Label of the run.
        facts: The facts of the run.
        pages: Whether to build Data Docs and, if gates have decided, the page of all checks.

    Returns:
        Path of the page on this machine.
    """
    settings, logger = Settings(), get_run_logger()
    if facts.verdict == "published":
        facts = facts.model_copy(
            update={
                "totals": reconciled_totals(settings),
                "total_value": published_value(settings),
            }
        )
        page = report_run(settings, facts)
    else:
        try:
            page = report_run(settings, facts)
            after_failure(settings)
        except Exception as error:  # noqa: BLE001 (logged)
            logger.warning("%s: the report is kept on this machine only: %s", label, error)
            page = write_page(settings, facts, [])
    address = address_of(settings, page)
    artifacts(facts, page, address)
    if pages:
        build_data_docs(settings)
        if facts.verdict != "failed":
            with log_errors("the page of all checks cannot be written"):
                write_check_history(settings)
    logger.info("%s: %s. Report: %s", label, verdict(facts)[0], address or page)
    return page
