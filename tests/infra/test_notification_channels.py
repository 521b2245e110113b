"""Notifications are delivered by real HTTP, TLS, SMTP and SNS, with unmodified libraries."""

import email
import html
import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import trustme
from aiosmtpd.controller import Controller
from prefect.blocks.notifications import (
    MicrosoftTeamsWebhook,
    SlackWebhook,
)

from infra.email_block import Email
from infra.local.web.inbox import messages
from infra.notification_channels import ChannelError, channels
from infra.settings import Settings
from tests.receiver import Receiver, webhook_to

SUBJECT, BODY = (
    "[olist] FAILED: 2018-08-01 daily",
    "Gate staging stopped it.\nRun again: olist run …",
)


# values of a source file that Slack, Teams and mail programs could read as markup
HOSTILE = (
    "value=<!channel> <@U1> *bold* <b>b</b> [a](https://example.com) & <https://example.com|b>"
)


def _send(notify: str, body: str = BODY, **settings: Any) -> None:
    channels(Settings(notify=notify, **settings))[notify](SUBJECT, body)


@pytest.mark.usefixtures("prefect_api")
def test_a_notification_is_delivered_to_a_generic_webhook(receiver: Receiver) -> None:
    _send(webhook_to(receiver, "generic"))
    assert receiver.received == [("/hook", {"subject": SUBJECT, "body": BODY})]


@pytest.fixture
def impersonated(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Iterator[Receiver]:
    """A receiver that impersonates the hosts of Slack and Teams, with a certificate."""
    hosts = ("hooks.slack.com", "prod-00.westus.logic.azure.com")
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    for proxy in (
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(proxy, raising=False)
    found = Receiver(context)
    look_up = socket.getaddrinfo

    def local(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        return look_up(
            *(("127.0.0.1", found.port) if host in hosts else (host, port)), *args, **kwargs
        )

    monkeypatch.setattr(socket, "getaddrinfo", local)
    yield found
    found.server.shutdown()


@pytest.mark.usefixtures("prefect_api")
def test_a_notification_is_delivered_to_slack(impersonated: Receiver) -> None:
    url = "https://hooks.slack.com/services/T00000000/B00000000/" + "x" * 24
    SlackWebhook(url=url).save("ops", overwrite=True)
    _send("slack-webhook/ops")
    ((path, message),) = impersonated.received
    assert path == "/services/T00000000/B00000000/" + "x" * 24
    text = json.dumps(message, ensure_ascii=False)
    assert "FAILED: 2018-08-01 daily" in text
    assert "Gate staging stopped it." in text

    _send("slack-webhook/ops", HOSTILE)
    message = impersonated.received[-1][1]
    assert message["mrkdwn"] is False
    assert message["attachments"][0]["text"] == html.escape(HOSTILE, quote=False)


@pytest.mark.usefixtures("prefect_api")
def test_a_notification_is_delivered_to_teams(impersonated: Receiver) -> None:
    url = (
        "https://prod-00.westus.logic.azure.com:443/workflows/" + "a" * 32 +
        "/triggers/manual/paths/invoke?sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=" + "b" * 43
    )  # fmt: skip
    MicrosoftTeamsWebhook(url=url).save("ops", overwrite=True)
    _send("ms-teams-webhook/ops")
    ((path, message),) = impersonated.received
    assert path.startswith("/workflows/" + "a" * 32)
    assert "Gate staging stopped it" in json.dumps(message, ensure_ascii=False)

    _send("ms-teams-webhook/ops", HOSTILE)
    text = json.dumps(impersonated.received[-1][1])
    assert "*bold*" not in text
    assert "[a](" not in text


class Mailbox:
    def __init__(self) -> None:
        self.received: list[tuple[list[str], email.message.Message]] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (aiosmtpd API)
        self.received.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content)))
        return "250 kept"


@pytest.mark.usefixtures("prefect_api")
def test_a_notification_is_delivered_by_email() -> None:
    mailbox = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        to = quote("data@example.com,ops@example.com", safe="")
        url = f"mailto://127.0.0.1:{port}?from=olist@example.com&to={to}&mode=insecure"
        Email(url=url).save("ops", overwrite=True)
        _send("email/ops")
        _send("email/ops", HOSTILE)
    finally:
        controller.stop()
    assert sorted({who for to, _ in mailbox.received for who in to}) == [
        "data@example.com",
        "ops@example.com",
    ]
    _, message = mailbox.received[0]
    parts = [p.get_payload(decode=True).decode() for p in message.walk() if not p.is_multipart()]
    assert str(email.header.make_header(email.header.decode_header(message["Subject"]))) == SUBJECT
    assert [" ".join(part.split()) for part in parts] == [" ".join(BODY.split())]
    last = mailbox.received[-1][1]
    assert last.get_content_type() == "text/plain"
    assert last.get_payload(decode=True).decode().strip() == HOSTILE


def test_sns_delivers_to_the_local_inbox(stack: Settings) -> None:
    (send,) = channels(Settings()).values()  # the local stack sets the topic
    send(SUBJECT + " São Paulo", BODY)
    (message,) = messages(stack.state / "inbox")
    # SNS accepts only ASCII subjects
    assert message.subject == SUBJECT + " S?o Paulo"
    assert message.body == BODY


@pytest.mark.usefixtures("prefect_api")
def test_a_failing_notification_channel_raises_an_error_with_a_remedy() -> None:
    with pytest.raises(ChannelError, match=r"Prefect block email/nobody.*OLIST_NOTIFY names"):
        _send("email/nobody")
    with pytest.raises(ChannelError, match=r"SNS topic arn:aws:sns:us-east-1:1:x.*sns:Publish"):
        send = channels(
            Settings(
                notify_topic="arn:aws:sns:us-east-1:1:x", sns_endpoint_url="http://127.0.0.1:9"
            )
        )
        send["arn:aws:sns:us-east-1:1:x"](SUBJECT, BODY)
