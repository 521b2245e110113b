"""Notification channels: Prefect notification blocks and an SNS topic."""

import textwrap
from collections.abc import Callable
from typing import Any, cast

from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block
from prefect.blocks.notifications import AbstractAppriseNotificationBlock

from infra import email_block  # noqa: F401 (registers the block type before Block.load)
from infra.aws import client
from infra.settings import Settings

Send = Callable[[str, str], None]  # subject, body
_SUBJECT = 100  # maximum length of an SNS subject


class ChannelError(RuntimeError):
    """Raised when a channel rejects a notification; the message names it and what to check."""


def channels(settings: Settings) -> dict[str, Send]:
    """Return a function that sends, for each channel of the settings; sends nothing yet.

    Returns:
        By name of the channel, a function of subject and body. It raises ChannelError if the
        channel rejects the notification.
    """
    found: dict[str, Send] = {name: _block(name) for name in settings.notify_blocks}
    if settings.notify_topic:
        found[settings.notify_topic] = _topic(settings, settings.notify_topic)
    return found


def _block(name: str) -> Send:
    def send(subject: str, body: str) -> None:
        try:
            block = cast("NotificationBlock", Block.load(name))
            if isinstance(block, AbstractAppriseNotificationBlock):
                # without it, a channel reads values such as <!channel> or <b> as markup
                cast("Any", block)._apprise_client.asset.body_format = "text"
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
            # an SNS subject must be ASCII, without line breaks
            ascii_only = textwrap.shorten(
                subject.encode("ascii", "replace").decode(), _SUBJECT, placeholder=" ..."
            )
            sns.publish(TopicArn=arn, Subject=ascii_only, Message=body)
        except Exception as error:
            raise ChannelError(
                f"SNS topic {arn}: {error}. Check OLIST_NOTIFY_TOPIC and the permission sns:Publish"
            ) from error

    return send
