"""Report: artifacts of the run in the Prefect UI, and Data Docs."""

from decimal import Decimal
from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact

from infra.settings import Settings
from infra.warehouse import transaction
from tasks.receipts import GateReceipt


def gate_artifact(receipt: GateReceipt, label: str) -> None:
    """Every expectation of a gate as a table on the run."""
    create_table_artifact(
        key=f"gate-{receipt.gate}",
        table=[
            {
                "verdict": "holds" if r.passed else r.severity,
                "dataset": r.dataset,
                "expected": r.reason,
                "observed": r.observed,
            }
            for r in sorted(receipt.results, key=lambda r: r.passed)
        ],
        description=f"Gate **{receipt.gate}** of batch {label}: "
        f"{len(receipt.failed)} of {len(receipt.results)} expectations failed",
    )


def reconciliation(settings: Settings) -> list[tuple[str, str, str]]:
    """Measure, total of the source, total published; as text, exact. Raises WarehouseError."""
    with transaction(settings, read_only=True) as work:
        rows = work.query(
            "SELECT measure, source_total, published_total FROM audit.reconciliation "
            "ORDER BY measure"
        )
    return [
        (measure, _figure(source, measure), _figure(published, measure))
        for measure, source, published in rows
    ]


def _figure(total: Decimal, measure: str) -> str:
    return f"{total:,.2f}" if measure.startswith("R$") else f"{total:,.0f}"


@task(name="report", task_run_name="report {label}")
def report(label: str, *, published: bool, pages: bool = True) -> Path:
    """Build Data Docs if asked to; after a publish, show the reconciliation on the run, too.

    After a failure nothing is asked of the warehouse, for it may be what failed.
    """
    from tasks.validate import build_data_docs, data_docs  # noqa: PLC0415 (it imports this module)

    settings = Settings()
    if published:
        create_table_artifact(
            key="reconciliation",
            table=[
                {"measure": measure, "source": source, "published": total}
                for measure, source, total in reconciliation(settings)
            ],
            description=f"Rows and money through the layers after batch {label}",
        )
    page = build_data_docs(settings) if pages else data_docs(settings)
    get_run_logger().info("validation reports: %s", page)
    return page
