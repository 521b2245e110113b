"""The stack as users run it: `olist up`, deployment runs, killed processes, `olist down`."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml
from playwright.sync_api import Browser, Locator
from playwright.sync_api import TimeoutError as NotThere
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.states import Scheduled

from flows.deploy import TARGETS, deploy
from infra.local.pid_file import PidFile
from infra.local.process import responds
from tests.e2e.attack import attacking_page, shell_deployment
from tests.e2e.stack import Stack, wait_for
from tests.flows.cli.command import seconds_until_nothing_is_left

pytestmark = pytest.mark.slow
DEPLOYMENTS = yaml.safe_load(TARGETS["local"].file.read_text())["deployments"]


@flow(name="of another team")
def _of_another_team() -> None: ...


def test_status_reports_all_services_as_healthy(stack: Stack) -> None:
    told = stack.olist("status")
    assert (told.returncode, "nothing is published yet" in told.stdout) == (1, True), told.stdout
    assert "unreachable" not in told.stdout, told.stdout
    assert told.stdout.count("healthy") == 5
    assert "already" in stack.up().stderr


def test_deploying_twice_creates_no_duplicates(stack: Stack) -> None:
    async def counted() -> tuple[list[str], int]:
        async with get_client() as client:
            found = await client.read_deployments()
            return sorted(d.name for d in found), sum(len(d.schedules) for d in found)

    before = asyncio.run(counted())
    assert deploy(TARGETS["local"]) == []
    assert asyncio.run(counted()) == before
    assert before[1] == 1


def test_a_schedule_that_was_paused_stays_paused(stack: Stack) -> None:
    async def set_active(active: bool) -> None:
        async with get_client() as client:
            daily = await client.read_deployment_by_name("daily_elt/daily")
            (schedule,) = daily.schedules
            await client.update_deployment_schedule(daily.id, schedule.id, active=active)

    async def is_active() -> bool:
        async with get_client() as client:
            (schedule,) = (await client.read_deployment_by_name("daily_elt/daily")).schedules
            return schedule.active

    asyncio.run(set_active(False))
    assert deploy(TARGETS["local"]) == ["daily"]
    assert "the schedule daily of the deployment daily is paused" in stack.olist("status").stdout
    assert not asyncio.run(is_active())
    asyncio.run(set_active(True))
    assert deploy(TARGETS["local"]) == []
    assert asyncio.run(is_active())


def test_a_schedule_of_another_team_with_the_same_name_is_left_alone(stack: Stack) -> None:
    async def create() -> UUID:
        async with get_client() as client:
            schedule = DeploymentScheduleCreate(
                schedule=CronSchedule(cron="0 5 * * *"), active=True, slug="daily"
            )
            theirs = await client.create_flow(_of_another_team)
            return await client.create_deployment(theirs, name="daily", schedules=[schedule])

    async def pause_ours(paused: bool) -> None:
        async with get_client() as client:
            daily = await client.read_deployment_by_name("daily_elt/daily")
            await client.update_deployment_schedule(
                daily.id, daily.schedules[0].id, active=not paused
            )

    async def is_active(deployment: UUID) -> bool:
        async with get_client() as client:
            (schedule,) = (await client.read_deployment(deployment)).schedules
            return schedule.active

    theirs = asyncio.run(create())
    asyncio.run(pause_ours(True))
    deploy(TARGETS["local"])
    assert asyncio.run(is_active(theirs))
    asyncio.run(pause_ours(False))


def test_a_deployment_run_publishes_rows_that_can_be_queried(stack: Stack, source: Path) -> None:
    day = min(path.name for path in source.iterdir())
    run = stack.ended(stack.trigger("daily_elt/daily", batch_date=day))
    assert run.state_type == StateType.COMPLETED, run.state
    assert run.name == f"{day} daily"
    assert (stack.home / "reports" / day / "index.html").is_file()
    assert stack.ask("SELECT COUNT(*) AS n FROM analytics.fact_order")[0][0] > 0
    told = stack.olist("status", "--json")
    health = json.loads(told.stdout)
    assert health["last_publish"]["batch_dates"] == [day]
    assert health["last_publish"]["state"] == "reconciled"
    assert health["next_run"]
    # the other days of the source have a folder, too
    assert health["missed_days"] == sorted(path.name for path in source.iterdir())[1:]
    assert told.returncode == 1


def test_links_of_a_run_answer_over_http(stack: Stack) -> None:
    """The artifact of the run above, and what `olist status` names."""

    async def links() -> list[str]:
        async with get_client() as client:
            return [str(a.data) for a in await client.read_artifacts() if a.key == "report"]

    artifacts = asyncio.run(links())
    assert artifacts
    shown = [*artifacts, stack.olist("status").stdout]
    found = {url for text in shown for url in re.findall(r"http://127\.0\.0\.1:\d+[^\s),;]*", text)}
    pages = f"http://127.0.0.1:{stack.web_port}"
    assert {f"{pages}/inbox", pages} < found
    assert not any("file://" in text for text in shown)
    login = ("olist", (stack.home / "web.password").read_text())
    for url in found - {f"http://127.0.0.1:{stack.s3}"}:  # S3 asks for a signature
        assert httpx.get(url, auth=login, follow_redirects=True).status_code == 200, url
    assert "2017-10-23" in httpx.get(next(u for u in found if "/2017-" in u), auth=login).text


def test_no_secret_is_in_a_log_a_report_or_the_prefect_database(stack: Stack) -> None:
    known = json.loads((stack.home / "stack.json").read_text())
    secrets = {value for name, value in known.items() if "PASSWORD" in name or "SECRET" in name}
    secrets |= {(stack.home / f"{name}.password").read_text() for name in ("web", "reader")}
    assert len(secrets) == 5
    searched = [
        path
        for folder in ("logs", "reports", "gx", "inbox", "prefect")
        for path in (stack.home / folder).rglob("*")
        if path.is_file()
    ]
    assert {"prefect.db", "prefect-worker.log", "prefect-server.log"} <= {p.name for p in searched}
    for path in searched:
        text = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in text], path


def _soon(found: Locator) -> bool:
    """Whether the element appears on the page within two seconds."""
    with contextlib.suppress(NotThere):
        found.first.wait_for(timeout=2000)
        return True
    return False


def test_no_web_page_reaches_the_stack(stack: Stack, browser: Browser) -> None:
    """Any page can send requests to 127.0.0.1; none may act or read, whatever it sends."""

    def known() -> tuple[str, list[str]]:
        login = httpx.BasicAuth(*stack.login.split(":"))
        found = httpx.post(f"{stack.api}/deployments/filter", json={}, auth=login).json()
        return found[0]["flow_id"], sorted(deployment["name"] for deployment in found)

    flow, deployments = known()
    notified, objects = stack.inbox(), sorted((stack.home / "s3").rglob("*"))
    s3, inbox = f"http://127.0.0.1:{stack.s3}", f"http://127.0.0.1:{stack.web_port}"
    with attacking_page() as address:
        page = browser.new_page()
        page.goto(address)
        attacked: dict[str, list[str]] = {}
        for url, method, body, kind in (
            (f"{stack.api}/deployments/", "POST", shell_deployment(flow), "application/json"),
            (f"{stack.api}/deployments/", "POST", shell_deployment(flow), "text/plain"),
            (f"{stack.api}/deployments/filter", "POST", "{}", "application/json"),
            (f"{stack.api}/admin/settings", "GET", None, None),
            (f"{s3}/moto-api/reset", "POST", "", None),
            (f"{s3}/olist-lake", "GET", None, None),
            (f"{s3}/olist-lake/planted", "PUT", "x", "text/plain"),
            (f"{inbox}/hook", "POST", '{"subject": "forged", "body": "forged"}', "text/plain"),
            (f"{inbox}/", "GET", None, None),
        ):
            attacked[f"{method} {url} {kind}"] = page.evaluate(
                "([url, method, body, kind]) => attacked(url, method, body, kind)",
                [url, method, body, kind],
            )
        for url in (f"{stack.api}/deployments/", f"{s3}/moto-api/reset", f"{inbox}/hook"):
            page.evaluate("url => posted(url)", url)
        for path in ("events/out", "logs/out"):
            socket = stack.api.replace("http", "ws") + f"/{path}"
            assert page.evaluate("url => listened(url)", socket) in {"closed", "silence"}
    assert not [tried for tried in attacked.values() if tried[0] != "refused by the browser"]
    assert known() == (flow, deployments)
    assert stack.inbox() == notified
    assert sorted((stack.home / "s3").rglob("*")) == objects


def test_services_listen_on_127_0_0_1_only(stack: Stack) -> None:
    for port in (stack.prefect, stack.redshift, stack.s3, stack.web_port):
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        with pytest.raises(ConnectionRefusedError):  # a service on all addresses would answer
            socket.create_connection(("127.0.0.2", port), timeout=5)


def test_a_deployment_can_be_run_from_the_prefect_ui(stack: Stack, browser: Browser) -> None:
    """Start a deployment run by click, wait until it completes, check the schedule."""
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ui = f"http://127.0.0.1:{stack.prefect}"
    page.goto(f"{ui}/deployments")
    page.locator("input[type=password]").fill(stack.login)
    page.get_by_role("button", name="Login").click()
    page.get_by_text("daily_elt").wait_for()
    assert page.get_by_text("Ready", exact=True).count() == len(DEPLOYMENTS)
    page.get_by_role("row").filter(has_text="report").get_by_role("button").last.click()
    page.get_by_text("Quick run").click()
    page.get_by_text("View run").first.wait_for()
    started = page.get_by_text("last run report")
    wait_for(lambda: page.goto(f"{ui}/runs") and _soon(started))
    started.first.click()
    page.get_by_text("Task Runs").first.wait_for()
    page.get_by_text("Completed").first.wait_for(timeout=60_000)
    page.goto(f"{ui}/deployments")
    page.get_by_text("daily", exact=True).first.click()
    page.get_by_text("Next Run").wait_for()
    assert page.get_by_role("switch").first.is_checked()  # the schedule is active
    assert [url for url in asked if url.startswith("http") and not url.startswith(f"{ui}/")] == []


@pytest.mark.full
def test_two_triggers_at_once_run_one_after_the_other(stack: Stack, source: Path) -> None:
    day = min(path.name for path in source.iterdir())
    runs = [stack.trigger("daily_elt/daily", batch_date=day) for _ in range(2)]
    ended = [stack.ended(run) for run in runs]
    assert [run.state_type for run in ended] == [StateType.COMPLETED] * 2
    first, second = sorted(ended, key=lambda run: run.start_time)
    assert second.start_time >= first.end_time


def test_a_schedule_starts_runs(stack: Stack) -> None:
    async def schedule() -> None:
        async with get_client() as client:
            report = await client.read_deployment_by_name("report/report")
            await client.create_deployment_schedules(
                report.id,
                [(IntervalSchedule(interval=timedelta(seconds=5)), True)],
            )

    async def finished() -> list[FlowRun]:
        async with get_client() as client:
            report = await client.read_deployment_by_name("report/report")
            runs = await client.read_flow_runs()
            return [
                run
                for run in runs
                if run.deployment_id == report.id
                and run.auto_scheduled
                and run.state_type == StateType.COMPLETED
            ]

    async def clear() -> None:
        async with get_client() as client:
            report = await client.read_deployment_by_name("report/report")
            for found in await client.read_deployment_schedules(report.id):
                await client.delete_deployment_schedule(report.id, found.id)

    asyncio.run(schedule())
    try:
        assert wait_for(lambda: asyncio.run(finished()), 90)
    finally:
        asyncio.run(clear())


def test_a_failed_run_is_notified(stack: Stack, source: Path, tmp_path: Path) -> None:
    day = min(path.name for path in source.iterdir())
    run = stack.ended(stack.trigger("daily_elt/daily", batch_date=day, source=str(tmp_path)))
    assert run.state_type == StateType.FAILED
    wanted = f"BLOCKED, not published: {day} daily"
    wait_for(lambda: any(wanted in subject for subject in stack.inbox()))


def _lives(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def test_a_killed_run_is_notified_as_crashed_and_the_next_run_completes(
    stack: Stack, source: Path
) -> None:
    day = min(path.name for path in source.iterdir())
    worker = stack.services()["prefect-worker"]
    run = stack.trigger("daily_elt/daily", batch_date=day)
    wait_for(lambda: stack.run(run).state_type == StateType.RUNNING)
    for child in _children(worker):
        os.kill(child, signal.SIGKILL)
    assert stack.ended(run).state_type == StateType.CRASHED
    wait_for(lambda: any("CRASHED" in subject for subject in stack.inbox()))
    again = stack.ended(stack.trigger("daily_elt/daily", batch_date=day))
    assert again.state_type == StateType.COMPLETED


@pytest.mark.full  # it waits until three heartbeats are missing
def test_a_run_without_a_heartbeat_is_marked_as_crashed(stack: Stack, source: Path) -> None:
    day = min(path.name for path in source.iterdir())
    worker = stack.services()["prefect-worker"]
    run = stack.trigger("daily_elt/daily", batch_date=day)
    wait_for(lambda: stack.run(run).state_type == StateType.RUNNING)
    for process in [worker, *_children(worker)]:  # simulates a machine failure
        os.kill(process, signal.SIGKILL)
    ended = stack.ended(run, 300)
    assert ended.state_type == StateType.CRASHED
    assert "three heartbeats are missing" in ended.state.message


def test_the_supervisor_restarts_killed_services(stack: Stack) -> None:
    before = stack.services()
    for name in ("s3", "prefect-worker"):
        os.kill(before[name], signal.SIGKILL)
    wait_for(lambda: stack.services()["prefect-worker"] != before["prefect-worker"])
    log = (stack.home / "logs" / "up.log").read_text()
    assert "s3 died (exit code -9) and was restarted" in log
    run = stack.ended(stack.trigger("report/report"))
    assert run.state_type == StateType.COMPLETED  # the lake kept its data


@pytest.mark.full  # it waits until the server has been silent for 90 seconds
def test_the_supervisor_restarts_a_server_that_hangs(stack: Stack) -> None:
    before = stack.services()["prefect-server"]
    os.kill(before, signal.SIGSTOP)
    wait_for(lambda: stack.services()["prefect-server"] != before, 120)
    log = (stack.home / "logs" / "up.log").read_text()
    assert "prefect-server has not answered for 90 seconds, and was killed" in log
    wait_for(lambda: responds(f"{stack.api}/health"), 90)


def test_down_stops_all_services_and_up_runs_the_missed_daily_runs_once(
    stack: Stack, source: Path
) -> None:
    late = _planned_while_it_is_down(stack, source)
    pids = [PidFile(stack.home).read()["pid"], *stack.services().values()]
    assert stack.olist("down").stdout.strip() == "The stack is stopped."
    wait_for(lambda: not any(_lives(pid) for pid in pids), 10)
    told = stack.olist("status")
    assert (told.returncode, "nothing is scheduled" in told.stdout) == (1, True), told.stdout
    assert stack.olist("down").stdout.strip() == "The stack was not running."
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", stack.prefect))
        other.listen()
        refused = stack.up()
        assert f"something else listens on port {stack.prefect} (--prefect-port)" in refused.stderr
    done = stack.up()
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((stack.home / "stack.json").read_text())["OLIST_REDSHIFT_PORT"] == str(
        stack.redshift
    )
    _caught_up_once(stack, late)


def _planned_while_it_is_down(stack: Stack, source: Path) -> list[UUID]:
    """Schedule two daily runs during the downtime; yesterday's files exist by then."""
    today = datetime.now(ZoneInfo("America/Sao_Paulo")).date()
    days = sorted(path for path in source.iterdir())
    shutil.copytree(days[-1], source / str(today - timedelta(days=1)))

    async def plan() -> list[UUID]:
        async with get_client() as client:
            daily = await client.read_deployment_by_name("daily_elt/daily")
            soon = datetime.now(UTC) + timedelta(seconds=8)  # the stack is down at that time
            runs = [
                await client.create_flow_run_from_deployment(
                    daily.id, state=Scheduled(scheduled_time=soon + timedelta(seconds=n))
                )
                for n in (0, 1)
            ]
            return [run.id for run in runs]

    return asyncio.run(plan())


