"""A notebook opens the suites as Great Expectations' own, and gets the results of the gates."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.settings import Settings
from infra.warehouse import transaction
from tasks.validation.check import Scope
from tasks.validation.file_context import write_file_context
from tasks.validation.gate import run_gate
from tasks.warehouse.transform import drop_candidates
from tests.conftest import DAY
from tests.load import Loader, write_source
from tests.tasks.validation.test_gate import ROWS

pytestmark = pytest.mark.slow
NOTEBOOK = """
import sys
import great_expectations as gx
context = gx.get_context(mode="file", project_root_dir=sys.argv[1])
assert {suite.name for suite in context.suites.all()} >= {"staging-orders", "star-fact_order"}
outcome = context.checkpoints.get(sys.argv[2]).run()
for results in outcome.run_results.values():
    for result in results.results:
        print(result.expectation_config.meta["id"], result.success)
assert not any(name.startswith(("tasks", "infra")) for name in sys.modules)
"""


def _run_notebook(settings: Settings, folder: Path, checkpoint: str) -> dict[str, bool]:
    """Run a checkpoint in a process that knows Great Expectations only."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", NOTEBOOK, str(settings.state), checkpoint],
        cwd=folder,
        env={"GX_ANALYTICS_ENABLED": "false"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    pairs = [line.split() for line in done.stdout.splitlines() if line.endswith(("True", "False"))]
    return {name: success == "True" for name, success in pairs}


@pytest.mark.parametrize("gate", ["staging", "star"])
def test_a_checkpoint_of_a_notebook_gives_the_results_of_the_gate(
    load: Loader, tmp_path: Path, gate: str
) -> None:
    load.clear()
    orders = [{**ROWS["orders"][0], "order_status": "teleported"}, ROWS["orders"][1]]
    receipts = load.stage(DAY, write_source(tmp_path / "s", {**ROWS, "orders": orders}))
    load.compute()
    if gate == "star":
        with transaction(load.settings) as work:
            work.run("UPDATE candidate.fact_order SET order_value = order_value + 1")
    scope = Scope((DAY,), receipts)
    here = {r.id: r.passed for r in run_gate(load.settings, gate, scope, "here").results}
    assert False in here.values()
    write_file_context(load.settings, scope)
    written = write_file_context(load.settings, scope)  # a second call replaces the first
    assert written == ["staging", "star", "marts", "reconciliation"]
    assert _run_notebook(load.settings, tmp_path, gate) == here


def test_the_password_is_in_a_private_file_only(load: Loader) -> None:
    with transaction(load.settings) as work:
        drop_candidates(work)  # as after a publish
    assert write_file_context(load.settings, Scope((DAY,))) == ["staging", "reconciliation"]
    folder = load.settings.state / "gx"
    password = load.settings.redshift_password
    assert password
    holding = [
        p for p in folder.rglob("*") if p.is_file() and password.get_secret_value() in p.read_text()
    ]
    assert holding == [folder / "uncommitted" / "config_variables.yml"]
    assert holding[0].stat().st_mode & 0o077 == 0
