"""Prefect's server sends the notifications that a run cannot send itself."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from uuid import uuid4

import pytest
import yaml
from prefect import Flow, State, flow
from prefect.client.orchestration import get_client
from prefect.server.events.jinja_filters import all_filters
from prefect.server.schemas.core import FlowRun
from prefect.server.utilities.user_templates import (
    register_user_template_filters,
    render_user_template_sync,
)
from prefect.states import Cancelled, Crashed

from flows.automations import FILE, AutomationError, automations, register
from flows.deploy import TARGETS
from flows.health.prefect_facts import FLOWS, POOLS
from infra.settings import PROJECT, Settings
from tests.receiver import Receiver, webhook_to

pytestmark = pytest.mark.usefixtures("prefect_api")


@flow(name="daily_elt")
def _ours() -> None:
    """A flow with the name of ours."""


@flow(name="of another team")
def _of_others() -> None: ...


def import_from(entrypoint: str) -> Flow:
    """The flow that a deployment runs."""
    module, _, name = entrypoint.rpartition(".")
    return getattr(import_module(module), name)


async def _names() -> list[str]:
    async with get_client() as client:
        return sorted(automation.name for automation in await client.read_automations())


async def _end(state: State, *flows: Flow) -> None:
    async with get_client() as client:
        for crashed in flows:
            run = await client.create_flow_run(crashed, name=f"2018-08-01 {crashed.name}")
            await client.set_flow_run_state(run.id, state, force=True)


def test_registering_automations_twice_creates_no_duplicates(receiver: Receiver) -> None:
    settings = Settings(notify=webhook_to(receiver, "automations"))
    wanted = [
        *("olist run crashed", "olist run late", "olist run stuck", "olist run vanished"),
        *("olist run cancelled", "olist run suspended", "olist run never resumed"),
        *("olist nothing published", "olist worker offline"),
    ]
    assert asyncio.run(register(settings)) == wanted
    assert asyncio.run(register(settings)) == wanted
    assert asyncio.run(_names()) == sorted(wanted)


@pytest.mark.parametrize(
    ("state", "word", "remedy"),
    [
        (Crashed(message="killed"), "CRASHED", "Run it again"),
        (Cancelled(message="by a person"), "CANCELLED", "If you did not want this"),
    ],
)
def test_a_run_of_ours_is_notified_with_a_remedy_and_those_of_others_are_not(
    receiver: Receiver, state: State, word: str, remedy: str
) -> None:
    asyncio.run(register(Settings(notify=webhook_to(receiver, "automations"))))
    deadline = time.monotonic() + 60
    while not receiver.received and time.monotonic() < deadline:
        # the server loads new automations every few seconds; before that, a crash is not noticed
        asyncio.run(_end(state, _of_others, _ours))
        time.sleep(0.5)
    time.sleep(1)
    assert {told["subject"] for _, told in receiver.received} == {
        f"[olist] {word}: 2018-08-01 daily_elt"
    }
    assert remedy in receiver.received[0][1]["body"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"batch_date": "2018-10-03"}, "It loads the batch 2018-10-03."),
        ({}, "A scheduled daily run loads the batch of the day before."),
    ],
)
def test_a_late_run_is_told_with_its_batch(parameters: dict[str, str], words: str) -> None:
    late = next(a for a in automations([uuid4()], Settings()) if a.name == "olist run late")
    run = FlowRun(
        flow_id=uuid4(),
        name="wise-quoll",
        parameters=parameters,
        expected_start_time=datetime.now(UTC),
    )
    deployment = {"name": "daily", "work_pool_name": "local"}
    register_user_template_filters(all_filters)  # as the server does before it sends a message
    body = str(late.actions[0].model_dump()["body"])
    told = render_user_template_sync(body, {"flow_run": run, "deployment": deployment})
    assert words in " ".join(told.split())


def test_the_automations_name_the_flows_and_pools_of_this_project() -> None:
    deployed = [
        import_from(entry["entrypoint"]).name
        for file in ("prefect.yaml", "prefect.aws.yaml")
        for entry in yaml.safe_load((PROJECT / "deployments" / file).read_text())["deployments"]
    ]
    ours = yaml.safe_load(FILE.read_text())["ours"]
    assert set(ours["flow"]["prefect.resource.name"]) == {*deployed} == {*FLOWS}
    assert ours["pools"]["prefect.resource.name"] == [t.pool for t in TARGETS.values()] == [*POOLS]


def test_the_limit_of_freshness_and_of_a_long_run_follow_the_settings() -> None:
    by_name = {a.name: a for a in automations([], Settings(fresh_hours=1.5, source_wait_hours=4))}
    assert by_name["olist nothing published"].trigger.within == timedelta(hours=1.5)
    assert by_name["olist run stuck"].trigger.within == timedelta(hours=6)


def test_missing_notification_blocks_are_an_error() -> None:
    with pytest.raises(AutomationError, match="OLIST_NOTIFY names no notification block"):
        asyncio.run(register(Settings(notify="")))
    with pytest.raises(AutomationError, match="Prefect block email/nobody"):
        asyncio.run(register(Settings(notify="email/nobody")))


def test_every_automation_has_a_description() -> None:
    for automation in automations([], Settings()):
        assert automation.description
