"""The Prefect server of a command: one that is named or running, else one of its own."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from infra.settings import Settings


@contextmanager
def prefect_server(settings: Settings) -> Iterator[Callable[[], None]]:
    """Provide a Prefect server to this process and its children.

    The server is that of PREFECT_API_URL, else that of the running stack, else one that answers
    only this process and its children and ends with the command. Enter before Prefect is imported,
    because Prefect reads its settings then. Environment variables that are already set keep their
    values.

    Args:
        settings: `home` holds the state of Prefect.

    Yields:
        A function that waits until the server answers: a server of our own starts while the
        modules of the flow are imported. It raises StackError if the server does not start.
    """
    if uses_known_server(settings):
        yield lambda: None
    else:
        with _own_server(settings) as wait:
            yield wait


def uses_known_server(settings: Settings) -> bool:
    """Let Prefect use the server of PREFECT_API_URL, else that of the running stack.

    Returns:
        Whether there is one.
    """
    from infra.local.services import known_stack  # noqa: PLC0415

    known = known_stack(settings.state) or {}
    api = known.get("PREFECT_API_URL")  # only the stack of `olist up` has a server
    if api and os.environ.get("PREFECT_API_URL", api) == api:
        for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING"):
            os.environ.setdefault(name, known[name])
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    return "PREFECT_API_URL" in os.environ


def require_known_server(settings: Settings) -> None:
    """Let Prefect use a server that stays when the command ends.

    Raises:
        StackError: There is none.
    """
    from infra.local.process import StackError  # noqa: PLC0415

    if not uses_known_server(settings):
        raise StackError(
            "no Prefect server is running: start one with `olist up`, or set PREFECT_API_URL to "
            "the address of yours"
        )


@contextmanager
def _own_server(settings: Settings) -> Iterator[Callable[[], None]]:
    from infra.local.ports import free_ports  # noqa: PLC0415
    from infra.local.service_specs import (  # noqa: PLC0415
        command_server_spec,
        prefect_server_environment,
    )
    from infra.private_files import make_private  # noqa: PLC0415

    home = settings.state
    logs = home / "logs"
    for folder in (home, home / "prefect", logs):
        make_private(folder)
    (port,) = free_ports(1)
    environment = {
        **prefect_server_environment(f"run:{secrets.token_urlsafe(18)}"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_UI_URL": "",  # it has no UI, so no link may lead to it
        "PREFECT_HOME": os.environ.get("PREFECT_HOME", str(home / "prefect")),
    }
    # two first runs at once would both create the tables of the server's database
    with (home / "prefect.starting").open("a", encoding="utf-8") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        os.environ.update(environment)
        server = command_server_spec(home, port, environment).spawn(logs)

        def wait() -> None:
            server.wait_until_ready()
            fcntl.flock(starting, fcntl.LOCK_UN)

        try:
            yield wait
        finally:
            server.stop()
            for name in environment:
                os.environ.pop(name, None)


_DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_FORMATTERS_STANDARD_TASK_RUN_FMT": (
        "%(asctime)s %(levelname)-7s %(task_run_name)s: %(message)s"
    ),
    "PREFECT_LOGGING_FORMATTERS_STANDARD_FLOW_RUN_FMT": (
        "%(asctime)s %(levelname)-7s %(flow_run_name)s: %(message)s"
    ),
}
