"""Register the work pool, deployments, inbox block and automations with a Prefect server."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import yaml
from dotenv import dotenv_values
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL
from prefect.workers.base import BaseWorker

from flows.automations import register
from infra.settings import PROJECT, Settings


@dataclass(frozen=True)
class Target:
    """A deployment target: a work pool, and the Prefect file that deploys to it.

    Attributes:
        pool: Name of the work pool.
        type: Worker type of the pool: `process` or `ecs`.
        file: Path of the Prefect file.
    """

    pool: str
    type: str
    file: Path


TARGETS = {
    "local": Target("local", "process", PROJECT / "deployments" / "prefect.yaml"),
    "ecs": Target("olist-ecs", "ecs", PROJECT / "deployments" / "prefect.aws.yaml"),
}
INBOX = "inbox"


class DeployError(RuntimeError):
    """Raised when a deployment cannot be registered; the message gives the reason."""


def deploy(target: Target) -> list[str]:
    """Register the work pool and all deployments; idempotent.

    Schedules that users have paused on the server stay paused: the files give each schedule a slug
    and do not say whether it is active.

    Args:
        target: Work pool and Prefect file.

    Returns:
        The deployments with a paused schedule.

    Raises:
        DeployError: Environment variables are missing, or `prefect deploy` failed.
    """
    environment = _environment(target.file)
    asyncio.run(_create_pool(target))
    _deploy_all(target.file, environment)
    return asyncio.run(_paused(target.file))


def notify_inbox(inbox_url: str, authorization: str, settings: Settings) -> None:
    """Save a Prefect block for the local inbox, and register the automations.

    The automations notify the blocks of OLIST_NOTIFY, or the local inbox if it is empty.

    Args:
        inbox_url: Address of the local inbox, such as `http://127.0.0.1:8025`.
        authorization: Header `Authorization` that the inbox asks for; Prefect encrypts it.
        settings: `notify` names the notification blocks.

    Raises:
        AutomationError: A block that OLIST_NOTIFY names does not exist.
    """
    CustomWebhookNotificationBlock(  # pyright: ignore[reportCallIssue] (the rest has defaults)
        name=INBOX,
        url=f"{inbox_url}/hook",
        json_data={"subject": "{{subject}}", "body": "{{body}}"},
        headers={"Authorization": "{{authorization}}"},
        secrets={"authorization": authorization},
    ).save(INBOX, overwrite=True)  # pyright: ignore[reportUnusedCoroutine] (saves here)
    channels = settings.notify or f"custom-webhook/{INBOX}"
    asyncio.run(register(settings.model_copy(update={"notify": channels})))


def _environment(file: Path) -> dict[str, str]:
    """Return the values for the file's placeholders: `.env`, overridden by the environment."""
    dotenv = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    found = {**dotenv, **os.environ, "OLIST_VERSION": code_version()}
    wanted = re.findall(r"\{\{ \$(\w+) \}\}", file.read_text(encoding="utf-8"))
    if missing := [name for name in dict.fromkeys(wanted) if not found.get(name)]:
        raise DeployError(
            f"{file.relative_to(PROJECT)} needs {', '.join(missing)} in the environment or in "
            ".env; `terraform output -raw dotenv` prints them (docs/aws.md)"
        )
    server = {"PREFECT_API_URL": str(PREFECT_API_URL.value())}
    if login := PREFECT_API_AUTH_STRING.value():
        server["PREFECT_API_AUTH_STRING"] = login
    return {**found, **server}


async def _create_pool(target: Target) -> None:
    worker = BaseWorker.get_worker_class_from_type(target.type)
    assert worker is not None  # noqa: S101 (both types come with the installed packages)
    pool = WorkPoolCreate(
        name=target.pool,
        type=target.type,
        base_job_template=worker.get_default_base_job_template(),
    )
    async with get_client() as client:
        with contextlib.suppress(ObjectAlreadyExists):  # keep changes that users made to the pool
            await client.create_work_pool(pool)


async def _paused(file: Path) -> list[str]:
    """The deployments of a Prefect file that have a paused schedule on the server."""
    ours = {
        entry["entrypoint"]
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["deployments"]
    }
    async with get_client() as client:
        return [
            deployment.name
            for deployment in await client.read_deployments()
            if deployment.entrypoint in ours
            and any(not schedule.active for schedule in deployment.schedules)
        ]


def _deploy_all(file: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 (Prefect's own command)
        [
            *(sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"),
            *("--prefect-file", str(file)),
        ],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DeployError(f"prefect deploy --all failed:\n{done.stdout}{done.stderr}")


def code_version() -> str:
    """Return the short Git commit hash, or the package version outside a repository."""
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 (git from PATH)
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else version("olist-elt")
