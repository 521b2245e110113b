"""The run history in the lake: facts of each batch's last run, and a list of the last runs."""

import json
from datetime import date
from typing import TYPE_CHECKING

from infra.private_files import make_private, write_private
from infra.settings import Settings
from tasks.receipts import RunEntry, RunReport

if TYPE_CHECKING:
    from infra.lake import Lake

_HISTORY = "reports/history.json"  # in the lake, and under OLIST_HOME
KEPT = 400  # runs; more than a year of daily runs


def store_run(lake: "Lake", report: RunReport) -> list[RunEntry]:
    """Store the facts of a run, and append the run to the history.

    A run that is reported again replaces its earlier entry. The caller must hold the writer's
    lock, or be the only writer of the history.

    Returns:
        The history, the latest run last.
    """
    lake.put_json(_facts(report.batch_dates[-1]), report.model_dump(mode="json"))
    earlier = [entry for entry in history(lake) if entry.run_id != report.run_id]
    entries = [*earlier, _entry(report)][-KEPT:]
    lake.put_json(_HISTORY, [entry.model_dump(mode="json") for entry in entries])
    return entries


def history(lake: "Lake") -> list[RunEntry]:
    """Return the last 400 runs, the latest run last."""
    return [RunEntry.model_validate(entry) for entry in lake.get_json(_HISTORY) or []]


def keep_here(settings: Settings, entries: list[RunEntry]) -> None:
    """Copy the history to this machine, for `olist status`, which starts no services."""
    found = [entry.model_dump(mode="json") for entry in entries]
    path = settings.state / _HISTORY
    make_private(path.parent)
    write_private(path, json.dumps(found))


def history_here(settings: Settings) -> list[RunEntry]:
    """Return this machine's copy of the history; empty if there is none."""
    path = settings.state / _HISTORY
    try:
        return [RunEntry.model_validate(e) for e in json.loads(path.read_text(encoding="utf-8"))]
    except (FileNotFoundError, ValueError):
        return []


def last_run_of(lake: "Lake", batch_date: date | None) -> RunReport | None:
    """Return the facts of the last run of a batch.

    Args:
        lake: The lake with the history.
        batch_date: The day of the batch; None for the last run of any batch.

    Returns:
        The facts, or None if no such run is known.
    """
    about = [e for e in history(lake) if batch_date is None or batch_date in e.batch_dates]
    facts = lake.get_json(_facts(about[-1].batch_dates[-1])) if about else None
    return RunReport.model_validate(facts) if facts else None


def _facts(batch_date: date) -> str:
    return f"reports/{batch_date}/run.json"


def _entry(report: RunReport) -> RunEntry:
    return RunEntry(
        label=report.label,
        run_id=report.run_id,
        batch_dates=report.batch_dates,
        verdict=report.verdict,
        finished_at=report.finished_at,
        seconds=sum(report.seconds.values()),
        rows_read=sum(receipt.rows_read for receipt in report.uploads),
        money=report.total_value,
        critical=sum(len(gate.blocking) for gate in report.gates),
        warnings=len(report.warnings),
        state=report.state,
    )
