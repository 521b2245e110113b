"""A separate stack for a test, used only through its commands and its Prefect server."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType

from infra.local.pid_file import PidFile
from infra.local.ports import free_ports
from infra.local.web.inbox import messages
from infra.settings import PROJECT

ENDED = {StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED}


class Stack:
    """A separate stack with its commands and its Prefect server."""

    def __init__(self, home: Path, source: Path) -> None:
        self.home = home
        self.source = source
        self.prefect, self.redshift, self.s3, self.web_port = free_ports(4)
        self._up = [
            *("up", "--prefect-port", self.prefect, "--redshift-port", self.redshift),
            *("--s3-port", self.s3, "--web-port", self.web_port),
        ]
        self.api = f"http://127.0.0.1:{self.prefect}/api"

    def olist(self, *words: object) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("OLIST_", "PREFECT_"))}
        return subprocess.run(
            [sys.executable, "-m", "flows.cli", *map(str, words)],
            env={
                **clean,
                "OLIST_HOME": str(self.home),
                "OLIST_SOURCE": str(self.source),
                "COLUMNS": "200",
                # tests/flows/test_aws.py covers these
                "OLIST_EXPORTS": "false",
                "OLIST_DASHBOARDS": "false",
                # the scheduler polls once a minute by default; the tests wait for it
                "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "3",
            },
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )

    def up(self) -> subprocess.CompletedProcess[str]:
        return self.olist(*self._up)

    @property
    def login(self) -> str:
        """What the Prefect server asks for."""
        return f"olist:{(self.home / 'web.password').read_text()}"

    def services(self) -> dict[str, int]:
        return PidFile(self.home).read()["services"]

    def trigger(self, deployment: str, **parameters: object) -> UUID:
        async def create() -> UUID:
            async with get_client() as client:
                found = await client.read_deployment_by_name(deployment)
                run = await client.create_flow_run_from_deployment(found.id, parameters=parameters)
                return run.id

        return asyncio.run(create())

    def run(self, run_id: UUID) -> FlowRun:
        async def read() -> FlowRun:
            async with get_client() as client:
                return await client.read_flow_run(run_id)

        return asyncio.run(read())

    def ended(self, run_id: UUID, seconds: float = 150) -> FlowRun:
        """The run, once it has ended."""
        return wait_for(lambda: (r := self.run(run_id)).state_type in ENDED and r, seconds)

    def ask(self, sql: str) -> list[tuple]:
        """Rows of a SELECT, as psql reads them: with the password of `pgpass`."""
        with self._connection() as connection:
            return connection.execute(sql).fetchall()

    def write(self, sql: str) -> None:
        """Run a statement as the pipeline's user."""
        with self._connection() as connection:
            connection.execute(sql)

    def _connection(self) -> psycopg.Connection:
        password = (self.home / "pgpass").read_text().splitlines()[0].rpartition(":")[2]
        return psycopg.connect(
            host="127.0.0.1", port=self.redshift, user="olist", password=password, dbname="olist",
            client_encoding="utf8", autocommit=True,
        )  # fmt: skip

    def unfinished(self) -> list[str]:
        """Names of runs, subflows included, that seem to run."""

        async def read() -> list[str]:
            async with get_client() as client:
                runs = await client.read_flow_runs()
                return [run.name for run in runs if run.state_type == StateType.RUNNING]

        return asyncio.run(read())

    def inbox(self) -> list[str]:
        return [message.subject for message in messages(self.home / "inbox")]


def wait_for(look: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.3)
    return found
