"""Render the dashboards, one self-contained HTML file each, and the overview's content."""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from markupsafe import Markup

from infra.settings import Settings
from tasks.reporting.dashboards.charts import scripts, specifications
from tasks.reporting.dashboards.data import Contents, contents
from tasks.reporting.dashboards.figures import CUSTOMERS, DASHBOARDS, REGIONAL, Dashboard
from tasks.reporting.dashboards.geography import STATES
from tasks.reporting.overview import Overview
from tasks.reporting.templates import page, write

FOLDER = "dashboards"
_PAGE = Path(__file__).with_name("page")
# in this order: each uses what stands before it
_SCRIPTS = (
    *("state.js", "format.js", "rows.js", "filters.js"),
    *("regional.js", "bars.js", "customers.js", "draw.js"),
)


def build(settings: Settings) -> tuple[list[Path], Overview]:
    """Write both dashboards.

    Returns:
        Paths of the dashboards, and the content of the overview page.

    Raises:
        WarehouseError: A query failed.
    """
    found = contents(settings)
    paths = []
    for dashboard in DASHBOARDS:
        path = settings.state / "reports" / FOLDER / dashboard.file
        write(path, html(dashboard, found))
        paths.append(path)
    return paths, overview(found)


def html(dashboard: Dashboard, found: Contents) -> str:
    """Render one dashboard with its data, code and Vega embedded."""
    tables = [dashboard.table] if dashboard.table else []
    figures = [*dashboard.tiles, *tables, *dashboard.charts]
    data: dict[str, Any] = {
        "kind": "regional" if dashboard is REGIONAL else "customers",
        "month_column": dashboard.month_column,
        "state_column": dashboard.state_column,
        "figures": [asdict(figure) for figure in figures],
        "specs": {figure.id: specifications()[figure.id] for figure in dashboard.charts},
        "cubes": {name: found.cubes[name] for name in dashboard.all_queries},
        "cities": found.cities,
        "states": STATES,
    }
    return page(
        "dashboard.html",
        dashboard=dashboard,
        others=[other for other in DASHBOARDS if other is not dashboard],
        source=found.source,
        data=_json(data),
        scripts=_inside(scripts()),
        code=_inside("\n".join((_PAGE / name).read_text(encoding="utf-8") for name in _SCRIPTS)),
    )


def _json(data: dict[str, Any]) -> str:
    """Encode data for a script element; no text in the data can close the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 (no markup is left in it)


def _inside(code: str) -> str:
    """Embed code in a script element; no text in the code can close the element."""
    return Markup(re.sub("</(script)", r"<\\/\1", code, flags=re.IGNORECASE))  # noqa: S704


def overview(found: Contents) -> Overview:
    """Compute the content of the overview page from the dashboard data."""
    sales = found.cubes["sales_by_place"]["columns"]
    persons = sum(found.cubes["segments"]["columns"].get("customer_count", ()))
    total, orders, late, judged = (
        sum(sales.get(name, ()))
        for name in ("total_value", "order_count", "late_count", "judged_count")
    )
    queries = {f.id: f.sql.replace("{where}", "") for f in (*REGIONAL.tiles, *CUSTOMERS.tiles)}
    share = f"{100 * late / judged:.1f} %" if judged else "none"
    source = found.source
    return Overview(
        batch_date=source.batch_date,
        run_id=source.run_id,
        published_at=source.published_at,
        verdict=source.verdict,
        tone=source.tone,
        headline=[
            ("sales, all months", f"R$ {total / 100:,.2f}", queries["sales"]),
            ("orders", f"{orders:,}", queries["orders"]),
            ("customers", f"{persons:,}", queries["persons"]),
            ("delivered late", share, queries["late"]),
        ],
        dashboards=[(f"{FOLDER}/{d.file}", d.title, d.question) for d in DASHBOARDS],
    )
