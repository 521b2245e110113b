"""The state of the pipeline follows from runs, schedules, pools and the history of publishes."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import State, StateType
from prefect.client.schemas.schedules import CronSchedule
from prefect.settings import PREFECT_API_URL
from prefect.states import Completed, Crashed, Failed, Running, Suspended

from flows.health.check import check_health
from flows.health.report import Health, Service
from infra.settings import Settings
from tasks.receipts import RunEntry
from tasks.reporting.run_history import history_here, keep_here

pytestmark = pytest.mark.usefixtures("prefect_api")
DAY = date(2018, 10, 18)


@flow(name="daily_elt")
def _daily() -> None: ...


@flow(name="of another team")
def _of_others() -> None: ...


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a state folder of their own."""
    return Settings(home=tmp_path)


@pytest.fixture(autouse=True)
def _empty_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server is that of other tests, too."""
    monkeypatch.setenv("PREFECT_API_URL", str(PREFECT_API_URL.value()))
    asyncio.run(_clear())
    yield
    asyncio.run(_clear())


async def _clear() -> None:
    """Delete runs, deployments and pools."""
    async with get_client() as client:
        for run in await client.read_flow_runs(limit=200):
            await client.delete_flow_run(run.id)
        for deployment in await client.read_deployments():
            await client.delete_deployment(deployment.id)
        for pool in await client.read_work_pools():
            await client.delete_work_pool(pool.name)


def _published(settings: Settings, hours_ago: float, **changes: object) -> None:
    """Write the history of one run."""
    entry = {
        "label": str(DAY),
        "run_id": "r",
        "batch_dates": [DAY],
        "verdict": "published",
        "finished_at": datetime.now(UTC) - timedelta(hours=hours_ago),
        "seconds": 1.0,
        "rows_read": 1,
        "money": Decimal(1),
        "critical": 0,
        "warnings": 0,
        "state": "reconciled",
    }
    keep_here(settings, [RunEntry.model_validate({**entry, **changes})])


async def _runs(*named: tuple[object, str, object]) -> None:
    async with get_client() as client:
        for owner, name, state in named:
            run = await client.create_flow_run(owner, name=name)
            await client.set_flow_run_state(run.id, state, force=True)


def _check(settings: Settings) -> Health:
    return check_health(settings, [], "http://127.0.0.1:4200")


def _told(health: Health) -> str:
    return "\n".join(f"{problem.what}: {problem.do}" for problem in health.problems)


def test_a_fresh_reconciled_publish_without_bad_runs_is_well(settings: Settings) -> None:
    _published(settings, hours_ago=25)
    asyncio.run(_runs((_daily, "2018-10-18 daily", Completed())))
    health = _check(settings)
    assert health.well, _told(health)
    assert health.last_publish
    assert health.last_publish.age_hours == pytest.approx(25, abs=0.1)
    assert health.ended == {"Completed": 1}


@pytest.mark.parametrize(
    ("hours_ago", "changes", "words"),
    [
        (27, {}, "nothing was published for 27 hours; the limit is 26"),
        (1, {"state": "wrong"}, "published but wrong; do not use its figures"),
        (1, {"state": "not reconciled"}, "not compared with its source files: olist validate"),
        (1, {"verdict": "stopped", "state": "not published"}, "olist report 2018-10-18 says why"),
    ],
)
def test_a_publish_that_is_old_or_not_reconciled_is_a_problem(
    settings: Settings, hours_ago: float, changes: dict[str, object], words: str
) -> None:
    _published(settings, hours_ago, **changes)
    assert words in _told(_check(settings))


def test_bad_runs_of_ours_are_problems_until_their_batch_is_published(settings: Settings) -> None:
    _published(settings, hours_ago=1)
    asyncio.run(
        _runs(
            (_daily, "2018-10-18 daily", Failed(message="SourceError: no folder")),
            (_daily, "2018-10-19 daily", Crashed(message="killed")),
            (_daily, "2018-10-17 daily", Failed(name="TimedOut", message="after 3 hours")),
            (_daily, "2018-10-20 daily", Failed(message="first try")),
            (_daily, "2018-10-20 daily", Completed()),
            (_daily, "2018-10-21 daily", Running()),
            (_of_others, "theirs", Failed(message="not ours")),
        )
    )
    health = _check(settings)
    assert {run.name for run in health.runs} == {
        "2018-10-17 daily",
        "2018-10-18 daily",
        "2018-10-19 daily",
        "2018-10-21 daily",
    }
    assert "2018-10-18 daily is failed" in _told(health)
    assert "SourceError: no folder" in _told(health)
    assert "2018-10-19 daily is crashed" in _told(health)
    assert "2018-10-17 daily is timedout" in _told(health)
    _published(settings, hours_ago=-0.01)  # a later run published the batch of the first
    assert "2018-10-18" not in _told(_check(settings))


async def _deploy(*, active: bool, paused_pool: bool) -> None:
    async with get_client() as client:
        await client.create_work_pool(WorkPoolCreate(name="local", type="process"))
        await client.update_work_pool("local", WorkPoolUpdate(is_paused=paused_pool))
        schedule = DeploymentScheduleCreate(
            schedule=CronSchedule(cron="0 5 * * *"), active=active, slug="daily"
        )
        await client.create_deployment(
            await client.create_flow(_daily), name="daily", schedules=[schedule]
        )


@pytest.mark.parametrize(
    ("active", "paused_pool", "words"),
    [
        (False, False, "the schedule daily of the deployment daily is paused"),
        (True, True, "the work pool local is paused, so no run starts: prefect work-pool resume"),
        (True, False, "no worker of the pool local is online"),
    ],
)
def test_paused_schedules_and_pools_without_workers_are_problems(
    settings: Settings, active: bool, paused_pool: bool, words: str
) -> None:
    _published(settings, hours_ago=1)
    asyncio.run(_deploy(active=active, paused_pool=paused_pool))
    assert words in _told(_check(settings))


def test_days_of_the_source_after_the_last_publish_are_missed(
    settings: Settings, tmp_path: Path
) -> None:
    _published(settings, hours_ago=1)
    for day in ("2018-10-17", "2018-10-18", "2018-10-19", "2018-10-21"):
        (tmp_path / "days" / day).mkdir(parents=True)
    asyncio.run(_deploy(active=True, paused_pool=False))
    health = _check(settings.model_copy(update={"source": str(tmp_path / "days")}))
    assert health.missed_days == [date(2018, 10, 19), date(2018, 10, 21)]
    assert "not published: 2018-10-19, 2018-10-21" in _told(health)


def test_an_older_day_that_is_run_again_makes_no_later_day_missed(
    settings: Settings, tmp_path: Path
) -> None:
    _published(settings, hours_ago=1)
    later = history_here(settings)
    again = later[0].model_copy(update={"batch_dates": [DAY.replace(day=1)]})
    keep_here(settings, [*later, again])
    for day in ("2018-09-30", "2018-10-01", "2018-10-18"):
        (tmp_path / "days" / day).mkdir(parents=True)
    asyncio.run(_deploy(active=True, paused_pool=False))
    with_source = settings.model_copy(update={"source": str(tmp_path / "days")})
    assert _check(with_source).missed_days == []
    # a day between published ones is not loaded by any schedule
    (tmp_path / "days" / "2018-10-17").mkdir()
    health = _check(with_source)
    assert health.missed_days == [date(2018, 10, 17)]
    assert "although later days are: 2018-10-17" in _told(health)
    assert f"olist run --source {tmp_path / 'days'} --batch-date 2018-10-17" in _told(health)


def test_the_advice_for_a_bad_run_names_its_day_and_its_page(settings: Settings) -> None:
    _published(settings, hours_ago=1)
    page = settings.state / "reports" / "2018-10-19" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("a report", encoding="utf-8")
    (settings.state / "prefect.toml").write_text("", encoding="utf-8")
    asyncio.run(
        _runs(
            (_daily, "2018-10-19 daily", Failed(message="GateError: stopped")),
            (_daily, "2018-10-20 daily", Failed(message="MissingSourceError: no folder")),
            (_daily, "2018-10-21 daily", Crashed(message="killed")),
            (_daily, "2011-01-01 retract", Failed(message="CorrectionError: not published")),
        )
    )
    asyncio.run(_deploy(active=True, paused_pool=True))
    told = _told(_check(settings.model_copy(update={"source": "/drops"})))
    assert "--search 2018-10-19 has the message with what to do; olist report 2018-10-19" in told
    assert "olist inbox --search 2018-10-20" in told
    assert "olist report 2018-10-20" not in told, "it has no page"
    assert "olist run --source /drops --batch-date 2018-10-21" in told
    assert "2011-01-01" not in told, "the person who asked has seen why"
    command = f"PREFECT_PROFILES_PATH={settings.state / 'prefect.toml'} prefect"
    assert f"{command} work-pool resume local" in told


async def _waiting_run_of(day: str) -> None:
    async with get_client() as client:
        deployment = await client.create_deployment(
            await client.create_flow(_daily), name="daily", enforce_parameter_schema=False
        )
        await client.create_flow_run_from_deployment(
            deployment, name="wise-quoll", parameters={"batch_date": day}
        )


def test_a_run_that_has_not_started_is_named_by_its_day(settings: Settings) -> None:
    _published(settings, hours_ago=1)
    asyncio.run(_waiting_run_of("2018-10-20"))
    assert [run.name for run in _check(settings).runs] == ["2018-10-20 (wise-quoll)"]


def test_a_suspended_run_is_a_problem_and_a_waiting_one_says_for_which(settings: Settings) -> None:
    _published(settings, hours_ago=1)
    waits = State(type=StateType.RUNNING, name="AwaitingWriter", message="held by run other")
    asyncio.run(
        _runs(
            (_daily, "2018-10-19 daily", Suspended()),
            (_daily, "2018-10-20 daily", waits),
        )
    )
    health = _check(settings)
    assert "2018-10-19 daily is suspended" in _told(health)
    assert "resume it in the Prefect UI" in _told(health)
    waiting = next(run for run in health.runs if run.name == "2018-10-20 daily")
    assert (waiting.state, waiting.message) == ("AwaitingWriter", "held by run other")


def test_a_server_that_does_not_answer_is_a_problem(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _published(settings, hours_ago=1)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert "the Prefect server at http://127.0.0.1:4200 does not answer" in _told(_check(settings))


def test_a_service_that_does_not_answer_is_a_problem(settings: Settings) -> None:
    _published(settings, hours_ago=1)
    service = Service(name="redshift", process=1, address="127.0.0.1:5439", healthy=False)
    health = check_health(settings, [service], "")
    assert "redshift does not answer at 127.0.0.1:5439" in _told(health)


def test_before_the_first_publish_the_command_that_loads_one_is_named(settings: Settings) -> None:
    assert "nothing is published yet: load a batch: olist run" in _told(_check(settings))
