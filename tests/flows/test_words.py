"""Messages and pages of a failed run say whether its batch is published and reconciled."""

import html
import pickle
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows.daily_elt import daily_elt_flow
from infra.local.generate import generate
from infra.local.web.inbox import messages
from infra.settings import Settings
from tasks.publish_state import AfterPublishError
from tasks.reporting.export.manifest import exports_run_id
from tasks.reporting.run_page import page_of
from tasks.validation.check import Layer, rows
from tasks.validation.gate import GateError
from tasks.validation.suites import reconciliation
from tasks.warehouse import publish
from tests.conftest import DAY

pytestmark = [pytest.mark.usefixtures("prefect_api"), pytest.mark.slow]
CAN_BE_USED = "those figures can be used"


@pytest.fixture(autouse=True)
def _no_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tests need neither exports nor dashboards."""
    monkeypatch.setenv("OLIST_EXPORTS", "false")
    monkeypatch.setenv("OLIST_DASHBOARDS", "false")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, 60, seed=7)
    return folder


@pytest.fixture
def day() -> date:
    """A day whose batch no earlier test has loaded."""
    _days.append(_days[-1] + timedelta(days=1))
    return _days[-1]


_days = [DAY]


@pytest.fixture
def broken_reconciliation() -> Iterator[None]:
    """A gate `reconciliation` whose expectation cannot be evaluated."""
    check = rows("audit.reconciliation", "totals_equal", "SELECT no_such FROM {batch}", "equal")
    layer = Layer("reconciliation", {"audit.reconciliation": "table"}, [check])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconciliation, "layer", lambda _: layer)
        yield


def _published(ask, day: date) -> bool:
    return bool(ask(f"SELECT 1 AS one FROM audit.batches WHERE batch_date = '{day}'"))


def test_a_report_that_cannot_be_written_is_told_as_published_and_reconciled(
    stack: Settings, source: Path, day: date, inbox: Path, ask
) -> None:
    folder = page_of(stack, day).parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.touch()  # a file where the folder of the report should be
    with pytest.raises(AfterPublishError, match=str(day)) as caught:
        daily_elt_flow(day, str(source))
    assert caught.value.state == "reconciled"
    assert _published(ask, day)
    (told,) = messages(inbox)
    assert told.subject.startswith(
        f"[olist] published and reconciled, but a later step failed: {day} daily: "
    )
    assert "it is validated and reconciled" in told.body
    assert "nothing" not in told.body
    assert str(folder) in told.body

    folder.unlink()
    daily_elt_flow(day, str(source))
    assert "recovered" in messages(inbox)[0].subject


def test_failed_dashboards_are_told_as_published_and_reconciled(
    stack: Settings, source: Path, day: date, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLIST_DASHBOARDS", "true")
    index = stack.state / "reports" / "index.html"
    index.unlink(missing_ok=True)
    index.mkdir(parents=True)
    with pytest.raises(AfterPublishError, match="its dashboards failed"):
        daily_elt_flow(day, str(source))
    index.rmdir()
    (told,) = messages(inbox)
    assert told.subject.startswith("[olist] published and reconciled, but a later step failed")
    page = html.unescape(page_of(stack, day).read_text())
    assert "Published and reconciled, but a later step failed" in page
    assert "its dashboards failed" in page


@pytest.mark.usefixtures("broken_reconciliation")
def test_a_reconciliation_that_cannot_be_evaluated_is_told_as_published_and_not_reconciled(
    stack: Settings,
    source: Path,
    day: date,
    inbox: Path,
    tmp_path: Path,
    ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLIST_EXPORTS", "true")
    exported = exports_run_id(stack)
    with pytest.raises(GateError):
        daily_elt_flow(day, str(source))
    assert _published(ask, day)
    (told,) = messages(inbox)
    assert told.subject.startswith("[olist] PUBLISHED, NOT RECONCILED, do not use yet")
    assert "olist validate" in told.body
    page = html.unescape(page_of(stack, day).read_text())
    assert "Published, not reconciled" in page
    assert exports_run_id(stack) == exported, "what is not reconciled is not exported"

    # a later failure does not call these figures usable
    with pytest.raises(Exception, match="nowhere"):
        daily_elt_flow(day, str(tmp_path / "nowhere"))
    told = messages(inbox)[0]
    assert told.subject.startswith("[olist] BLOCKED, not published")
    assert "which is not reconciled: do not use its figures" in told.body
    assert CAN_BE_USED not in told.body


def test_a_publish_whose_reply_is_lost_is_told_by_what_the_audit_holds(
    stack: Settings, source: Path, day: date, inbox: Path, ask
) -> None:
    """The index of the batch is written after the commit; here the lake refuses it."""

    def refuse(_: Settings) -> None:
        raise OSError("the lake does not answer")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "index_published_batches", refuse)
        patch.setattr(publish.publish, "retries", 0)
        with pytest.raises(AfterPublishError) as caught:
            daily_elt_flow(day, str(source))
    assert caught.value.state == "not reconciled"
    assert _published(ask, day)
    (told,) = messages(inbox)
    assert told.subject.startswith("[olist] PUBLISHED, NOT RECONCILED, do not use yet")
    assert "the lake does not answer" in told.body


def test_a_failure_before_the_publish_is_told_as_nothing_published(
    source: Path, day: date, inbox: Path, ask
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("the commit was refused")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "publish_batches", refuse)
        patch.setattr(publish.publish, "retries", 0)
        with pytest.raises(OSError, match="the commit was refused"):
            daily_elt_flow(day, str(source))
    assert not _published(ask, day)
    (told,) = messages(inbox)
    assert told.subject.startswith("[olist] BLOCKED, not published")


def test_the_error_keeps_its_state_in_another_process() -> None:
    error = pickle.loads(pickle.dumps(AfterPublishError("x", "unknown")))
    assert (str(error), error.state) == ("x", "unknown")
