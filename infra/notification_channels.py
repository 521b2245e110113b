"""Where notifications go: Prefect's notification blocks, and an SNS topic."""

from collections.abc import Callable
from typing import cast

from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block

from infra import email_block  # noqa: F401 (its block type must be known before it is loaded)
from infra.aws import client
from infra.settings import Settings

Send = Callable[[str, str], None]  # subject, body
_SUBJECT = 100  # characters that SNS takes


class ChannelError(RuntimeError):
    """A notification could not be handed over; the message says to whom, and what to check."""


def channels(settings: Settings) -> dict[str, Send]:
    """How to send, by the name of the channel. Nothing is contacted yet."""
    found: dict[str, Send] = {name: _block(name) for name in settings.notify_blocks}
    if settings.notify_topic:
        found[settings.notify_topic] = _topic(settings, settings.notify_topic)
    return found


def _block(name: str) -> Send:
    def send(subject: str, body: str) -> None:
        try:
            block = cast("NotificationBlock", Block.load(name))
            with block.raise_on_failure():
                block.notify(body, subject)  # pyright: ignore[reportUnusedCoroutine] (sends here)
        except Exception as error:
            raise ChannelError(
                f"Prefect block {name}: {error}. `prefect block inspect {name}` shows it; "
                "OLIST_NOTIFY names the blocks"
            ) from error

    return send


def _topic(settings: Settings, arn: str) -> Send:
    def send(subject: str, body: str) -> None:
        try:
            sns = client(
                *(settings, "sns"),
                region_name=arn.split(":")[3],
                endpoint_url=settings.sns_endpoint_url,
            )
            # SNS takes ASCII without line breaks as a subject
            ascii_only = subject.encode("ascii", "replace").decode()[:_SUBJECT]
            sns.publish(TopicArn=arn, Subject=ascii_only, Message=body)
        except Exception as error:
            raise ChannelError(
                f"SNS topic {arn}: {error}. Check OLIST_NOTIFY_TOPIC and the permission sns:Publish"
            ) from error

    return send
