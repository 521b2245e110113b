"""Commands for the local stack and for deployments: `up`, `down`, `status`, `deploy`."""

import os
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from flows.cli.console import console
from flows.cli.prefect_server import require_known_server, uses_known_server
from infra import state_dir
from infra.settings import Settings

_HEALTHY, _UNREACHABLE = Text("healthy", style="green"), Text("unreachable", style="red")


def up(
    prefect_port: Annotated[int, typer.Option(help="Port of Prefect's UI and API.")] = 4200,
    redshift_port: Annotated[int, typer.Option(help="Port of Redshift.")] = 5439,
    s3_port: Annotated[int, typer.Option(help="Port of S3.")] = 9000,
    inbox_port: Annotated[int, typer.Option(help="Port of the notification inbox.")] = 8025,
) -> None:
    """Start S3, Redshift, the inbox, a Prefect server and a worker; register deployments."""
    from infra.local.ports import Ports  # noqa: PLC0415
    from infra.local.stack import started  # noqa: PLC0415
    from infra.local.stack_secrets import StackSecrets  # noqa: PLC0415

    settings = Settings()
    ports = Ports(s3=s3_port, redshift=redshift_port, inbox=inbox_port, prefect=prefect_port)
    console.print("Starting; the first start takes about 30 seconds …", style="dim")
    try:
        with started(settings, ports), _stack_environment(settings):
            state_dir.remember(settings, made_up=False)
            # imported late: importing Prefect takes seconds
            from flows.deploy import TARGETS, deploy, notify_inbox  # noqa: PLC0415

            paused = deploy(TARGETS["local"])
            authorization = StackSecrets.of(settings.state).web_authorization
            notify_inbox(f"http://127.0.0.1:{inbox_port}", authorization, Settings())
    except KeyboardInterrupt:
        console.print("Stopped; no service of the stack is left. Start it again: olist up")
        raise typer.Exit(130) from None
    console.print("The stack is up.", style="bold green")
    _print_status(settings)
    _print_paused(paused)
    if settings.source is None:
        console.print(
            "OLIST_SOURCE is not set, so scheduled runs will fail. Set it in .env, or pass the "
            "parameter `source`."
        )


class RunTarget(StrEnum):
    """Where flow runs execute."""

    LOCAL = "local"
    ECS = "ecs"


def deploy(
    to: Annotated[RunTarget, typer.Option(help="Run as processes of a worker, or as ECS tasks.")],
) -> None:
    """Register the work pool and all deployments with the Prefect server at PREFECT_API_URL."""
    require_known_server(Settings())
    from flows.deploy import TARGETS, deploy  # noqa: PLC0415 (Prefect reads its settings now)

    target = TARGETS[to.value]
    _print_paused(deploy(target))
    console.print(f"Deployed. Runs need a worker: prefect worker start --pool {target.pool}")


def _print_paused(deployments: list[str]) -> None:
    for name in deployments:
        console.print(f"The schedule of {name} stays paused; resume it in the Prefect UI.")


def ui(
    port: Annotated[int, typer.Option(help="Port of the UI on 127.0.0.1.")] = 4200,
) -> None:
    """Show past runs in the Prefect UI, without the other services, until Ctrl-C."""
    from infra.local.service_specs import prefect_server_environment  # noqa: PLC0415
    from infra.local.stack_secrets import StackSecrets  # noqa: PLC0415
    from infra.private_files import make_private  # noqa: PLC0415

    state = Settings().state
    make_private(state)
    address = f"http://127.0.0.1:{port}"
    console.print(f"Prefect UI: {address}, sign in with {_login_hint(state)}", soft_wrap=True)
    environment = {
        **os.environ,
        **prefect_server_environment(StackSecrets.of(state).prefect_login, port),
        "PREFECT_HOME": str(state / "prefect"),
        "PREFECT_UI_API_URL": f"{address}/api",
    }
    server = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    os.execve(sys.executable, [sys.executable, "-m", *server], environment)  # noqa: S606


def _login_hint(state: Path) -> str:
    """Where a person finds what the Prefect UI asks for."""
    return f"olist:PASSWORD; the password is in {state}/web.password"


