"""The command `status`: are we well?"""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from flows.cli.console import console
from flows.cli.prefect_server import uses_known_server
from flows.health.check import check_health, is_listening
from flows.health.report import Health, Problem, Publish, Service
from infra import state_dir
from infra.host_process import process_exists
from infra.settings import Settings

_SHOWN = 12  # runs in the table


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say whether all is well: last publish, runs, schedules, services. Exits with 1 if not."""
    settings = Settings()
    is_known = uses_known_server(settings)
    services = _services(settings)
    used = settings if services or settings.target == "aws" else state_dir.last_used(settings)
    health = check_health(used, services, _prefect_ui() if is_known else "")
    if not is_known and (settings.state / "prefect.toml").exists():  # `olist up` was used here
        down = Problem(what="the stack is not running, so nothing is scheduled", do="olist up")
        health.problems.insert(0, down)
    if as_json:
        sys.stdout.write(health.model_dump_json(indent=2) + "\n")
    else:
        _print(health)
        if services:
            print_addresses(settings)
        elif not is_known:
            console.print("Nothing is scheduled here; `olist up` starts the stack and a schedule.")
    if not health.well:
        raise typer.Exit(1)


def _services(settings: Settings) -> list[Service]:
    """The services of the running stack; empty if it is not running."""
    from infra.local.pid_file import PidFile  # noqa: PLC0415
    from infra.local.process import responds  # noqa: PLC0415

    facts = PidFile(settings.state).read()
    found = []
    for name, pid in facts.get("services", {}).items():
        port = facts["ports"].get("prefect" if name.startswith("prefect") else name)
        address = f"127.0.0.1:{port}" if name == "redshift" else f"http://127.0.0.1:{port}"
        if name == "prefect-worker":  # it listens nowhere; its work pool tells whether it is online
            healthy, address = process_exists(pid), "work pool: local"
        elif name == "prefect-server":
            healthy = responds(f"{address}/api/health")
        else:
            healthy = is_listening(port)
        found.append(Service(name=name, process=pid, address=address, healthy=healthy))
    return found


def _prefect_ui() -> str:
    return os.environ["PREFECT_API_URL"].removesuffix("/").removesuffix("/api")


def _print(health: Health) -> None:
    if health.well:
        console.print("All is well.", style="bold green")
    else:
        count = len(health.problems)
        console.print(f"{count} problem{'' if count == 1 else 's'}:", style="bold red")
    for problem in health.problems:
        console.print(f"  - {problem.what}", soft_wrap=True)
        console.print(f"    {problem.do}", style="dim", soft_wrap=True)
    if health.last_publish:
        console.print(_published(health.last_publish), soft_wrap=True)
    if health.next_run:
        console.print(f"Next scheduled run: {health.next_run:%Y-%m-%d %H:%M} UTC")
    if health.ended:
        counts = ", ".join(f"{count} {state.lower()}" for state, count in health.ended.items())
        console.print(f"Runs of the last seven days: {counts}")
    if health.runs:
        table = Table("run", "deployment", "state", "since (UTC)")
        for run in health.runs[:_SHOWN]:
            table.add_row(run.name, run.deployment, run.state, f"{run.at:%Y-%m-%d %H:%M}")
        console.print(table)
        for run in health.runs[:_SHOWN]:
            if run.message and not run.ended_badly:
                console.print(f"{run.name}: {run.message}", soft_wrap=True)
    if health.services:
        table = Table("service", "process", "health", "address")
        for service in health.services:
            words = ("healthy", "green") if service.healthy else ("unreachable", "red")
            table.add_row(
                service.name, str(service.process), Text(words[0], style=words[1]), service.address
            )
        console.print(table)


def _published(publish: Publish) -> str:
    hours = publish.age_hours
    age = f"{hours / 24:,.0f} days" if hours > 72 else f"{hours:g} hours"
    return (
        f"Last publish: {publish.run}, {publish.at:%Y-%m-%d %H:%M} UTC ({age} ago), {publish.state}"
    )


def print_addresses(settings: Settings) -> None:
    """Print where the services of the stack are, and how to sign in.

    Args:
        settings: Names the state folder of the running stack.
    """
    from infra.local.pid_file import PidFile  # noqa: PLC0415

    ports = PidFile(settings.state).read()["ports"]
    psql = (
        f"PGPASSFILE={settings.state}/pgpass psql -h 127.0.0.1 -p {ports['redshift']} "
        f"-U {settings.redshift_user} {settings.redshift_database}"
    )
    for what, text in (
        (
            "Prefect UI (runs, schedules, manual runs)",
            f"http://127.0.0.1:{ports['prefect']}, sign in with {login_hint(settings.state)}",
        ),
        (
            "start a run from the command line",
            f"PREFECT_PROFILES_PATH={settings.state}/prefect.toml prefect deployment run "
            "daily_elt/daily",
        ),
        ("query", f'olist query "SELECT …", or {psql}'),
        (
            "BI tools (docs/bi.md)",
            f"127.0.0.1:{ports['redshift']}, database {settings.redshift_database}, user bi, "
            f"password in {settings.state}/reader.password",
        ),
        (
            "pages (reports, dashboards, Data Docs)",
            f"http://127.0.0.1:{ports['web']}, user olist, the same password",
        ),
        (
            "notifications",
            f"http://127.0.0.1:{ports['web']}/inbox, the same login; or `olist inbox`",
        ),
        ("logs", f"{settings.state}/logs"),
        ("versions", f"olist-elt {version('olist-elt')}, prefect {version('prefect')}"),
    ):
        console.print(f"  {what}: {text}", soft_wrap=True)


def login_hint(state: Path) -> str:
    """Where a person finds what the Prefect UI asks for."""
    return f"olist:PASSWORD; the password is in {state}/web.password"
