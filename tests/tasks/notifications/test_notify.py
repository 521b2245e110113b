"""A notification alone shows cause and remedy, and is sent once."""

import logging
from datetime import date

import pytest

from infra.settings import Settings
from infra.source_storage import SourceError
from infra.warehouse import WarehouseError
from tasks.notifications import notify
from tasks.notifications.notify import (
    Notification,
    failure,
    open_failure,
    recovery,
    send,
    settle,
    warning_digest,
)
from tasks.receipts import ExpectationResult, GateReceipt, RerunCommand
from tasks.validation.gate import QUARANTINE_EMPTY, GateError, require
from tests.receiver import Receiver, webhook_to

RERUN = RerunCommand(text="olist run --source data --batch-date 2018-08-01", accepts_failures=True)
LINKS = ["Report: /reports/2018-08-01/index.html"]
LOGGER = logging.getLogger("tests")


def _result(severity: str = "critical", reason: str = "a score is 1 to 5") -> ExpectationResult:
    return ExpectationResult(
        id="staging.order_reviews.review_score_range",
        dataset="staging.order_reviews",
        expectation="expect_column_values_to_be_between",
        reason=reason,
        severity=severity,
        owner="source",
        passed=False,
        observed="12 rows",
        sample=[{"review_id": "r1", "review_score": "8", "review_comment_message": "(hidden)"}],
        sql="SELECT * FROM candidate.batch_order_reviews WHERE review_score > 5",
    )


def _stopped(gate: str) -> GateError:
    receipt = GateReceipt(gate=gate, batch_date=date(2018, 8, 1), results=[_result()])
    with pytest.raises(GateError) as caught:
        require(receipt, "2018-08-01", RERUN)
    return caught.value


def test_a_gate_failure_notification_contains_cause_sample_rows_and_remedy() -> None:
    told = failure(
        *("2018-08-01 daily", "r1", _stopped("staging"), RERUN, LINKS),
        before="what 2018-07-31 published; those figures can be used",
        owners={"source": "Ana, ana@example.com"},
    )
    assert told.subject == (
        "[olist] BLOCKED, not published: 2018-08-01 daily: "
        "Gate staging: 1 critical expectation violated"
    )
    for words in (
        "a score is 1 to 5",
        "found in staging.order_reviews: 12 rows; owner: source (Ana, ana@example.com)",
        "review_id=r1, review_score=8",
        'olist query "SELECT * FROM candidate.batch_order_reviews WHERE review_score > 5"',
        "Readers see what 2018-07-31 published; those figures can be used",
        f"Correct the source, then run again: {RERUN}",
        '--accept staging.order_reviews.review_score_range --accepted-by "YOUR NAME" --because',
        LINKS[0],
    ):
        assert words in told.body, words


def test_a_notification_of_a_stopped_star_gate_offers_no_acceptance() -> None:
    told = failure("2018-08-01 daily", "r1", _stopped("star"), RERUN, LINKS)
    assert "--accept" not in told.body
    assert "running again does not help" in told.body


def test_a_failed_reconciliation_is_notified_as_published_but_wrong() -> None:
    told = failure("2018-08-01 daily", "r1", _stopped("reconciliation"), RERUN, LINKS)
    assert told.subject.startswith("[olist] PUBLISHED BUT WRONG, do not use: 2018-08-01 daily")
    assert "olist rebuild" in told.body
    assert "olist retract 2018-08-01" in told.body


def test_a_failure_notification_contains_the_error_message_and_the_rerun_command() -> None:
    error = SourceError("data/olist_orders_dataset.csv: missing. A batch has all nine files")
    told = failure("2018-08-01 daily", "r1", error, RERUN, LINKS)
    assert told.subject.endswith("SourceError: data/olist_orders_dataset.csv: missing. A batch has all nine files")  # fmt: skip
    assert f"Ask the source for a corrected file. Running again is safe, even if some steps were already done:\n  {RERUN}" in told.body  # fmt: skip


def test_the_first_finding_is_the_subject_of_the_notification() -> None:
    error = SourceError("The batch was not started; nothing was loaded.\n  - a.csv: column x is missing\n  - b")  # fmt: skip
    told = failure("2018-08-01 daily", "r1", error, RERUN, LINKS)
    assert told.subject.endswith("SourceError: a.csv: column x is missing")
    assert "  - b" in told.body


