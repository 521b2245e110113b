"""Flow hooks that send a notification when a run has ended."""

import logging
import re
from datetime import date
from typing import Any

from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ParameterTypeError
from prefect.flows import Flow
from prefect.logging.loggers import flow_run_logger
from prefect.settings import PREFECT_UI_URL

from flows.rerun_command import rerun_command
from flows.results import BackfillReceipt, RunReceipt
from infra.lake import Lake
from infra.settings import Settings
from tasks.notifications.monitors import ping
from tasks.notifications.notify import failure, open_failure, recovery, send, settle, warning_digest
from tasks.receipts import ExpectationResult, RerunCommand
from tasks.reporting.addresses import shown_address
from tasks.reporting.run_history import history
from tasks.reporting.run_page import page_of
from tasks.request import RequestError
from tasks.warehouse.totals import reconciled_totals


def announce_failure(flow: Flow, flow_run: FlowRun, state: State) -> None:
    """Send a failure notification, and record the failure as open until a run resolves it."""
    logger: Any = flow_run_logger(flow_run, flow)
    settings, name = Settings(), _name(flow, flow_run)
    error = state.result(raise_on_failure=False)
    if not isinstance(error, BaseException):
        error = RuntimeError(state.message or "unknown reason")
    asked_wrongly = isinstance(error, ParameterTypeError) and not flow_run.auto_scheduled
    if asked_wrongly or isinstance(error, RequestError):
        return  # the person who asked sees it
    subjects = _subjects(flow_run)
    message = failure(
        *(name, _attempt(flow_run), error, _rerun(settings, flow, flow_run)),
        _links(settings, flow_run, subjects),
        before=_log_errors(logger, _last_published, settings) or "the last publish",
        published=flow.name == "validate",  # the validate flow reads only published data
        owners=settings.owners,
    )
    send(settings, message, logger)
    ping(settings, "/fail", message.subject, logger)
    _log_errors(logger, open_failure, settings, subjects or [name], message.subject)


def announce_success(flow: Flow, flow_run: FlowRun, state: State) -> None:
    """Send a digest of warnings, and a recovery message for failures that this run resolves."""
    logger: Any = flow_run_logger(flow_run, flow)
    settings, name = Settings(), _name(flow, flow_run)
    receipt: Any = state.result(raise_on_failure=False)
    days = _published(receipt)
    links = _links(settings, flow_run, [str(day) for day in days[-1:]])
    if warnings := _failed(receipt):
        rerun = _rerun(settings, flow, flow_run)
        digest = warning_digest(
            *(name, _attempt(flow_run), warnings, rerun, links),
            totals=_log_errors(logger, reconciled_totals, settings) or [],
            owners=settings.owners,
        )
        send(settings, digest, logger)
    settled = _log_errors(logger, settle, settings, [*map(str, days), name]) or []
    if settled:
        send(settings, recovery(name, _attempt(flow_run), settled, links), logger)


def _log_errors(logger: logging.Logger, what: Any, *arguments: Any) -> Any:  # noqa: ANN401
    """Call a function that uses lake or warehouse; log an error and return None.

    Errors of notifications must not change the outcome of the run.
    """
    try:
        return what(*arguments)
    except Exception as error:  # noqa: BLE001 (logged)
        logger.warning("reading or writing lake or warehouse failed: %s", error)
        return None


def _last_published(settings: Settings) -> str:
    """Describe the published data that readers see, and whether it can be used."""
    runs = [run for run in history(Lake(settings)) if run.is_published]
    if not runs:
        return "no published data yet"
    seen = f"the publish of {runs[-1].label} at {runs[-1].finished_at:%Y-%m-%d %H:%M} UTC"
    if runs[-1].state in {None, "reconciled"}:
        return f"{seen}; those figures can be used"
    return f"{seen}, which is not reconciled: do not use its figures before olist validate passes"


def _name(flow: Flow, run: FlowRun) -> str:
    return run.name or flow.name


def _attempt(run: FlowRun) -> str:
    """Id of the run and number of its attempt: each attempt tells its end."""
    return f"{run.id}.{run.run_count}"


def _subjects(run: FlowRun) -> list[str]:
    """List the batch date of a run, if it has one; a scheduled run has it only in its name."""
    day = re.match(r"\d{4}-\d{2}-\d{2}", str(run.parameters.get("batch_date") or run.name))
    return [day.group()] if day else []


def _rerun(settings: Settings, flow: Flow, run: FlowRun) -> RerunCommand:
    """Build the command that repeats a run, with the source and batch date that it used."""
    given = {name: value for name, value in run.parameters.items() if value is not None}
    found = {"batch_date": _subjects(run)[0]} if _subjects(run) else {}
    return rerun_command(flow.name, {"source": settings.source, **found, **given})


def _published(receipt: Any) -> list[date]:  # noqa: ANN401
    if isinstance(receipt, RunReceipt):
        return receipt.published.batch_dates
    return receipt.published if isinstance(receipt, BackfillReceipt) else []


def _failed(receipt: Any) -> dict[str, list[ExpectationResult]]:  # noqa: ANN401
    """Warnings and accepted failures by label of the batch."""
    if isinstance(receipt, RunReceipt):
        found = [*receipt.accepted, *receipt.warnings]
        return {receipt.label: found} if found else {}
    return receipt.warnings if isinstance(receipt, BackfillReceipt) else {}


def _links(settings: Settings, run: FlowRun, days: list[str]) -> list[str]:
    """Return links to the report and the run; a run that failed early has no report."""
    pages = [page_of(settings, date.fromisoformat(day)) for day in days]
    lines = [
        f"Report: {shown_address(settings, page)} (olist report {page.parent.name})"
        for page in pages
        if page.is_file()
    ]
    if PREFECT_UI_URL.value():
        lines.append(f"Run: {PREFECT_UI_URL.value()}/runs/flow-run/{run.id}")
    else:
        lines.append(f"Run: {run.id} (make ui, then Runs)")
    lines.append("More: docs/runbook.md explains each message")
    return ["\n".join(lines)]
