"""What is kept of runs in the lake: the facts of each batch's last run, and a short history."""

from datetime import date

from infra.lake import Lake
from tasks.receipts import RunEntry, RunReport

_HISTORY = "reports/history.json"
_KEPT = 400  # runs: more than a year of daily ones


def keep_run(lake: Lake, report: RunReport) -> list[RunEntry]:
    """Keep the facts of a run, and add it to the history; returns the history, the last run last.

    A run that is told again takes its own place. The caller holds the writer's lock, or nobody
    else writes the history.
    """
    lake.put_json(_facts(report.batch_dates[-1]), report.model_dump(mode="json"))
    earlier = [entry for entry in history(lake) if entry.run_id != report.run_id]
    entries = [*earlier, _entry(report)][-_KEPT:]
    lake.put_json(_HISTORY, [entry.model_dump(mode="json") for entry in entries])
    return entries


def history(lake: Lake) -> list[RunEntry]:
    """The last runs, the last one last."""
    return [RunEntry.model_validate(entry) for entry in lake.get_json(_HISTORY) or []]


def last_run_of(lake: Lake, batch_date: date | None) -> RunReport | None:
    """The facts of the last run about a batch, or of the last run at all; None where none is."""
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
    )
