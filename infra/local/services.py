"""Lifecycle of the local services, for a single command and for the stack of `olist up`.

State is under `OLIST_HOME`. Its file `stack.json` gives other commands the addresses of running
services.
"""

import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import boto3
from botocore.exceptions import ClientError

from infra.local.ports import Ports
from infra.local.process import Service, ServiceSpec, StackError
from infra.local.service_specs import (
    connection_environment,
    create_inbox_topic,
    storage_specs,
)
from infra.local.stack_secrets import StackSecrets
from infra.private_files import make_private, write_private
from infra.settings import Settings

_SILENT_SECONDS = 90  # SQLite may stop the Prefect server for 60
_MAX_RESTARTS = 5  # of one service within a minute


class Services:
    """Starts, restarts and stops the local services of one state folder."""

    def __init__(self, settings: Settings, ports: Ports) -> None:
        """Choose ports and secrets; nothing is started yet."""
        self.home = settings.state
        make_private(self.home)
        self.ports = ports.chosen()
        self.secrets = StackSecrets.of(self.home)
        self.running: dict[str, Service] = {}
        self._settings = settings
        self._deaths: dict[str, list[float]] = {}

    def start_storage(self) -> dict[str, str]:
        """Start S3, Redshift and the web server.

        Returns:
            The environment variables by which other processes find the services.

        Raises:
            StackError: A service did not start.
        """
        self.start(storage_specs(self.home, self._settings, self.ports, self.secrets))
        return connection_environment(self.home, self._settings, self.ports, self.secrets)

    def start(self, specs: list[ServiceSpec]) -> None:
        """Start services concurrently and wait until all are ready.

        Raises:
            StackError: A service did not start.
        """
        logs = self.home / "logs"
        make_private(logs)
        for spec in specs:
            self.running[spec.name] = spec.spawn(logs)
        for spec in specs:
            self.running[spec.name].wait_until_ready()

    def restart_dead(self) -> dict[str, int]:
        """Restart the services that have ended.

        Returns:
            The exit code of each restarted service, by name.

        Raises:
            StackError: A service ended more than five times within a minute.
        """
        ended = {
            name: service.process.returncode
            for name, service in self.running.items()
            if service.process.poll() is not None
        }
        for name in ended:
            self._count_death(name)
            self._respawn(name)
            if name == "s3":
                create_inbox_topic(self.ports, self._settings.aws_region, self.secrets)
        return ended

    def kill_silent(self) -> list[str]:
        """Kill the services that hang, so that `restart_dead` restarts them.

        Returns:
            The names of the services that have not answered their health check for 90 seconds.
        """
        silent = [
            name
            for name, service in self.running.items()
            if service.process.poll() is None and service.silent_seconds() > _SILENT_SECONDS
        ]
        for name in silent:
            self.running[name].log_stacks()
            self.running[name].process.kill()
        return silent

    def _respawn(self, name: str) -> None:
        """Start a service again; only those that others connect to at once are waited for.

        The Prefect server may take a minute, and another death is counted by the next poll.
        """
        self.running[name].close_pipes()
        service = self.running[name].spec.spawn(self.home / "logs")
        self.running[name] = service
        if service.spec.prints_ready:
            service.wait_until_ready()

    def stop(self) -> None:
        """Stop all services in reverse order of their start."""
        for service in reversed(self.running.values()):
            service.stop()

    def _count_death(self, name: str) -> None:
        now = time.monotonic()
        recent = [death for death in self._deaths.get(name, []) if now - death < 60]
        self._deaths[name] = [*recent, now]
        if len(recent) >= _MAX_RESTARTS:
            raise StackError(
                f"{name} died {_MAX_RESTARTS} times in a minute; see {self.running[name].log}"
            )


@contextmanager
def running(settings: Settings) -> Iterator[Settings]:
    """Provide S3 and Redshift to a command: the running services, or else new ones.

    Services that a command has started are stopped when it ends and no other command uses them.
    Child processes and Prefect runs find the services through the environment.

    Args:
        settings: Names the state folder. Nothing is started if `target` is aws, or if the
            addresses of S3 and Redshift are set.

    Yields:
        The settings with the addresses of S3 and Redshift.

    Raises:
        StackError: A service did not start.
    """
    if settings.target == "aws" or (settings.s3_endpoint_url and settings.redshift_host):
        yield settings
        return
    home = settings.state
    make_private(home)
    address_file = home / "stack.json"
    services: Services | None = None
    # each command holds a shared lock; stopping the services takes an exclusive lock
    users = (home / "stack.users").open("a", encoding="utf-8")
    try:
        with _exclusive(home / "stack.starting"):
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while another command stops its services
            environment = known_stack(home)
            if environment is None:
                services = Services(settings, Ports())
                environment = services.start_storage()
                write_private(address_file, json.dumps(environment))
        with _environment(environment):
            local = Settings().model_copy(update={"home": settings.home, "source": settings.source})
            _ensure_bucket(local)
            yield local
    finally:
        if services is not None:
            _wait_for_other_users(users, home)
            address_file.unlink(missing_ok=True)
            services.stop()
        users.close()


def known_stack(home: Path) -> dict[str, str] | None:
    """Return the environment variables of running services; None if Redshift is unreachable."""
    try:
        environment = json.loads((home / "stack.json").read_text(encoding="utf-8"))
        address = (environment["OLIST_REDSHIFT_HOST"], int(environment["OLIST_REDSHIFT_PORT"]))
        with socket.create_connection(address, timeout=2):
            return environment
    except (OSError, ValueError, KeyError):
        return None  # no file, or a stale file of a killed run


@contextmanager
def _exclusive(lock: Path) -> Iterator[None]:
    """Hold an exclusive file lock, so that one process at a time runs the body."""
    with lock.open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables, and restore their previous values at the end."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _wait_for_other_users(users: IO[str], home: Path) -> None:
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(
            f"Other olist commands use the local S3 and Redshift of {home}. The services stop "
            "when those commands have ended. Press Ctrl-C to stop the services now",
            file=sys.stderr,
        )
        fcntl.flock(users, fcntl.LOCK_EX)


def _ensure_bucket(settings: Settings) -> None:
    # a session of its own: boto3's default session keeps the keys that it has read first
    client = boto3.Session().client(
        "s3", endpoint_url=settings.s3_endpoint_url, region_name=settings.aws_region
    )
    try:
        client.head_bucket(Bucket=settings.bucket)
    except ClientError:
        client.create_bucket(Bucket=settings.bucket)
