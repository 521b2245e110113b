"""The whole flow as a Prefect run: real API, S3, driver and gates."""

import json
import shutil
import time
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.settings import PREFECT_API_URL

from flows.daily_elt import daily_elt_flow
from flows.results import RunReceipt
from infra.contracts import contracts
from infra.lake import Lake
from infra.local.generate import generate
from infra.settings import Settings
from infra.source_storage import SourceError
from tasks.validation.gate import GateError
from tasks.warehouse.models import published_models
from tests.conftest import DAY
from tests.history import checksums

pytestmark = pytest.mark.usefixtures("prefect_api")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, 500, seed=7)
    return folder


@pytest.fixture(scope="module")
def first(prefect_api, stack: Settings, source: Path) -> RunReceipt:
    return daily_elt_flow(DAY, str(source))


def test_a_run_publishes_what_it_read(first: RunReceipt, ask) -> None:
    read = {r.table: r for r in first.uploads}
    items = read["order_items"].money_loaded
    assert ask("SELECT SUM(total_value) AS v FROM analytics.single_customer_view") == [
        (sum(items.values()),)
    ]
    assert first.published.rows["fact_order"] == read["orders"].rows_read
    assert [gate.gate for gate in first.gates] == [
        "raw", "staging", "star", "marts", "reconciliation",
    ]  # fmt: skip
    assert not any(gate.blocking for gate in first.gates)
    assert first.page.is_file()


def test_a_publish_emits_an_event_with_its_figures(first: RunReceipt) -> None:
    """Automations wait for it; see deployments/automations.yaml, olist nothing published."""
    query = json.dumps({"filter": {"event": {"name": ["olist.published"]}}}).encode()
    request = urllib.request.Request(
        f"{PREFECT_API_URL.value()}/events/filter", query, {"Content-Type": "application/json"}
    )
    deadline, found = time.monotonic() + 30, []
    while not found and time.monotonic() < deadline:  # events are sent in the background
        time.sleep(0.2)
        with urllib.request.urlopen(request) as answer:
            events = json.load(answer)["events"]
        found = [e["payload"] for e in events if e["payload"]["run_id"] == first.run_id]
    assert found[-1]["batch_dates"] == [str(day) for day in first.published.batch_dates]
    assert found[-1]["rows_published"] == first.published.rows
    assert found[-1]["rows_read"] == sum(upload.rows_read for upload in first.uploads)


def test_a_second_run_uploads_and_changes_nothing(
    first: RunReceipt, stack: Settings, source: Path
) -> None:
    lake = Lake(stack)
    before, objects = checksums(stack), sorted(lake.keys(""))
    second = daily_elt_flow(DAY, str(source))
    assert not any(r.uploaded for r in second.uploads)
    assert not any(r.copied for r in second.copies)
    assert checksums(stack) == before
    assert sorted(lake.keys("")) == objects


async def _runs_of(run_id: str) -> tuple[str, set[str], set[str]]:
    from uuid import UUID

    from prefect.client.schemas.filters import TaskRunFilter, TaskRunFilterFlowRunId

    async with get_client() as client:
        flow_run = await client.read_flow_run(UUID(run_id))
        tasks = await client.read_task_runs(
            task_run_filter=TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[UUID(run_id)]))
        )
        artifacts = await client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(run_id)]))
        )
    return flow_run.name, {task.name for task in tasks}, {a.key for a in artifacts}


def test_run_and_task_names_contain_table_and_batch(first: RunReceipt) -> None:
    import asyncio

    name, tasks, artifacts = asyncio.run(_runs_of(first.run_id))
    assert name == "2018-10-18 daily"
    wanted = {f"upload {t} 2018-10-18" for t in contracts()}
    wanted |= {f"copy {t} 2018-10-18" for t in contracts()}
    wanted |= {f"transform {m.name} 2018-10-18" for m in published_models()}
    wanted |= {f"validate {g.gate} 2018-10-18" for g in first.gates}
    assert wanted <= tasks
    assert {"gates", "failures", "reconciliation"} <= artifacts
    assert "report" not in artifacts, "no server shows the page, so no link may lead to it"


def test_a_bad_file_loads_nothing(first: RunReceipt, stack, source: Path, tmp_path: Path) -> None:
    before, bad = checksums(stack), tmp_path / "bad"
    shutil.copytree(source, bad)
    (bad / contracts()["orders"].source_file).unlink()
    with pytest.raises(SourceError, match=r"olist_orders_dataset\.csv: missing"):
        daily_elt_flow(DAY, str(bad))
    assert checksums(stack) == before


@pytest.mark.parametrize(
    ("table", "old", "new", "gate"),
    [
        # decimal commas: most rows do not fit the contract
        ("order_payments", ".", ",", "raw"),
        # an unknown status
        ("orders", ",delivered,", ",teleported,", "staging"),
    ],
)
def test_a_failed_gate_leaves_analytics_as_it_was(
    first: RunReceipt, stack, ask, source: Path, tmp_path: Path, table, old, new, gate
) -> None:
    before, bad = checksums(stack), tmp_path / "bad"
    shutil.copytree(source, bad)
    path = bad / contracts()[table].source_file
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(GateError, match=f"Gate {gate} stopped batch 2018-10-19"):
        daily_elt_flow(DAY.replace(day=19), str(bad))
    assert checksums(stack) == before
    assert ask(
        "SELECT COUNT(*) AS n FROM audit.validations "
        f"WHERE batch_date = '2018-10-19' AND gate = '{gate}' AND NOT passed"
    ) != [(0,)]


@pytest.mark.full
def test_the_real_sample_gives_the_known_figures(
    tmp_path_factory: pytest.TempPathFactory, sample: Path, ask, load
) -> None:
    load.clear()
    load.release()
    daily_elt_flow(DAY, str(sample))
    assert ask(
        "SELECT COUNT(*) AS n, SUM(total_value) AS v FROM analytics.single_customer_view"
    ) == [(2995, Decimal("461323.94"))]
    assert ask(
        "SELECT SUM(price) AS p, SUM(freight_value) AS f FROM analytics.fact_order_item"
    ) == [(Decimal("392468.58"), Decimal("68855.36"))]
    assert ask("SELECT SUM(payment_value) AS v FROM analytics.fact_payment") == [
        (Decimal("468087.37"),)
    ]


@pytest.mark.slow
def test_the_full_real_set_gives_the_known_figures(full: Path, ask, load) -> None:
    load.clear()
    load.release()
    receipt = daily_elt_flow(DAY, str(full))
    assert ask(
        "SELECT COUNT(*) AS n, SUM(total_value) AS v, MAX(total_value) AS most, "
        "SUM(total_value) - SUM(net_value) AS cancelled FROM analytics.single_customer_view"
    ) == [(96096, Decimal("15843553.24"), Decimal("13664.08"), Decimal("108026.21"))]
    assert ask(
        "SELECT SUM(price) AS p, SUM(freight_value) AS f FROM analytics.fact_order_item"
    ) == [(Decimal("13591643.70"), Decimal("2251909.54"))]
    assert ask("SELECT SUM(payment_value) AS v FROM analytics.fact_payment") == [
        (Decimal("16008872.12"),)
    ]
    (sao_paulo,) = ask(
        "SELECT SUM(total_value) AS v FROM analytics.sales_overview WHERE state = 'SP'"
    )
    assert round(100 * sao_paulo[0] / Decimal("15843553.24"), 2) == Decimal("37.38")
    # the real data is clean: no gate may raise a false alarm; info records its known properties
    told = [r.reason for gate in receipt.gates for r in gate.failed if r.severity != "info"]
    assert told == []
