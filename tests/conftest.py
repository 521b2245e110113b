"""Real services for tests: a local stack, a Prefect API, and the real data if it exists."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from prefect.settings import PREFECT_HOME, temporary_settings
from prefect.testing.utilities import prefect_test_harness

import infra.sql_files
from infra.contracts import contracts, sensitive_columns
from infra.ddl import tables
from infra.local.generate import generate
from infra.local.services import running
from infra.settings import PROJECT, SQL, Settings
from infra.sql_files import statements
from infra.warehouse import transaction
from tasks.warehouse.models import models
from tests.browser import CHROMIUM, chromium
from tests.load import Loader

DAY = date(2018, 10, 18)
# files that take a minute or more run first, so that none of them runs alone at the end
LONG = [
    "test_mutations.py", "test_stack.py", "test_kill.py", "test_backfill.py", "test_daily_elt.py",
    "test_review.py", "test_batches.py", "test_replay.py", "test_catch_up.py", "test_main.py",
    "test_atomic.py", "test_gate.py",
]  # fmt: skip
REAL_DATA = Path(os.environ.get("OLIST_REAL_DATA", PROJECT.parent / "shared" / "data"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run long test files first; keep the order of tests within a file."""
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


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


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Empty local S3 and Redshift for the tests of a module."""
    home = tmp_path_factory.mktemp("home")
    with running(Settings(home=home)) as settings:
        yield settings


@pytest.fixture
def sql_copy(tmp_path: Path) -> Iterator[Path]:
    """A copy of sql/ that the code reads instead, to be changed; call `reread_sql` after a change."""
    folder = tmp_path / "sql"
    shutil.copytree(SQL, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(infra.sql_files, "SQL", folder)
        reread_sql()
        yield folder
    reread_sql()


def reread_sql() -> None:
    """Forget what was read from sql/."""
    for cached in (statements, tables, contracts, sensitive_columns, models):
        cached.cache_clear()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Chromium; skips the test if not installed. No event loop can run while it is open."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here; install it, or name it in CHROMIUM")
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A real Prefect API with its own database."""
    home = tmp_path_factory.mktemp("prefect")
    with (
        temporary_settings({PREFECT_HOME: home}),
        prefect_test_harness(server_startup_timeout=120),
    ):
        yield


@pytest.fixture
def ask(stack: Settings) -> Callable[[str], list[tuple]]:
    """Rows of a SELECT, through the driver."""

    def query(sql: str) -> list[tuple]:
        with transaction(stack, read_only=True) as work:
            return work.query(sql)

    return query


@pytest.fixture
def load(stack: Settings, tmp_path: Path) -> Loader:
    """Loader that runs handmade rows through the pipeline functions, without gates."""
    return Loader(stack, tmp_path)
