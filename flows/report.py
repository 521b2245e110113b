"""The report flow: rewrite the page of a batch's last run."""

from datetime import date
from pathlib import Path

from prefect import flow, task
from prefect.runtime import flow_run

from flows.hooks import announce_failure
from infra.settings import Settings
from tasks.reporting.run_page import rewrite_page
from tasks.retries import LIMIT


@task(name="write page", **LIMIT)
def _write(batch_date: date | None) -> Path:
    return rewrite_page(Settings(), batch_date)


def _run_name() -> str:
    return f"{(flow_run.parameters or {}).get('batch_date') or 'last run'} report"


@flow(name="report", flow_run_name=_run_name, on_failure=[announce_failure])
def report_flow(batch_date: date | None = None) -> Path:
    """Rewrite the page of a batch's last run from the report stored in the lake.

    Args:
        batch_date: Date of the batch; default: the batch of the last run.

    Returns:
        Path of the HTML page.

    Raises:
        ReportError: No such run is known.
    """
    return _write(batch_date)
