"""Real services for tests: a local stack, a Prefect API, and the real data if it exists."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from prefect.settings import (
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_HOME,
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_SERVER_ANALYTICS_ENABLED,
    temporary_settings,
)
from prefect.testing.utilities import prefect_test_harness

import infra.sql_files
from infra.contracts import contracts, sensitive_columns
from infra.ddl import tables
from infra.local.generate import generate
from infra.settings import PROJECT, SQL, Settings
from infra.sql_files import statements
from infra.warehouse import transaction
from tasks.warehouse.models import models
from tasks.warehouse.prepare import prepare_warehouse
from tests.browser import CHROMIUM, chromium
from tests.load import Loader
from tests.receiver import Receiver
from tests.worker_stack import WorkerStack

DAY = date(2018, 10, 18)
DURATIONS = Path(__file__).with_name("durations.json")
_seconds: Counter[str] = Counter()
REAL_DATA = Path(os.environ.get("OLIST_REAL_DATA", PROJECT.parent / "shared" / "data"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --store-durations."""
    parser.addoption(
        "--store-durations",
        action="store_true",
        help=f"write the seconds of each test file to {DURATIONS.name}; for a run of all tests",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the files that take longest first, so that no worker is busy alone at the end.

    Tests marked `full` get a timeout of one hour.
    """
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(pytest.mark.timeout(3600))
    seconds = json.loads(DURATIONS.read_text())
    items.sort(key=lambda item: -seconds.get(_file(item.nodeid), 0))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the seconds of each file."""
    _seconds[_file(report.nodeid)] += report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Store the seconds of each file that takes a second or more."""
    if session.config.getoption("--store-durations") and not hasattr(session.config, "workerinput"):
        stored = {file: round(s) for file, s in sorted(_seconds.items()) if s >= 1}
        DURATIONS.write_text(json.dumps(stored, indent=2) + "\n")


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def sample() -> Path:
    """3,000 real orders with all their rows."""
    return _real("olist_sample")


@pytest.fixture(scope="session")
def full() -> Path:
    """The full real data set, gzip-compressed."""
    return _real("olist_full")


@pytest.fixture(scope="session")
def orders_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source folder with 3,000 orders: real ones if they are there, else generated ones."""
    if (REAL_DATA / "olist_sample").is_dir():
        return REAL_DATA / "olist_sample"
    folder = tmp_path_factory.mktemp("orders") / "generated"
    generate(folder, 3_000, 1)
    return folder


def _real(name: str) -> Path:
    folder = REAL_DATA / name
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} is absent (OLIST_REAL_DATA: the folder that holds it)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """Isolate tests from the settings and state of a developer's own runs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.startswith("OLIST_") and name != "OLIST_REAL_DATA":
                patch.delenv(name)
        # most tests need neither; the others switch them on
        patch.setenv("OLIST_EXPORTS", "false")
        patch.setenv("OLIST_DASHBOARDS", "false")
        yield


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerStack]:
    """Local S3, Redshift and web server of a test worker; a module uses the fixture `stack`."""
    with WorkerStack(tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture(scope="module")
def stack(services: WorkerStack) -> Iterator[Settings]:
    """Empty local S3 and Redshift for the tests of a module."""
    with services.emptied() as settings:
        yield settings


@pytest.fixture
def sql_copy(tmp_path: Path) -> Iterator[Path]:
    """A copy of sql/ that the code reads and a test may edit; call `clear_sql_caches` after an edit."""
    folder = tmp_path / "sql"
    shutil.copytree(SQL, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(infra.sql_files, "SQL", folder)
        clear_sql_caches()
        yield folder
    clear_sql_caches()


def clear_sql_caches() -> None:
    """Clear the caches of functions that read sql/."""
    for cached in (statements, tables, contracts, sensitive_columns, models):
        cached.cache_clear()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of notifications."""
    found = Receiver()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Chromium; skips the test if not installed. No event loop can run while it is open."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not found: install it, or set CHROMIUM to its path")
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A real Prefect API with its own database."""
    settings = {
        PREFECT_HOME: tmp_path_factory.mktemp("prefect"),
        # sending each log line to the API would cost seconds; tests read logs through caplog
        PREFECT_LOGGING_TO_API_ENABLED: False,
        # the end of a run waits up to a second for its heartbeat; tests/e2e have heartbeats
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        PREFECT_SERVER_ANALYTICS_ENABLED: False,
    }
    with (
        temporary_settings(settings),
        prefect_test_harness(server_startup_timeout=120),
    ):
        yield


@pytest.fixture
def ask(stack: Settings) -> Callable[[str], list[tuple]]:
    """A function that runs a SELECT through the driver and returns its rows."""

    def query(sql: str) -> list[tuple]:
        with transaction(stack, read_only=True) as work:
            return work.query(sql)

    return query


@pytest.fixture(scope="module")
def warehouse(stack: Settings) -> Settings:
    """A prepared warehouse without rows, for the tests of a module."""
    prepare_warehouse(stack)
    return stack


@pytest.fixture
def load(warehouse: Settings, tmp_path: Path) -> Loader:
    """Loader that runs handmade rows through the pipeline functions, without gates."""
    return Loader(warehouse, tmp_path, prepare=False)
