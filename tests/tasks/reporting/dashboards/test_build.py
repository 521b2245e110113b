"""The dashboards in a real browser: figures equal the results of the displayed queries."""

import json
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from infra.settings import Settings
from tasks.reporting.dashboards.build import build_dashboards
from tasks.reporting.dashboards.figures import CUSTOMERS, DASHBOARDS, REGIONAL, Dashboard
from tasks.reporting.dashboards.geography import STATES
from tests.load import Loader

DAY = date(2018, 10, 18)
ORDER = {"customer_id": "a", "order_id": "o"}


class Opened:
    """A page opened from its file; records its requests and its errors."""

    def __init__(
        self, browser: Browser, path: Path, width: int = 1280, scheme: Any = "light"
    ) -> None:
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_function("document.documentElement.dataset.shown")

    def choose(self, **values: str) -> None:
        """Set filters and wait until all charts are drawn."""
        for name, value in values.items():
            self.page.evaluate("delete document.documentElement.dataset.shown")
            self.page.select_option(f"#{name}", value)
            self.page.wait_for_function("document.documentElement.dataset.shown")

    def tile(self, name: str) -> str:
        return self.page.locator(f"#value-{name}").inner_text()

    def query(self, name: str) -> str:
        return self.page.locator(f"#sql-{name}").text_content() or ""

    def rows(self, name: str) -> dict[str, str]:
        """Rows of a chart, from its table view."""
        cells = self.page.locator(f"#rows-{name} tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        return dict(cells)

    def overflow(self) -> int:
        """Number of pixels by which the page is wider than the screen."""
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")


def fixed(value: Any, digits: int = 2) -> str:
    """Round as a browser does: halves up."""
    return f"{Decimal(value).quantize(Decimal(10) ** -digits, ROUND_HALF_UP):,}"


def money(value: Any) -> str:
    return f"R$ {fixed(value or 0)}"


TILES: dict[str, Callable[..., str]] = {
    "sales": money,
    "orders": lambda n: f"{n:,}",
    "average_order": money,
    "late": lambda share: f"{fixed(100 * share, 1)} %",
    "days": lambda days: fixed(days, 1),
    "review": lambda score: f"{fixed(score)} of 5",
    "persons": lambda n: f"{n:,}",
    "value": money,
    "repeat": lambda share: f"{fixed(100 * share, 1)} %",
    "top_share": lambda top, all_: f"{fixed(100 * top / all_, 1)} %",
}


def name(code: str) -> str:
    return STATES[code]


def plain(text: str) -> str:
    return text[:1].upper() + text[1:].replace("_", " ")


# expected chart row for each query row
CHARTS: dict[str, Callable[..., tuple[str, str]]] = {
    "months": lambda state, month, value: (f"{name(state)}, {month:%B %Y}", money(value)),
    "average": lambda state, average, _: (name(state), money(average)),
    "delivery": lambda state, days, _: (name(state), f"{fixed(days)} days"),
    # bar charts without code of their own: a name and a sum in R$
    **{
        figure.id: lambda name, value: (plain(name), money(value))
        for dashboard in DASHBOARDS
        for figure in dashboard.charts
        if figure.bars
    },
    "segments": lambda segment, n, value: (segment, f"{n:,} persons, {money(value)}"),
    "delay": lambda day, n, score: (_delay(day), f"{fixed(score)} of 5, {n:,} orders"),
}


def _delay(day: int) -> str:
    if day == 0:
        return "on the day"
    edge = " and more" if day in {-14, 21} else ""
    days = "day" if abs(day) == 1 else "days"
    return f"{abs(day)}{edge} {days} {'early' if day < 0 else 'late'}"


def require_equal(opened: Opened, dashboard: Dashboard, ask: Callable[[str], list[tuple]]) -> None:
    """Assert that every figure of the page equals its query result."""
    for tile in dashboard.tiles:
        (row,) = ask(opened.query(tile.id))
        assert opened.tile(tile.id) == TILES[tile.id](*row), tile.id
    if dashboard.table:
        cells = opened.page.locator("#top-ten tbody tr").evaluate_all(
            "rows => rows.map(row => [row.title, row.cells[6].textContent])"
        )
        found = ask(opened.query(dashboard.table.id))
        assert cells == [[row[0], money(row[6])] for row in found]
    for chart in dashboard.charts:
        shown, found = opened.rows(chart.id), ask(opened.query(chart.id))
        if chart.id in CHARTS:
            expected = [CHARTS[chart.id](*row) for row in found if row[1] is not None]
            missing = [pair for pair in expected if not shown.get(pair[0], "").startswith(pair[1])]
            if chart.id in {"months", "average"}:  # the page shows only large states
                missing = [pair for pair in missing if pair[0] in shown]
                state = opened.page.input_value("#state")
                assert not state or any(label.startswith(name(state)) for label in shown)
            assert not missing, (chart.id, missing[:3], list(shown.items())[:3])
        elif chart.id == "cities":
            assert sorted(
                int(text.split()[0].replace(",", "")) for text in shown.values()
            ) == sorted(row[2] for row in found)
        elif chart.id == "cohorts":
            told = sum(row[2] for row in found if row[1] > 0)
            assert sum(int(text.split()[0].replace(",", "")) for text in shown.values()) == told
        else:  # maps: the largest ten
            assert len(shown) >= min(len(found), 1), chart.id


@pytest.fixture(scope="module")
def pages(stack: Settings, orders_source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages, built from 3,000 orders, real ones if they are there."""
    load = Loader(stack, tmp_path_factory.mktemp("load"))
    load.stage(DAY, orders_source)
    load.compute()
    load.publish()
    build_dashboards(stack)
    return stack.state / "reports"


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda d: d.file)
def test_every_dashboard_figure_equals_the_result_of_its_query(
    pages: Path, browser, ask, dashboard
) -> None:
    opened = Opened(browser, pages / "dashboards" / dashboard.file)
    require_equal(opened, dashboard, ask)
    states = opened.page.locator("#state option").evaluate_all("all => all.map(o => o.value)")
    # a large one, and one that is not among the ten largest; generated orders lack some
    small = next(state for state in ("AC", "AP", "RR", "AM", "SE", "TO", "RO") if state in states)
    for state in ("RJ", small):
        opened.choose(state=state)
        require_equal(opened, dashboard, ask)
    if dashboard is REGIONAL:
        opened.choose(**{"from": "2017-11-01", "to": "2018-02-01"})
        require_equal(opened, dashboard, ask)
        opened.choose(state="")
        require_equal(opened, dashboard, ask)
    opened.page.click("#all")
    require_equal(opened, dashboard, ask)
    assert opened.complaints == []


@pytest.mark.usefixtures("sample")  # the figure of the real orders
def test_total_sales_of_the_sample_are_exact_to_the_cent(pages: Path, browser: Browser) -> None:
    opened = Opened(browser, pages / "dashboards" / REGIONAL.file)
    assert opened.tile("sales") == "R$ 461,323.94"
    opened.page.goto((pages / "index.html").as_uri())
    assert opened.page.get_by_text("R$ 461,323.94").count() == 1
    for link in opened.page.locator(".cards a").all():
        address = link.get_attribute("href")
        assert (pages / str(address)).is_file(), address


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("file", ["dashboards/" + d.file for d in DASHBOARDS])
def test_a_dashboard_page_sends_no_requests_and_fits_the_screen(
    pages: Path, browser: Browser, file: str, width: int, scheme: str
) -> None:
    opened = Opened(browser, pages / file, width, scheme)
    assert opened.asked == [(pages / file).as_uri()]
    assert opened.complaints == []
    assert opened.overflow() == 0
    # every chart is drawn and has a text description
    for figure in opened.page.locator(".chart").all():
        assert figure.get_attribute("aria-label")
        assert figure.locator("svg, canvas").count() >= 1


@pytest.mark.parametrize("file", ["index.html", "model.html"])
def test_the_overview_and_model_pages_fit_the_screen(
    pages: Path, browser: Browser, file: str
) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((pages / file).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0


def test_a_click_on_a_state_in_a_chart_sets_the_state_filter(pages: Path, browser: Browser) -> None:
    opened = Opened(browser, pages / "dashboards" / REGIONAL.file)
    opened.page.locator("#chart-average .mark-rect path").first.click()
    opened.page.wait_for_function("document.getElementById('state').value !== ''")
    assert opened.page.input_value("#state") in STATES


def test_filters_can_be_used_by_keyboard(pages: Path, browser: Browser) -> None:
    opened = Opened(browser, pages / "dashboards" / CUSTOMERS.file)
    opened.page.focus("#state")
    opened.page.keyboard.type("Bahia")
    opened.page.wait_for_function("document.getElementById('state').value === 'BA'")


def test_a_dashboard_page_names_its_batch_and_row_count(pages: Path, browser: Browser) -> None:
    opened = Opened(browser, pages / "dashboards" / REGIONAL.file)
    header = opened.page.locator("header").inner_text()
    assert "Batches up to 2018-10-18, published" in header
    assert "3,000 rows of fact_order" in header


def test_dashboard_pages_are_smaller_than_4_mb(pages: Path) -> None:
    for dashboard in DASHBOARDS:
        assert (pages / "dashboards" / dashboard.file).stat().st_size < 4_000_000


class TestFewRows:
    """Pages work with no orders, with one order, and with a month without sales."""

    @pytest.fixture
    def few(self, stack: Settings, tmp_path: Path) -> Loader:
        load = Loader(stack, tmp_path)
        load.clear()
        return load

    def _pages(self, load: Loader) -> Path:
        build_dashboards(load.settings)
        return load.settings.state / "reports" / "dashboards"

    def test_dashboards_report_that_nothing_is_published_yet(
        self, few: Loader, browser: Browser
    ) -> None:
        for dashboard in DASHBOARDS:
            opened = Opened(browser, self._pages(few) / dashboard.file)
            assert opened.complaints == []
            assert "Nothing is published yet" in opened.page.locator("header").inner_text()
            empty = opened.page.get_by_text("No data for the selected filters.")
            assert empty.first.is_visible()

    @pytest.mark.full
    def test_a_dashboard_works_with_one_order(self, few: Loader, browser: Browser, ask) -> None:
        few.rows(
            DAY,
            customers=[{"customer_id": "a", "unique_id": "p"}],
            orders=[ORDER],
            order_items=[{"order_id": "o", "price": "10.00", "freight_value": "2.50"}],
            products=[{}],
            sellers=[{}],
        )
        opened = Opened(browser, self._pages(few) / REGIONAL.file)
        assert opened.tile("sales") == "R$ 12.50"
        assert opened.tile("orders") == "1"
        assert opened.complaints == []

    @pytest.mark.full
    def test_a_month_without_sales_is_shown_as_zero(self, few: Loader, browser: Browser) -> None:
        purchased = ("2018-01-05 10:00:00", "2018-03-05 10:00:00")
        few.rows(
            DAY,
            customers=[{"customer_id": c, "unique_id": c} for c in "ab"],
            orders=[
                {"order_id": f"o{c}", "customer_id": c, "order_purchase_timestamp": at}
                for c, at in zip("ab", purchased, strict=True)
            ],
            order_items=[{"order_id": f"o{c}"} for c in "ab"],
            products=[{}],
            sellers=[{}],
        )
        opened = Opened(browser, self._pages(few) / REGIONAL.file)
        rows = opened.rows("months")
        assert any(
            "February 2018" in label and text.startswith("R$ 0.00") for label, text in rows.items()
        )


@pytest.mark.full
def test_dashboards_of_the_full_real_set_equal_their_queries(
    stack: Settings, full: Path, browser: Browser, ask, tmp_path: Path
) -> None:
    load = Loader(stack, tmp_path)
    load.clear()
    load.begin()
    load.stage(DAY, full)
    load.compute()
    load.publish()
    build_dashboards(stack)
    folder = stack.state / "reports" / "dashboards"
    for dashboard in DASHBOARDS:
        opened = Opened(browser, folder / dashboard.file)
        require_equal(opened, dashboard, ask)
        opened.choose(state="SP")
        require_equal(opened, dashboard, ask)
    assert "R$ 15,843,553.24" in json.dumps(Opened(browser, folder / REGIONAL.file).tile("sales"))
