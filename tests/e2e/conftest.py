"""A stack of its own for each module, with batches of a small generated shop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from infra.local.extract import extract
from infra.local.generate import generate
from tests.e2e.stack import Stack


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Batches of a small generated shop."""
    folder = tmp_path_factory.mktemp("source")
    generate(folder / "dump", 60, seed=3)
    extract(folder / "dump", folder / "days", every="8mo")
    return folder / "days"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Iterator[Stack]:
    """A stack that is up."""
    found = Stack(tmp_path_factory.mktemp("home"), source)
    done = found.up()
    assert done.returncode == 0, done.stdout + done.stderr
    with temporary_settings({PREFECT_API_URL: found.api, PREFECT_API_AUTH_STRING: found.login}):
        yield found
    found.olist("down")
