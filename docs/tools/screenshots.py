"""Screenshots of the README: `make screenshots`. Needs Chromium and the last run of OLIST_HOME.

The script starts the stack on separate ports for the screenshots of Prefect's UI.
"""

import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser

from docs.tools.terminal_session import record
from infra import state_dir
from infra.local.ports import free_ports
from infra.local.stack_secrets import StackSecrets
from infra.settings import PROJECT, Settings
from tests.browser import CHROMIUM, chromium

IMAGES = PROJECT / "docs" / "images"
_PHONE = {"width": 390, "height": 844}


def pages(browser: Browser, reports: Path) -> None:
    """Take the dashboards and the overview: desktop, phone, dark mode."""
    for name in ("regional-sales", "top-customers"):
        for kind, size, scheme in (
            ("", {"width": 1280, "height": 1000}, "light"),
            ("-phone", _PHONE, "light"),
            ("-dark", {"width": 1280, "height": 1000}, "dark"),
        ):
            page = browser.new_page(viewport=size, color_scheme=scheme)  # pyright: ignore[reportArgumentType]
            page.goto((reports / "dashboards" / f"{name}.html").as_uri())
            page.wait_for_function("document.documentElement.dataset.shown")
            page.screenshot(path=IMAGES / f"{name}{kind}.png")
            page.close()
    page = browser.new_page(viewport={"width": 1000, "height": 620})
    page.goto((reports / "index.html").as_uri())
    page.screenshot(path=IMAGES / "overview.png")
    page.goto((reports / "model.html").as_uri())
    page.screenshot(path=IMAGES / "model.png")


def prefect_ui(browser: Browser, settings: Settings) -> None:
    """Take a run, and the deployments with their schedule."""
    prefect, redshift, s3, inbox = free_ports(4)
    base = [sys.executable, "-m", "flows.cli"]
    words = [
        *("--prefect-port", prefect, "--redshift-port", redshift),
        *("--s3-port", s3, "--web-port", inbox),
    ]
    home = settings.state / "screenshots"
    environment = {**os.environ, "OLIST_HOME": str(home)}
    subprocess.run([*base, "up", *map(str, words)], check=True, cwd=PROJECT, env=environment)
    try:
        subprocess.run(
            [
                *(sys.executable, "-m", "prefect", "deployment", "run", "daily_elt/daily"),
                *("-p", "batch_date=2018-10-18", "-p", f"source={settings.source}", "--watch"),
            ],
            check=True,
            cwd=PROJECT,
            env={**environment, "PREFECT_PROFILES_PATH": str(home / "prefect.toml")},
        )
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"http://127.0.0.1:{prefect}/deployments")
        page.locator("input[type=password]").fill(StackSecrets.of(home).prefect_login)
        page.get_by_role("button", name="Login").click()
        page.get_by_text("daily_elt").wait_for()
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / "deployments.png")
        page.goto(f"http://127.0.0.1:{prefect}/runs")
        page.get_by_text("2018-10-18 daily").first.click()
        page.get_by_text("Artifacts").first.click()
        page.wait_for_timeout(5000)
        page.screenshot(path=IMAGES / "run.png")
    finally:
        subprocess.run([*base, "down"], check=True, cwd=PROJECT, env=environment)


def main() -> None:
    """Take all screenshots."""
    if CHROMIUM is None:
        sys.exit("Chromium is not found: install it, or set CHROMIUM to its path")
    settings = state_dir.last_used(Settings())
    reports = settings.state / "reports"
    if not (reports / "index.html").is_file():
        sys.exit(f"no pages under {reports}: run a batch first (make run)")
    record(IMAGES / "session.svg")
    with chromium() as browser:
        pages(browser, reports)
        if settings.source:
            prefect_ui(browser, settings)


if __name__ == "__main__":
    main()
