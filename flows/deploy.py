"""Registers what is deployed with a Prefect server: work pool, deployments, inbox, automations."""

import asyncio
import os
import subprocess
import sys
from importlib.metadata import version

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.settings import PREFECT_API_URL

from flows.automations import register
from infra.settings import PROJECT, Settings

FILE = PROJECT / "deployments" / "prefect.yaml"
INBOX = "inbox"


class DeployError(RuntimeError):
    """Prefect did not take a deployment; the message has its words."""


def deploy(settings: Settings, pool: str, inbox_url: str) -> list[str]:
    """Register all of it; again is no harm. Returns the names of the automations.

    Raises DeployError and AutomationError.
    """
    asyncio.run(_create_pool(pool))
    CustomWebhookNotificationBlock(  # pyright: ignore[reportCallIssue] (the rest has defaults)
        name=INBOX,
        url=f"{inbox_url}/hook",
        json_data={"subject": "{{subject}}", "body": "{{body}}"},
    ).save(INBOX, overwrite=True)  # pyright: ignore[reportUnusedCoroutine] (saves here)
    _deploy_all()
    told = settings.notify or f"custom-webhook/{INBOX}"
    return asyncio.run(register(settings.model_copy(update={"notify": told})))


async def _create_pool(name: str) -> None:
    async with get_client() as client:
        await client.create_work_pool(WorkPoolCreate(name=name, type="process"), overwrite=True)


def _deploy_all() -> None:
    done = subprocess.run(  # noqa: S603 (Prefect's own command)
        [
            *(sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"),
            *("--prefect-file", str(FILE)),
        ],
        cwd=PROJECT,
        env={
            **os.environ,
            "OLIST_VERSION": code_version(),
            "PREFECT_API_URL": str(PREFECT_API_URL.value()),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DeployError(f"prefect deploy --all failed:\n{done.stdout}{done.stderr}")


def code_version() -> str:
    """The commit of the code, or the version of the package outside a repository."""
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 (as people have it)
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else version("olist-elt")
