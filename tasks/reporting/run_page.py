"""The page of a run: what it did, whether its figures can be trusted, and what to do if not."""

import webbrowser
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from infra.contracts import contracts
from infra.lake import Lake
from infra.settings import Settings
from tasks.publish_state import WORDS
from tasks.receipts import ExpectationResult, RunEntry, RunReport, UploadReceipt
from tasks.reporting.run_history import history, last_run_of
from tasks.reporting.templates import page, write
from tasks.request import RequestError
from tasks.validation.gate import GATES
from tasks.warehouse.totals import comparison

_TREND = 30
_ORDER = ("critical", "warning", "info")


class ReportError(RequestError):
    """No run of the batch is known."""


def page_of(settings: Settings, batch_date: date) -> Path:
    """Return the path of the page of a batch."""
    return settings.state / "reports" / str(batch_date) / "index.html"


def write_page(settings: Settings, report: RunReport, runs: Sequence[RunEntry]) -> Path:
    """Write the page of a run, and its facts as `run.json` beside it.

    The folder is that of the run's last batch. Neither lake nor warehouse is needed.
    """
    path = page_of(settings, report.batch_dates[-1])
    write(path, html(report, runs))
    write(path.with_name("run.json"), report.model_dump_json(indent=2))
    return path


def rewrite_page(settings: Settings, batch_date: date | None) -> Path:
    """Rewrite the page of a batch's last run from the facts in the lake.

    Args:
        settings: Access to the lake, and the location of the reports.
        batch_date: The day of the batch; None for the last run of any batch.

    Returns:
        Path of the page.

    Raises:
        ReportError: No run of the batch is known.
    """
    lake = Lake(settings)
    report = last_run_of(lake, batch_date)
    if report is None:
        known = sorted({day for entry in history(lake) for day in entry.batch_dates})
        there = f"known batches: {known[0]} to {known[-1]}" if known else "nothing has run yet"
        raise ReportError(f"No run of {batch_date or 'any batch'} is known; {there}")
    return write_page(settings, report, history(lake))


def html(report: RunReport, runs: Sequence[RunEntry]) -> str:
    """Render the page as one self-contained HTML document.

    Args:
        report: The facts of the run.
        runs: The run history, the latest run last; the trends show the last 30 runs.
    """
    headline, meaning = verdict(report)
    results = sorted(
        ((gate.gate, result) for gate in report.gates for result in gate.failed),
        key=lambda pair: _ORDER.index(pair[1].severity),
    )
    checks = sum(len(gate.results) for gate in report.gates)
    trend = list(runs)[-_TREND:]
    return page(
        "run.html",
        run=report,
        headline=headline,
        meaning=meaning,
        failed=[pair for pair in results if pair[1].severity != "info"],
        known=[pair for pair in results if pair[1].severity == "info"],
        checks=checks,
        holding=checks - len(results),
        not_run=[gate for gate in GATES if gate not in {g.gate for g in report.gates}]
        if report.verdict != "published"
        else [],
        layers=_layers(report),
        affected=_affected(report),
        trend=trend,
        rows_trend=[(_short(e), e.rows_read, _tone(e)) for e in trend],
        seconds_trend=[(_short(e), e.seconds, _tone(e)) for e in trend],
        warnings_trend=[(_short(e), e.warnings, _tone(e)) for e in trend],
        money_trend=[(_short(e), float(e.money), _tone(e)) for e in trend if e.money],
    )


def verdict(report: RunReport) -> tuple[str, str]:
    """Return a headline and a sentence that state whether the figures can be trusted."""
    if report.verdict == "published":
        found = [
            *_counted(report.warnings, "warning"),
            *_counted(report.accepted, "accepted failure"),
        ]
        if not found:
            return (
                "Published, and every gate passed",
                f"The figures can be trusted. {comparison(report.totals)}",
            )
        meaning = ["The warnings show what is unusual."] if report.warnings else []
        meaning += ["Somebody has accepted what is listed below."] if report.accepted else []
        return (
            f"Published, with {' and '.join(found)}",
            " ".join([comparison(report.totals), *meaning]),
        )
    if report.state != "not published":
        words = WORDS[report.state]
        headline = words.subject.partition(", do not")[0].capitalize()
        return headline, f"{words.readers} {words.remedy}".strip()
    gate = next((g.gate for g in report.gates if g.blocking), None)
    return (
        f"Stopped by gate {gate}" if gate else "Failed before it was published",
        "Nothing of this batch is published. Readers see the state before this run.",
    )


def _counted(results: list[ExpectationResult], what: str) -> list[str]:
    return [f"{len(results)} {what}{'s' if len(results) > 1 else ''}"] if results else []


def _layers(report: RunReport) -> dict[str, tuple[list[int | None], str]]:
    """Count the rows of each source table, and say what of them is new.

    The counts are rows read, in quarantine and in the lake, and the keys that the delivery alters:
    those of reference tables are compared with the delivery before.
    """
    altered = {m.model.removeprefix("altered_"): m.rows for m in report.models}
    layers = {}
    for table in contracts():
        uploads = [upload for upload in report.uploads if upload.table == table]
        counts = [
            sum(upload.rows_read for upload in uploads),
            sum(upload.rows_quarantined for upload in uploads),
            sum(upload.rows_loaded for upload in uploads),
            altered.get(table),
        ]
        layers[table] = (counts, _novelty(uploads))
    return layers


def _novelty(uploads: Sequence[UploadReceipt]) -> str:
    """Say whether files are new, or repeat others."""
    repeated = sorted({str(upload.same_as) for upload in uploads if upload.same_as})
    if repeated:
        return f"same content as {', '.join(repeated)}: nothing stored again"
    if uploads and not any(upload.uploaded for upload in uploads):
        return "in the lake already"
    return "new" if uploads else ""


def _affected(report: RunReport) -> dict[str, int]:
    """Count the keys that the run affects, by kind: `order`, `person`, `month` …"""
    found = {model.model: model.rows for model in report.models}
    return {
        name.removeprefix("affected_"): rows
        for name, rows in found.items()
        if name.startswith("affected_")
    }


def _short(entry: RunEntry) -> str:
    return str(entry.batch_dates[-1])


def _tone(entry: RunEntry) -> str:
    if entry.verdict != "published":
        return "bad"
    return "warn" if entry.warnings else "plain"


def open_page(path: Path) -> bool:
    """Open a page in the browser; return False if there is no browser."""
    return webbrowser.open(path.as_uri())