def down() -> None:
    """Stop the stack; its data is kept."""
    from infra.local.stack import stop  # noqa: PLC0415

    console.print("The stack is stopped." if stop(Settings()) else "The stack was not running.")


def status() -> None:
    """Show the services, their addresses and the results of the last runs."""
    settings = Settings()
    from infra.local.pid_file import PidFile  # noqa: PLC0415

    if not PidFile(settings.state).read():
        console.print("The stack is not running; start it with `make up` or `olist up`.")
        raise typer.Exit(1)
    _print_status(settings)


def _print_status(settings: Settings) -> None:
    import socket  # noqa: PLC0415

    from infra.local.pid_file import PidFile  # noqa: PLC0415
    from infra.local.process import responds  # noqa: PLC0415
    from infra.local.stack_secrets import StackSecrets  # noqa: PLC0415

    facts = PidFile(settings.state).read()
    ports = facts["ports"]
    login = StackSecrets.of(settings.state).web_authorization
    prefect = f"http://127.0.0.1:{ports['prefect']}"
    table = Table("service", "process", "health", "address")
    for name, pid in facts["services"].items():
        if name == "prefect-server":
            healthy, address = responds(f"{prefect}/api/health"), prefect
        elif name == "prefect-worker":
            healthy, address = _worker_is_online(f"{prefect}/api", login), "work pool: local"
        else:
            port = ports[name]
            with socket.socket() as probe:
                probe.settimeout(2)
                healthy = probe.connect_ex(("127.0.0.1", port)) == 0
            address = f"127.0.0.1:{port}" if name == "redshift" else f"http://127.0.0.1:{port}"
        table.add_row(
            name,
            str(pid),
            _HEALTHY if healthy else _UNREACHABLE,
            address,
        )
    console.print(table)
    psql = (
        f"PGPASSFILE={settings.state}/pgpass psql -h 127.0.0.1 -p {ports['redshift']} "
        f"-U {settings.redshift_user} {settings.redshift_database}"
    )
    for what, text in (
        (
            "Prefect UI (runs, schedules, manual runs)",
            f"{prefect}, sign in with {_login_hint(settings.state)}",
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
            "notifications",
            f"http://127.0.0.1:{ports['inbox']}, user olist, the same password; or `olist inbox`",
        ),
        ("logs", f"{settings.state}/logs"),
        ("versions", f"olist-elt {version('olist-elt')}, prefect {version('prefect')}"),
    ):
        console.print(f"  {what}: {text}", soft_wrap=True)
    _print_last_runs(settings)


def _print_last_runs(settings: Settings) -> None:
    with _stack_environment(settings):
        from infra.lake import Lake  # noqa: PLC0415
        from tasks.reporting.run_history import history  # noqa: PLC0415

        last = history(Lake(Settings()))[-5:]
    if not last:
        console.print("No runs yet.")
        return
    table = Table("last runs", "verdict", "warnings", "seconds", "ended (UTC)")
    for entry in reversed(last):
        ended = f"{entry.finished_at:%Y-%m-%d %H:%M}"
        table.add_row(
            entry.label, entry.verdict, str(entry.warnings), f"{entry.seconds:.1f}", ended
        )
    console.print(table)


def _worker_is_online(api: str, authorization: str) -> bool:
    """Return whether a worker of the work pool `local` is online.

    Args:
        api: Address of Prefect's API.
        authorization: Header `Authorization` of the request.
    """
    import json  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    request = urllib.request.Request(  # noqa: S310 (our own address)
        f"{api}/work_pools/local/workers/filter",
        data=b"{}",
        headers={"Content-Type": "application/json", "Authorization": authorization},
    )
    try:
        with urllib.request.urlopen(request, timeout=3) as response:  # noqa: S310
            return any(worker["status"] == "ONLINE" for worker in json.load(response))
    except OSError:
        return False


def _stack_environment(settings: Settings):  # noqa: ANN202 (a context manager)
    """Connect to the running stack: a context manager that sets its environment variables."""
    from infra.local.services import running  # noqa: PLC0415

    uses_known_server(settings)
    return running(settings)
