"""The overview page: key figures, their validation verdict, and links to all other pages."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from pydantic import BaseModel

from infra.lake import Lake
from infra.settings import Settings
from tasks.receipts import RunEntry
from tasks.reporting.check_history import ADDRESS
from tasks.reporting.run_history import history
from tasks.reporting.templates import page, write

_FACTS = "reports/overview.json"


class Overview(BaseModel):
    """Content of the overview page.

    It is stored in the lake, so that the page can be rewritten without the warehouse.
    """

    batch_date: date | None
    run_id: str
    published_at: datetime | None
    verdict: str
    tone: str
    headline: list[tuple[str, str, str]]  # label, figure, query that recomputes it
    dashboards: list[tuple[str, str, str]]  # address, title, question


def write_overview(settings: Settings, overview: Overview) -> Path:
    """Write the page on this machine and in the lake; each links only to existing pages.

    Returns:
        Path of the page on this machine.
    """
    lake = Lake(settings)
    lake.put_json(_FACTS, overview.model_dump(mode="json"))
    return _write(settings, lake, overview)


def after_failure(settings: Settings) -> None:
    """Rewrite the page to show that a run failed; the figures do not change."""
    lake = Lake(settings)
    if facts := lake.get_json(_FACTS):
        _write(settings, lake, Overview.model_validate(facts))


def dashboards_run_id(settings: Settings) -> str | None:
    """Return the id of the run whose publish the overview shows; None without an overview."""
    facts = Lake(settings).get_json(_FACTS)
    return facts["run_id"] if facts else None


def _write(settings: Settings, lake: Lake, overview: Overview) -> Path:
    runs, reports = history(lake), settings.state / "reports"
    path = reports / "index.html"
    hours = settings.fresh_hours
    write(path, _html(overview, runs, hours, lambda address: (reports / address).is_file()))
    known = set(lake.keys("reports/"))
    text = _html(overview, runs, hours, lambda address: f"reports/{address}" in known)
    lake.put_text("reports/index.html", text, "text/html")
    return path


def _html(
    overview: Overview, runs: list[RunEntry], fresh_hours: float, there: Callable[[str], bool]
) -> str:
    last = runs[-1] if runs else None
    day = str(last.batch_dates[-1]) if last else ""
    others = [
        (f"{day}/index.html", "Validation report", "What the last run did, and what failed."),
        (ADDRESS, "Checks", "The last 30 results of each expectation, with what was observed."),
        ("data_docs/index.html", "Data Docs", "Great Expectations' results of the last runs."),
        (
            "profile/index.html",
            "Profile of the raw data",
            "Contents and inconsistencies of the source files.",
        ),
        ("model.html", "The model", "Star, lineage and the meaning of each column."),
    ]
    return page(
        "index.html",
        overview=overview,
        fresh_hours=fresh_hours,
        failed=last if last and last.verdict != "published" else None,
        pages=[card for card in [*overview.dashboards, *others] if there(card[0])],
    )
