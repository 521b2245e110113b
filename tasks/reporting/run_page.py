"""The page of a run: what it did, whether its figures can be trusted, and what to do if not."""

import webbrowser
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from infra.contracts import contracts
from infra.lake import Lake
from infra.settings import Settings
from tasks.receipts import ExpectationResult, RunEntry, RunReport
from tasks.reporting.run_history import history, last_run_of
from tasks.reporting.templates import page
from tasks.validation.gate import GATES

_TREND = 30
_ORDER = ("critical", "warning", "info")


class ReportError(LookupError):
    """There is no run to report about."""


def page_of(settings: Settings, batch_date: date) -> Path:
    """Where the page of a batch lies."""
    return settings.state / "reports" / str(batch_date) / "index.html"


def write_page(settings: Settings, report: RunReport, runs: Sequence[RunEntry]) -> Path:
    """Write the page of a run, in the folder of its last batch. Needs nothing but the disk."""
    path = page_of(settings, report.batch_dates[-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html(report, runs))
    return path


def rewrite_page(settings: Settings, batch_date: date | None) -> Path:
    """Write the page of a batch's last run (or of the last run at all) anew, from the lake.

    Raises ReportError.
    """
    lake = Lake(settings)
    report = last_run_of(lake, batch_date)
    if report is None:
        known = sorted({day for entry in history(lake) for day in entry.batch_dates})
        there = f"there are {known[0]} to {known[-1]}" if known else "nothing has run yet"
        raise ReportError(f"No run about {batch_date or 'any batch'} is known; {there}")
    return write_page(settings, report, history(lake))


def html(report: RunReport, runs: Sequence[RunEntry]) -> str:
    """The page, with all it needs inside."""
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
        trend=trend,
        rows_trend=[(_short(e), e.rows_read, _tone(e)) for e in trend],
        seconds_trend=[(_short(e), e.seconds, _tone(e)) for e in trend],
        warnings_trend=[(_short(e), e.warnings, _tone(e)) for e in trend],
        money_trend=[(_short(e), float(e.money), _tone(e)) for e in trend if e.money],
    )


def verdict(report: RunReport) -> tuple[str, str]:
    """Whether the figures can be trusted, in a headline and a sentence."""
    if report.verdict == "published":
        if not report.warnings:
            return (
                "Published, and every gate passed",
                "The figures can be trusted: they are what the files held, to the cent.",
            )
        return (
            f"Published, with {_counted(report.warnings)}",
            "The sums are right to the cent; look at the warnings to know what is unusual in them.",
        )
    gate = next((g.gate for g in report.gates if g.blocking), None)
    reconciled = any(g.gate == "reconciliation" for g in report.gates)
    if reconciled and gate is None:
        return (
            "Published and validated, but not exported",
            "The warehouse is right; exports and dashboards are those of the batch before.",
        )
    published = bool(report.published_dates)
    if published and not reconciled:
        return (
            "Published, but not reconciled",
            "Whether the published totals agree was not looked at: olist validate does.",
        )
    meaning = (
        "The batch is published, but the published totals do not agree: do not use today's figures."
        if published
        else "Nothing of this batch is published. Readers see the state before it, which is right."
    )
    return (f"Stopped by gate {gate}" if gate else "Failed before it was published", meaning)


def _counted(warnings: list[ExpectationResult]) -> str:
    return f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''}"


def _layers(report: RunReport) -> dict[str, tuple[int | None, ...]]:
    """Per source table: rows read, quarantined, in the lake, copied."""
    copied = {receipt.table: receipt.rows for receipt in report.copies}
    return {
        table: (
            sum(r.rows_read for r in report.uploads if r.table == table),
            sum(r.rows_quarantined for r in report.uploads if r.table == table),
            sum(r.rows_loaded for r in report.uploads if r.table == table),
            copied.get(table),
        )
        for table in contracts()
    }


def _short(entry: RunEntry) -> str:
    return str(entry.batch_dates[-1])


def _tone(entry: RunEntry) -> str:
    if entry.verdict != "published":
        return "bad"
    return "warn" if entry.warnings else "plain"


def open_page(path: Path) -> bool:
    """Show a page in the browser, where there is one."""
    return webbrowser.open(path.as_uri())