def _caught_up_once(stack: Stack, late: list[UUID]) -> None:
    first, second = sorted((stack.ended(run) for run in late), key=lambda run: run.start_time)
    assert [first.state_type, second.state_type] == [StateType.COMPLETED] * 2
    assert second.start_time >= first.end_time
    # the days since the last publish, each once and in order; older gaps need a backfill
    days = sorted(path.name for path in stack.source.iterdir())
    published = stack.ask("SELECT batch_date FROM audit.batches ORDER BY publish_number")
    missed = [str(day) for (day,) in published if str(day) > days[0]]
    assert missed == days[1:]


@pytest.mark.full  # a run looks once a minute
def test_a_scheduled_run_waits_for_a_source_that_is_late(
    stack: Stack, source: Path, tmp_path: Path
) -> None:
    yesterday = datetime.now(ZoneInfo("America/Sao_Paulo")).date() - timedelta(days=1)
    folder, kept = source / str(yesterday), tmp_path / "kept"
    if not folder.exists():
        shutil.copytree(max(path for path in source.iterdir()), folder)
    folder.rename(kept)

    async def schedule(active: bool) -> None:
        async with get_client() as client:
            daily = await client.read_deployment_by_name("daily_elt/daily")
            if active:
                every = IntervalSchedule(interval=timedelta(seconds=5))
                await client.create_deployment_schedules(daily.id, [(every, True)])
                return
            for found in await client.read_deployment_schedules(daily.id):
                if isinstance(found.schedule, IntervalSchedule):
                    await client.delete_deployment_schedule(daily.id, found.id)

    async def state() -> StateType | None:
        """State of the task that waits for the files."""
        async with get_client() as client:
            tasks = await client.read_task_runs()
            found = [task for task in tasks if task.name == f"wait for the files of {yesterday}"]
            return found[0].state_type if found else None

    asyncio.run(schedule(True))
    wait_for(lambda: asyncio.run(state()) == StateType.RUNNING, 120)
    asyncio.run(schedule(False))
    shutil.copytree(kept, folder)
    wait_for(lambda: asyncio.run(state()) == StateType.COMPLETED, 120)


def test_kill_9_of_the_supervisor_ends_services_and_runs(stack: Stack, source: Path) -> None:
    """The last test of the module: the stack is gone."""
    day = sorted(path.name for path in source.iterdir())[0]
    run = stack.trigger("daily_elt/daily", batch_date=day)
    wait_for(lambda: stack.run(run).state_type is StateType.RUNNING)
    os.kill(PidFile(stack.home).read()["pid"], signal.SIGKILL)
    assert seconds_until_nothing_is_left(stack.home, 10.0) < 10
    done = stack.up()
    assert done.returncode == 0, done.stdout + done.stderr
