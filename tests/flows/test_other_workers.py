"""Tasks are stateless: another process that serves them can run them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from infra.lake import Lake
from infra.local.generate import generate
from infra.settings import PROJECT, Settings
from tasks.ingest.upload import upload

SERVE = (
    "from prefect.task_worker import serve; from tasks.ingest.upload import upload; serve(upload)"
)


@pytest.fixture
def other_worker(stack: Settings, prefect_api: None) -> Iterator[None]:
    """A process that serves tasks submitted by other processes."""
    from prefect.settings import get_current_settings

    environment = get_current_settings().to_environment_variables(exclude_unset=True)
    with subprocess.Popen(
        [sys.executable, "-c", SERVE],
        cwd=PROJECT,
        env={**os.environ, **environment},
    ) as process:
        yield
        process.terminate()


@pytest.mark.slow
def test_an_upload_is_sent_to_another_worker(
    stack: Settings, other_worker: None, tmp_path: Path
) -> None:
    generate(tmp_path / "dump", 30, seed=5)
    sent = upload.delay("orders", date(2018, 10, 18), str(tmp_path / "dump"))
    sent.wait(timeout=60)
    assert sent.state.is_completed(), sent.state
    assert sent.result().rows_loaded == 30
    # the lake contains exactly one receipt of the upload
    assert len([k for k in Lake(stack).keys("raw/orders/") if k.endswith("receipt.json")]) == 1
