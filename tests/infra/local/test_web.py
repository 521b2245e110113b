"""The local web server serves pages, and an inbox that people search and tick off."""

from collections.abc import Iterator

import httpx
import pytest

from infra.local.stack_secrets import StackSecrets
from infra.local.web.inbox import Message, messages
from infra.local.web.inbox_page import page
from infra.settings import Settings
from tests.worker_stack import WorkerStack

BLOCKED = "[olist] BLOCKED, not published: 2018-10-18 daily: two files fail"
WARNED = "[olist] published, with 1 warning: 2018-10-19 daily"


@pytest.fixture
def browser(stack: Settings, services: WorkerStack) -> Iterator[httpx.Client]:
    """A signed-in person, an empty inbox and no pages."""
    for message in (stack.state / "inbox").glob("*"):
        message.unlink()
    login = {"Authorization": StackSecrets.of(stack.state).web_authorization}
    with httpx.Client(base_url=services.web, headers=login, follow_redirects=True) as client:
        yield client


def _send(browser: httpx.Client, subject: str, body: str = "text") -> None:
    assert browser.post("/hook", json={"subject": subject, "body": body}).status_code == 200


def test_pages_are_served_with_their_folders_but_no_folder_is_listed(
    stack: Settings, browser: httpx.Client
) -> None:
    day = stack.state / "reports" / "2018-10-18"
    day.mkdir(parents=True, exist_ok=True)
    (day / "index.html").write_text("<h1>a report</h1>", encoding="utf-8")
    (stack.state / "reports" / "validations").mkdir(exist_ok=True)
    assert "a report" in browser.get("/2018-10-18/").text
    assert browser.get("/validations/").status_code == 404
    for path in ("/../web.password", "/%2e%2e/web.password", "/2018-10-18/..%2f..%2fweb.password"):
        found = browser.get(path)
        assert (stack.state / "web.password").read_text(encoding="utf-8") not in found.text, path


def test_before_the_first_run_the_address_leads_to_the_inbox(browser: httpx.Client) -> None:
    assert "<h1>Inbox</h1>" in browser.get("/").text


def test_the_inbox_filters_by_text_kind_and_unread(browser: httpx.Client) -> None:
    _send(browser, BLOCKED, "staging.orders.status_known fails")
    _send(browser, WARNED)
    assert "2 notifications, 2 not read" in browser.get("/inbox").text
    for query, shown, hidden in (
        ("search=STATUS_known", BLOCKED, WARNED),
        ("kind=published", WARNED, BLOCKED),
        ("search=2018-10-19", WARNED, BLOCKED),
    ):
        text = browser.get(f"/inbox?{query}").text
        assert shown in text, query
        assert hidden not in text, query
    assert "0 shown" in browser.get("/inbox?search=nowhere").text
    assert "blocked 1" in browser.get("/inbox?search=2018-10-18").text
    assert "published 1" not in browser.get("/inbox?search=2018-10-18").text


def test_messages_are_marked_as_read_and_stay_so(stack: Settings, browser: httpx.Client) -> None:
    _send(browser, BLOCKED)
    _send(browser, WARNED)
    newest, oldest = messages(stack.state / "inbox")
    answer = browser.post("/inbox?unread=1", data={"id": oldest.id})
    assert answer.url.path == "/inbox"
    assert WARNED in answer.text
    assert BLOCKED not in answer.text
    assert [m.is_read for m in messages(stack.state / "inbox")] == [False, True]
    assert f'name="id" value="{newest.id}"' in answer.text
    assert browser.post("/inbox", data={"id": "../../web.password"}).status_code == 200


def test_addresses_in_a_message_are_links_and_the_rest_is_text() -> None:
    inbox_text = "Run: http://127.0.0.1:4200/runs/1. <b>Not bold</b> javascript:alert(1)"
    shown = page([Message("1", "2026-11-30T10:00:00", BLOCKED, inbox_text)], {})
    assert '<a href="http://127.0.0.1:4200/runs/1">http://127.0.0.1:4200/runs/1</a>.' in shown
    assert "&lt;b&gt;Not bold" in shown
    assert 'href="javascript' not in shown


def test_a_message_that_is_cut_off_hides_no_other(stack: Settings, browser: httpx.Client) -> None:
    _send(browser, BLOCKED)
    (stack.state / "inbox" / "0.json").write_text('{"at": ', encoding="utf-8")
    text = browser.get("/inbox").text
    assert "cannot be read" in text
    assert BLOCKED in text


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        (BLOCKED, "blocked"),
        (WARNED, "published"),
        ("[olist] NOT RESUMED: x", "not resumed"),
        ("Build finished", "other"),
    ],
)
def test_the_kind_of_a_message_is_in_its_subject(subject: str, kind: str) -> None:
    assert Message("1", "2026-11-30T10:00:00", subject, "").kind == kind
