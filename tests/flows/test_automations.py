"""Prefect's server sends the notifications that a run cannot send itself."""

import asyncio
import time

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Crashed

from flows.automations import AutomationError, automations, register
from infra.settings import Settings
from tests.receiver import Receiver, webhook_to

pytestmark = pytest.mark.usefixtures("prefect_api")


@flow(name="of-the-test")
def _of_the_test() -> None: ...


async def _names() -> list[str]:
    async with get_client() as client:
        return sorted(automation.name for automation in await client.read_automations())


async def _crash() -> str:
    async with get_client() as client:
        run = await client.create_flow_run(_of_the_test, name="2018-08-01 daily")
        await client.set_flow_run_state(run.id, Crashed(message="killed"), force=True)
        return str(run.id)


def test_registering_automations_twice_creates_no_duplicates(receiver: Receiver) -> None:
    settings = Settings(notify=webhook_to(receiver, "automations"))
    wanted = [
        *("olist run crashed", "olist run late", "olist run stuck", "olist run vanished"),
        "olist worker offline",
    ]
    assert asyncio.run(register(settings)) == wanted
    assert asyncio.run(register(settings)) == wanted
    assert asyncio.run(_names()) == wanted


def test_a_crashed_run_is_notified_with_a_remedy(receiver: Receiver) -> None:
    asyncio.run(register(Settings(notify=webhook_to(receiver, "automations"))))
    deadline = time.monotonic() + 60
    while not receiver.received and time.monotonic() < deadline:
        # the server loads new automations every few seconds; before that, a crash is not noticed
        asyncio.run(_crash())
        time.sleep(0.5)
    _, told = receiver.received[0]
    assert told["subject"] == "[olist] CRASHED: 2018-08-01 daily"
    assert "Run it again" in told["body"]


def test_missing_notification_blocks_are_an_error() -> None:
    with pytest.raises(AutomationError, match="OLIST_NOTIFY names no notification block"):
        asyncio.run(register(Settings(notify="")))
    with pytest.raises(AutomationError, match="Prefect block email/nobody"):
        asyncio.run(register(Settings(notify="email/nobody")))


def test_every_automation_has_a_description() -> None:
    for automation in automations([]):
        assert automation.description
