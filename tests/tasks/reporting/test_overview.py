"""The overview: published data, gate results and the last run."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from infra.lake import Lake
from infra.settings import Settings
from tasks.receipts import RunReport
from tasks.reporting.dashboards.data import verdict_of
from tasks.reporting.dashboards.render import _json
from tasks.reporting.overview import Overview, after_failure, write_overview
from tasks.reporting.run_history import store_run

NOW = datetime(2018, 10, 19, 8, 0, tzinfo=UTC)
OVERVIEW = Overview(
    batch_date=date(2018, 10, 18),
    run_id="r1",
    published_at=NOW,
    verdict="validated: every gate passed",
    tone="good",
    headline=[("sales, all months", "R$ 12.50", "SELECT …")],
    dashboards=[],
)


@pytest.mark.parametrize(("hours", "shown"), [(25, False), (27, True)])
def test_the_overview_says_when_its_figures_are_stale(
    stack: Settings, browser: Browser, hours: float, shown: bool
) -> None:
    at = datetime.now(UTC) - timedelta(hours=hours)
    path = write_overview(stack, OVERVIEW.model_copy(update={"published_at": at}))
    page = browser.new_page()
    page.goto(path.as_uri())
    stale = page.locator("#stale")
    assert stale.is_visible() == shown
    assert f"Nothing was published for {hours} hours" in (stale.text_content() or "")


def test_the_overview_shows_a_failed_run_above_the_earlier_figures(stack: Settings) -> None:
    page = write_overview(stack, OVERVIEW)
    assert "Validated: every gate passed" in page.read_text()
    assert "The last run" not in page.read_text()

    report = RunReport(
        label="2018-10-19",
        run_id="r2",
        flow="daily_elt",
        batch_dates=[date(2018, 10, 19)],
        sources=["x"],
        rerun="olist run",
        started_at=NOW,
        finished_at=NOW,
        verdict="stopped",
    )
    store_run(Lake(stack), report)
    after_failure(stack)
    text = page.read_text()
    assert "The last run, 2018-10-19, was stopped by a gate" in text
    assert "R$ 12.50" in text
    assert "Batches up to 2018-10-18" in text


ALL = {"raw", "staging", "star", "marts", "reconciliation"}


@pytest.mark.parametrize(
    ("gates", "failed", "told"),
    [
        (ALL, [], ("validated: every gate passed", "good")),
        (ALL, [("warning", "staging", False, 1)], ("validated, with 1 warning", "warn")),
        (
            ALL,
            [("warning", "staging", False, 2), ("critical", "raw", True, 1)],
            ("validated, with 2 warnings and 1 accepted by users", "warn"),
        ),
        (
            ALL,
            [("critical", "reconciliation", False, 1)],
            ("gate reconciliation failed: do not use these figures", "bad"),
        ),
        (ALL - {"reconciliation"}, [], ("not reconciled yet: run olist validate", "warn")),
    ],
)
def test_the_verdict_is_derived_from_gates_and_failures(
    gates: set[str], failed: list, told: tuple[str, str]
) -> None:
    assert verdict_of(gates, failed) == told


def test_embedded_json_cannot_close_its_script_element() -> None:
    data = {"category": "</SCRIPT><svg onload=alert(1)> <!-- é"}
    assert "<" not in _json(data)
    assert json.loads(_json(data)) == data
