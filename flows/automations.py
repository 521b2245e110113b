"""Automations: Prefect's server tells people what a run cannot tell of itself."""

from typing import Any
from uuid import UUID

import yaml
from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient, get_client
from prefect.events.schemas.automations import AutomationCore

from infra import email_block  # noqa: F401 (its block type must be known before it is loaded)
from infra.settings import PROJECT, Settings

FILE = PROJECT / "deployments" / "automations.yaml"


class AutomationError(ValueError):
    """The automations cannot be registered; the message says why."""


def automations(blocks: list[UUID]) -> list[AutomationCore]:
    """What `deployments/automations.yaml` says; messages go to all of these notification blocks."""
    found = []
    for entry in yaml.safe_load(FILE.read_text())["automations"]:
        if "subject" in entry:
            message = {"subject": entry.pop("subject"), "body": entry.pop("body")}
            entry["actions"] = [
                {"type": "send-notification", "block_document_id": str(block), **message}
                for block in blocks
            ]
        found.append(AutomationCore.model_validate(entry))
    return found


async def register(settings: Settings) -> list[str]:
    """Create or update all automations on the server; returns their names.

    Raises AutomationError when no notification block is named, for only those can be told.
    """
    if not settings.notify_blocks:
        raise AutomationError(
            "OLIST_NOTIFY names no notification block, so nobody could be told; "
            "docs/notifications.md tells how to make one"
        )
    found = automations([await _block_id(name) for name in settings.notify_blocks])
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
