"""The Prefect server of a command: one that is named or running, else one of its own."""

import fcntl
import os
import secrets
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from infra.settings import Settings

if TYPE_CHECKING:
    from infra.local.process import Service


class OwnServer:
    """A Prefect server that answers only this process and its children, and ends with them."""

    def __init__(self, home: Path) -> None:
        """Choose a port and a password, and let Prefect use them; nothing is started yet.

        Args:
            home: Folder of all local state.
        """
        from infra.local.ports import free_ports  # noqa: PLC0415
        from infra.local.service_specs import prefect_server_environment  # noqa: PLC0415

        self._home = home
        (self._port,) = free_ports(1)
        self._environment = {
            **prefect_server_environment(f"run:{secrets.token_urlsafe(18)}"),
            "PREFECT_API_URL": f"http://127.0.0.1:{self._port}/api",
            "PREFECT_UI_URL": "",  # it has no UI, so no link may lead to it
            "PREFECT_HOME": os.environ.get("PREFECT_HOME", str(home / "prefect")),
        }
        # Prefect looks for its folder when it is imported; `start` creates it
        warnings.filterwarnings("ignore", message="Failed to create the Prefect home")
        self._before = {name: os.environ.get(name) for name in self._environment}
        os.environ.update(self._environment)
        self.service: Service | None = None
        self._starting: IO[str] | None = None

    def start(self) -> None:
        """Start the process; it gets ready while modules are imported and services start."""
        from infra.local.service_specs import command_server_spec  # noqa: PLC0415
        from infra.private_files import make_private  # noqa: PLC0415

        logs = self._home / "logs"
        for folder in (self._home, self._home / "prefect", logs):
            make_private(folder)
        # two first runs at once would both create the tables of the database
        self._starting = (self._home / "prefect.starting").open("a", encoding="utf-8")
        fcntl.flock(self._starting, fcntl.LOCK_EX)
        self.service = command_server_spec(self._home, self._port, self._environment).spawn(logs)

    def wait_until_ready(self) -> None:
        """Wait until the server answers.

        Raises:
            StackError: It does not start.
        """
        assert self.service is not None  # noqa: S101
        self.service.wait_until_ready()
        self._release()

    def stop(self) -> None:
        """Send the last log lines to the process, stop it, and forget its address."""
        if self.service is not None:
            if self.service.process.poll() is None and "prefect.logging.handlers" in sys.modules:
                from prefect.logging.handlers import APILogHandler  # noqa: PLC0415

                APILogHandler().flush()  # at most 5 seconds
            self.service.stop()
        self._release()
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _release(self) -> None:
        if self._starting is not None:
            self._starting.close()
            self._starting = None


@contextmanager
def prefect_server(settings: Settings) -> Iterator[OwnServer | None]:
    """Let Prefect use a server: that of PREFECT_API_URL or of the running stack, else its own.

    Enter before Prefect is imported, because Prefect reads its settings then. Environment variables
    that are already set keep their values.

    Args:
        settings: `home` holds the state of Prefect.

    Yields:
        The own server, which the caller starts; None if there is another one.
    """
    if uses_known_server(settings):
        yield None
        return
    server = OwnServer(settings.state)
    try:
        yield server
    finally:
        server.stop()


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


_DEFAULTS = {
    "PREFECT_LOGGING_EXTRA_LOGGERS": "infra",  # warnings about services that do not answer,
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",  # from threads that know no flow run
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # deployments/automations.yaml: olist run vanished
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_FORMATTERS_STANDARD_TASK_RUN_FMT": (
        "%(asctime)s %(levelname)-7s %(task_run_name)s: %(message)s"
    ),
    "PREFECT_LOGGING_FORMATTERS_STANDARD_FLOW_RUN_FMT": (
        "%(asctime)s %(levelname)-7s %(flow_run_name)s: %(message)s"
    ),
}
