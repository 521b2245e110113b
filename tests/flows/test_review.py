"""User-visible results of a run (page, artifacts, notifications) and acceptance of failures."""

import asyncio
import html
import re
import shutil
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.exceptions import ParameterTypeError

from flows.corrections import CorrectionError, retract_flow
from flows.daily_elt import daily_elt_flow
from flows.validate import validate_flow
from infra.contracts import contracts
from infra.lake import Lake
from infra.local.generate import generate
from infra.local.web.inbox import messages
from infra.settings import Settings
from infra.source_storage import MissingSourceError
from infra.warehouse import transaction
from tasks.receipts import Acceptance
from tasks.reporting.run_history import history
from tasks.reporting.run_page import ReportError, page_of, rewrite_page
from tasks.request import RequestError
from tasks.validation.gate import GateError
from tests.conftest import DAY
from tests.history import checksums

pytestmark = pytest.mark.usefixtures("prefect_api")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, 200, seed=7)
    return folder


@pytest.fixture(scope="module")
def bad(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source with one order of unknown status and one implausible price."""
    folder = tmp_path_factory.mktemp("bad") / "source"
    shutil.copytree(source, folder)
    for table, column, value in (("orders", 2, "teleported"), ("order_items", 5, "12345.00")):
        path = folder / contracts()[table].source_file
        lines = path.read_text().splitlines()
        fields = lines[1].split(",")
        fields[column] = value
        path.write_text("\n".join([lines[0], ",".join(fields), *lines[2:]]) + "\n")
    return folder


def _subjects(inbox: Path) -> list[str]:
    return [message.subject for message in reversed(messages(inbox))]


async def _artifacts(run_id: str) -> dict[str, str]:
    async with get_client() as client:
        found = await client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[UUID(run_id)]))
        )
    return {artifact.key: str(artifact.data) for artifact in found}


STATUS = "the order status is a known one"


def test_a_failed_batch_is_notified_and_its_correction_is_notified_as_recovered(
    stack: Settings, source: Path, bad: Path, inbox: Path
) -> None:
    day = DAY
    with pytest.raises(GateError):
        daily_elt_flow(day, str(bad))
    (failed,) = messages(inbox)
    assert failed.subject.startswith("[olist] BLOCKED, not published: 2018-10-18 daily")
    assert f"olist run --source {bad} --batch-date 2018-10-18" in failed.body
    assert STATUS in failed.body
    assert "order_status=teleported" in failed.body

    page = html.unescape(page_of(stack, day).read_text())
    assert "Stopped by gate staging" in page
    assert "Nothing of this batch is published" in page
    assert STATUS in page

    receipt = daily_elt_flow(day, str(source))
    assert _subjects(inbox)[1:] == ["[olist] recovered: 2018-10-18 daily"]
    assert "not published: 2018-10-18 daily" in messages(inbox)[0].body
    page = html.unescape(receipt.page.read_text())
    assert "Published, and every gate passed" in page
    # the history contains both runs
    assert [entry.verdict for entry in history(Lake(stack))] == ["stopped", "published"]
    assert "The last 2 runs" in page

    daily_elt_flow(day, str(source))
    assert len(_subjects(inbox)) == 2, "nothing more is to be told"


def test_an_accepted_failure_is_published_with_its_name_and_reason(
    stack: Settings, bad: Path, inbox: Path, ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLIST_PAGES_URL", "http://127.0.0.1:8025")  # as `olist up` sets it
    accept = Acceptance(
        expectations=["staging.orders.status_known"],
        by="Ana Souza",
        because="one test order, see TICKET-7",
    )
    receipt = daily_elt_flow(DAY.replace(day=19), str(bad), accept)
    assert ask(
        "SELECT gate, reason, severity, accepted_by, accepted_because FROM audit.validations "
        f"WHERE run_id = '{receipt.run_id}' AND accepted_by IS NOT NULL"
    ) == [("staging", STATUS, "critical", "Ana Souza", "one test order, see TICKET-7")]
    page = html.unescape(receipt.page.read_text())
    assert "accepted by Ana Souza: one test order, see TICKET-7" in page

    # the implausible price was not accepted: it is published with a warning
    (told,) = messages(inbox)
    assert told.subject == (
        "[olist] published, with 1 warning and 1 accepted failure: 2018-10-19 daily"
    )
    assert "a price is from R$ 0.01 to 10,000" in told.body
    assert "violated (critical, accepted by Ana Souza)" in told.body
    assert "accepted because: one test order, see TICKET-7" in told.body
    assert "Report: http://127.0.0.1:8025/2018-10-19/ (olist report 2018-10-19)" in told.body

    artifacts = asyncio.run(_artifacts(receipt.run_id))
    assert {"gates", "failures", "reconciliation", "report"} <= artifacts.keys()
    assert "Accepted by Ana Souza" in artifacts["failures"]
    assert "| 12345.00 |" in artifacts["failures"]
    assert "```sql" in artifacts["failures"]
    assert "[Report of 2018-10-19](http://127.0.0.1:8025/2018-10-19/)" in artifacts["report"]


def test_failures_of_computed_tables_cannot_be_accepted(
    stack: Settings, source: Path, monkeypatch
) -> None:
    from tasks.validation.check import Layer, rows
    from tasks.validation.suites import star

    wrong = rows(
        "candidate.fact_order", "nothing", "SELECT order_id FROM {batch}", "there is no order"
    )
    layer = Layer("star", {"candidate.fact_order": "table"}, [wrong])
    monkeypatch.setattr(star, "layer", lambda _: layer)
    before = checksums(stack)
    accept = Acceptance(
        expectations=["star.fact_order.nothing"], by="Ana Souza", because="because I say so"
    )
    with pytest.raises(RequestError, match=r"no check of the source has the id star\.fact_order"):
        daily_elt_flow(DAY.replace(day=20), str(source), accept)
    with pytest.raises(GateError, match="fix the model under sql") as stopped:
        daily_elt_flow(DAY.replace(day=20), str(source))
    assert "--accept" not in str(stopped.value)
    assert checksums(stack) == before


def test_an_unusable_source_is_notified(inbox: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingSourceError):
        daily_elt_flow(DAY, str(tmp_path / "nowhere"))
    (told,) = messages(inbox)
    assert told.subject.startswith("[olist] BLOCKED, not published: 2018-10-18 daily: not deliv")
    assert "loads missed days by itself" in told.body
    assert "corrected file" not in told.body


def test_report_pages_are_rewritten_from_the_lake(stack: Settings) -> None:
    page_of(stack, DAY).unlink()
    assert "Published, and every gate passed" in rewrite_page(stack, DAY).read_text()
    assert rewrite_page(stack, None) == page_of(stack, DAY.replace(day=20)), "the last run"
    with pytest.raises(
        ReportError, match="No run of 1999-01-01 is known; known batches: 2018-10-18"
    ):
        rewrite_page(stack, DAY.replace(year=1999, month=1, day=1))


def test_a_report_page_has_no_external_resources(stack: Settings) -> None:
    page = page_of(stack, DAY).read_text()
    assert not re.search(r"<script|<link|<img|src=|@import|url\(", page)


# ------------------------------------------------------------------------------- olist validate


def test_published_rows_are_validated_and_nothing_changes(stack: Settings) -> None:
    before = checksums(stack)
    receipts = validate_flow()
    assert [receipt.gate for receipt in receipts] == ["staging", "star", "marts", "reconciliation"]
    assert [r.reason for receipt in receipts for r in receipt.blocking] == []
    assert checksums(stack) == before


def test_validate_finds_a_manual_change_of_published_rows(stack: Settings, inbox: Path) -> None:
    with transaction(stack) as work:
        work.run("UPDATE analytics.fact_payment SET payment_value = payment_value + 0.01")
    before = checksums(stack)
    with pytest.raises(GateError, match="payment_value of fact_payment are those of staging"):
        validate_flow(["star"])
    assert checksums(stack) == before
    (told,) = messages(inbox)
    assert told.subject.startswith("[olist] PUBLISHED BUT WRONG, do not use: validate: Gate star")
    assert "olist rebuild" in told.body


def test_a_wrong_request_is_refused_and_alarms_nobody(inbox: Path) -> None:
    with pytest.raises(ParameterTypeError, match="'staging', 'star', 'marts' or 'reconciliation'"):
        validate_flow(["gold"])  # pyright: ignore[reportArgumentType]
    with pytest.raises(CorrectionError, match="Batch 2011-01-01 is not published"):
        retract_flow(date(2011, 1, 1))
    assert messages(inbox) == []
