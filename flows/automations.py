"""Prefect automations: alerts from the server for problems that a run cannot report itself."""

from string import Template
from typing import Any
from uuid import UUID

import yaml
from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient, get_client
from prefect.events.schemas.automations import AutomationCore

from infra import email_block  # noqa: F401 (registers the block type before Block.aload)
from infra.settings import PROJECT, Settings

_LONG_HOURS = 2  # of a run, besides the wait for its source
FILE = PROJECT / "deployments" / "automations.yaml"


class AutomationError(ValueError):
    """Raised when the automations cannot be registered; the message gives the reason."""


def automations(blocks: list[UUID], settings: Settings) -> list[AutomationCore]:
    """Parse `deployments/automations.yaml` into Prefect automations.

    Args:
        blocks: Ids of the notification blocks that receive the messages. Every automation with a
            subject sends its message to all of them.
        settings: `fresh_hours` and `source_wait_hours` are limits of alerts.
    """
    found = []
    text = Template(FILE.read_text(encoding="utf-8")).substitute(
        fresh_hours=f"{settings.fresh_hours:g}",
        fresh_seconds=round(settings.fresh_hours * 3600),
        long_hours=f"{_LONG_HOURS + settings.source_wait_hours:g}",
        long_seconds=round((_LONG_HOURS + settings.source_wait_hours) * 3600),
    )
    for entry in yaml.safe_load(text)["automations"]:
        if "subject" in entry:
            message = {"subject": entry.pop("subject"), "body": entry.pop("body")}
            entry["actions"] = [
                {"type": "send-notification", "block_document_id": str(block), **message}
                for block in blocks
            ]
        found.append(AutomationCore.model_validate(entry))
    return found


async def register(settings: Settings) -> list[str]:
    """Create or update all automations on the Prefect server.

    Args:
        settings: `notify_blocks` names the notification blocks that receive the alerts;
            `fresh_hours` is the limit of the alert that nothing is published.

    Returns:
        The names of the automations.

    Raises:
        AutomationError: No notification block is named, or a named block does not exist.
    """
    if not settings.notify_blocks:
        raise AutomationError(
            "OLIST_NOTIFY names no notification block, so nobody would receive the alerts; "
            "docs/notifications.md shows how to create one"
        )
    blocks = [await _block_id(name) for name in settings.notify_blocks]
    found = automations(blocks, settings)
    async with get_client() as client:
        for automation in found:
            await _put(client, automation)
    return [automation.name for automation in found]


async def _put(client: PrefectClient, automation: AutomationCore) -> None:
    known = await client.read_automations_by_name(automation.name)
    if known:
        await client.update_automation(known[0].id, automation)
    else:
        await client.create_automation(automation)


async def _block_id(name: str) -> UUID:
    try:
        block: Any = await Block.aload(name)
    except ValueError as error:
        raise AutomationError(f"Prefect block {name}: {error}") from error
    return block._block_document_id