def test_a_subject_names_files_without_their_folders() -> None:
    error = SourceError("/srv/drops/2018-08-01/payments.csv: column payment_value is missing")
    told = failure("2018-08-01 daily", "r1", error, RERUN, LINKS)
    assert told.subject.endswith("SourceError: payments.csv: column payment_value is missing")
    assert "/srv/drops/2018-08-01/payments.csv" in told.body


def test_the_digest_of_rows_in_quarantine_names_the_command_that_lists_them() -> None:
    kept = _result("warning").model_copy(update={"id": QUARANTINE_EMPTY})
    told = warning_digest("2018-08-01 daily", "r1", {"2018-08-01": [kept]}, RERUN, LINKS)
    assert "olist quarantine 2018-08-01" in told.body


def test_the_digest_of_accepted_failures_asks_for_nothing() -> None:
    accepted = _result().model_copy(update={"accepted_by": "Ana"})
    told = warning_digest("2018-08-01 daily", "r1", {"2018-08-01": [accepted]}, RERUN, LINKS)
    assert "What to do\nNothing: the failures are accepted" in told.body
    assert "Ask the owner" not in told.body


def test_an_unavailable_service_is_notified_as_retried_several_times() -> None:
    error = WarehouseError("connecting to the warehouse: timed out", transient=True)
    told = failure("2018-08-01 daily", "r1", error, RERUN, LINKS)
    assert "The step was retried several times" in told.body


def test_warnings_come_as_one_digest() -> None:
    told = warning_digest(
        "backfill data",
        "r1",
        {"2018-08-01": [_result("warning")], "2018-08-02": [_result("warning", "scores drift")]},
        RERUN,
        LINKS,
    )
    assert told.subject == "[olist] published, with 2 warnings: backfill data"
    assert (
        "2018-08-01\n- staging.order_reviews.review_score_range, violated (warning): a score is"
        in told.body
    )
    assert (
        "2018-08-02\n- staging.order_reviews.review_score_range, violated (warning): scores"
        in told.body
    )
    assert str(RERUN) in told.body
    assert "Ask the owner" in told.body


# ------------------------------------------------------------------------------- sending


@pytest.fixture
def hook(prefect_api, stack: Settings, receiver: Receiver, monkeypatch) -> Settings:
    """Settings with one channel, a webhook to a real receiver."""
    monkeypatch.setattr(notify, "_PAUSE", 0.01)
    name = webhook_to(receiver, "notify")
    return stack.model_copy(update={"notify": name, "notify_topic": None})


def _message(run_id: str) -> Notification:
    return Notification(kind="test", run_id=run_id, subject="s", body="b")


def test_a_message_is_sent_once(hook: Settings, receiver: Receiver) -> None:
    assert send(hook, _message("once"), LOGGER) == [hook.notify]
    assert send(hook, _message("once"), LOGGER) == []
    assert len(receiver.received) == 1


def test_a_notification_is_retried_after_a_failed_delivery(
    hook: Settings, receiver: Receiver
) -> None:
    receiver.answers = [503, 503, 200]
    assert send(hook, _message("again"), LOGGER) == [hook.notify]
    assert len(receiver.received) == 3


def test_a_failed_notification_does_not_fail_the_run(
    hook: Settings, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [500]
    assert send(hook, _message("never"), LOGGER) == []
    assert "not notified (s): Prefect block custom-webhook/notify" in caplog.text


def test_a_notification_is_sent_even_if_the_lake_is_unavailable(
    hook: Settings, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    away = hook.model_copy(update={"bucket": "no-such-bucket"})
    assert send(away, _message("away"), LOGGER) == [hook.notify]
    assert "it may be sent twice" in caplog.text


def test_a_failure_stays_open_until_its_batch_is_settled(stack: Settings) -> None:
    open_failure(stack, ["2018-08-01"], "[olist] FAILED: 2018-08-01 daily")
    assert settle(stack, ["2018-08-02"]) == []
    (settled,) = settle(stack, ["2018-08-01", "2018-08-02"])
    assert settled.startswith("[olist] FAILED: 2018-08-01 daily (")
    assert settle(stack, ["2018-08-01"]) == []
    assert settled in recovery("2018-08-01 daily", "r2", [settled], LINKS).body
