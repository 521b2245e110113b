"""Commands for the local stack and for deployments: `up`, `down`, `ui`, `deploy`."""

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from flows.cli.console import console
from flows.cli.prefect_server import require_known_server, uses_known_server
from flows.cli.status import login_hint, print_addresses
from infra import state_dir
from infra.settings import Settings


def up(
    prefect_port: Annotated[int, typer.Option(help="Port of Prefect's UI and API.")] = 4200,
    redshift_port: Annotated[int, typer.Option(help="Port of Redshift.")] = 5439,
    s3_port: Annotated[int, typer.Option(help="Port of S3.")] = 9000,
    web_port: Annotated[int, typer.Option(help="Port of the pages and the inbox.")] = 8025,
) -> None:
    """Start S3, Redshift, a web server, a Prefect server and a worker; register deployments."""
    from infra.local.ports import Ports  # noqa: PLC0415
    from infra.local.stack import started  # noqa: PLC0415
    from infra.local.stack_secrets import StackSecrets  # noqa: PLC0415

    settings = Settings()
    ports = Ports(s3=s3_port, redshift=redshift_port, web=web_port, prefect=prefect_port)
    console.print("Starting; the first start takes about 30 seconds …", style="dim")
    try:
        with started(settings, ports), _stack_environment(settings):
            state_dir.remember(settings, made_up=False)
            # imported late: importing Prefect takes seconds
            from flows.deploy import TARGETS, deploy, notify_inbox  # noqa: PLC0415
            from infra.local.service_specs import pages_url  # noqa: PLC0415

            paused = deploy(TARGETS["local"])
            authorization = StackSecrets.of(settings.state).web_authorization
            notify_inbox(pages_url(ports), authorization, Settings())
    except KeyboardInterrupt:
        console.print("Stopped; no service of the stack is left. Start it again: olist up")
        raise typer.Exit(130) from None
    console.print("The stack is up.", style="bold green")
    print_addresses(settings)
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
    console.print(f"Prefect UI: {address}, sign in with {login_hint(state)}", soft_wrap=True)
    environment = {
        **os.environ,
        **prefect_server_environment(StackSecrets.of(state).prefect_login, port),
        "PREFECT_HOME": str(state / "prefect"),
        "PREFECT_UI_API_URL": f"{address}/api",
    }
    server = ["prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    os.execve(sys.executable, [sys.executable, "-m", *server], environment)  # noqa: S606


def down() -> None:
    """Stop the stack; its data is kept."""
    from infra.local.stack import stop  # noqa: PLC0415

    console.print("The stack is stopped." if stop(Settings()) else "The stack was not running.")


def _stack_environment(settings: Settings):  # noqa: ANN202 (a context manager)
    """Connect to the running stack: a context manager that sets its environment variables."""
    from infra.local.services import running  # noqa: PLC0415

    uses_known_server(settings)
    return running(settings)
