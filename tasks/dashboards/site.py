"""Writes the dashboards and the page that leads to them: one file each, which needs no other."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from markupsafe import Markup

from infra.lake import Lake
from infra.settings import Settings
from tasks.dashboards.charts import scripts, specifications
from tasks.dashboards.data import Contents, contents
from tasks.dashboards.figures import DASHBOARDS, REGIONAL, Dashboard
from tasks.dashboards.places import STATES
from tasks.pages import page, raw
from tasks.receipts import RunEntry
from tasks.run_history import history

FOLDER = "dashboards"


def build(settings: Settings) -> list[Path]:
    """Write both dashboards and the overview; returns where they are.

    Raises WarehouseError, and what the lake raises.
    """
    found = contents(settings)
    runs = [run for run in history(Lake(settings)) if run.verdict == "published"]
    last = runs[-1] if runs else None
    folder = settings.state / "reports" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for dashboard in DASHBOARDS:
        path = folder / dashboard.file
        path.write_text(html(dashboard, found, last))
        paths.append(path)
    paths.append(write_overview(settings, found, last))
    return paths


def html(dashboard: Dashboard, found: Contents, last: RunEntry | None) -> str:
    """One dashboard, with data, code and Vega inside."""
    figures = [*dashboard.tiles, *dashboard.charts]
    data: dict[str, Any] = {
        "kind": "regional" if dashboard is REGIONAL else "customers",
        "month_column": dashboard.month_column,
        "state_column": dashboard.state_column,
        "figures": [asdict(figure) for figure in figures],
        "specs": {figure.id: specifications()[figure.id] for figure in dashboard.charts},
        "cubes": {name: found.cubes[name] for name in dashboard.cubes},
        "cities": found.cities,
        "states": STATES,
    }
    verdict, tone = said(last)
    return page(
        "dashboard.html",
        dashboard=dashboard,
        others=[other for other in DASHBOARDS if other is not dashboard],
        source=found.source,
        verdict=verdict,
        tone=tone,
        data=_inside(json.dumps(data, ensure_ascii=False, separators=(",", ":"))),
        scripts=_inside(scripts()),
        code=_inside(raw("dashboard.js")),
    )


def said(last: RunEntry | None) -> tuple[str, str]:
    """What validation said of what is published, and its tone."""
    if last is None:
        return "not validated", "warn"
    if last.warnings:
        return f"validated, with {last.warnings} warnings", "warn"
    return "validated: every gate passed", "good"


def _inside(text: str) -> str:
    """Text of a script: it must not hold the end of one. Templates do not escape it."""
    return Markup(text.replace("</script", "<\\/script").replace("<!--", "<\\!--"))  # noqa: S704


def write_overview(settings: Settings, found: Contents, last: RunEntry | None) -> Path:
    """The page that leads to all others, with what a manager asks first."""
    reports = settings.state / "reports"
    sales = found.cubes["sales_by_place"]["columns"]
    verdict, tone = said(last)
    total, orders = sum(sales.get("total_value", ())), sum(sales.get("order_count", ()))
    kinds = found.cubes["segments"]["columns"]
    persons = sum(kinds.get("person_count", ()))
    late, judged = sum(sales.get("late_count", ())), sum(sales.get("judged_count", ()))
    tiles = {figure.id: figure.sql.replace("{where}", "") for figure in REGIONAL.tiles}
    path = reports / "index.html"
    path.write_text(
        page(
            "index.html",
            last=last,
            verdict=verdict.capitalize(),
            tone=tone,
            headline=[
                ("sales, all months", f"R$ {total / 100:,.2f}", tiles["sales"]),
                ("orders", f"{orders:,}", tiles["orders"]),
                (
                    "customers",
                    f"{persons:,}",
                    "SELECT COUNT(*) AS persons\nFROM analytics.single_customer_view",
                ),
                (
                    "delivered late",
                    f"{100 * late / judged:.1f} %" if judged else "none",
                    tiles["late"],
                ),
            ],
            pages=[(f"{FOLDER}/{d.file}", d.title, d.question) for d in DASHBOARDS]
            + _others(reports, last),
        )
    )
    return path


def _others(reports: Path, last: RunEntry | None) -> list[tuple[str, str, str]]:
    """Pages that are there besides."""
    day = str(last.batch_dates[-1]) if last else ""
    candidates = [
        (
            f"{day}/index.html",
            "Validation report",
            "What the last run did, and whether to trust it.",
        ),
        ("data_docs/index.html", "Data Docs", "Great Expectations' results of the last runs."),
        (
            "profile.html",
            "Profile of the raw data",
            "What the source holds, and what is odd in it.",
        ),
        ("model.html", "The model", "Star, lineage and the meaning of each column."),
    ]
    return [found for found in candidates if (reports / found[0]).is_file()]
