"""Starts and stops the local S3 (with SNS), Redshift and the inbox of notifications.

State lives under `OLIST_HOME`; `stack.json` there tells other commands where a running stack is.
Whoever starts the stack stops it, once nobody else uses it.
"""

import fcntl
import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import boto3
from botocore.exceptions import ClientError

from infra.settings import PROJECT, Settings

_READY_SECONDS = 60
READER = "bi"  # the user who only reads what is published


class StackError(RuntimeError):
    """A local service did not start; the message says which, and where its log is."""


@dataclass
class Service:
    """A child process that prints `ready <address>` once it serves."""

    name: str
    process: subprocess.Popen[str]
    log: Path

    def address(self) -> str:
        """Wait until the service is ready; raises StackError when it ends before that."""
        assert self.process.stdout is not None  # noqa: S101
        line = self.process.stdout.readline().strip()
        if not line.startswith("ready "):
            self.process.wait(_READY_SECONDS)
            tail = "\n".join(self.log.read_text().splitlines()[-5:])
            raise StackError(f"the local {self.name} did not start; see {self.log}\n{tail}")
        return line.removeprefix("ready ")

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def running(settings: Settings) -> Iterator[Settings]:
    """The settings with S3 and Redshift reachable, started here unless they are there already.

    Child processes and Prefect runs find the services through the environment.
    """
    if settings.target == "aws" or (settings.s3_endpoint_url and settings.redshift_host):
        yield settings
        return
    home = settings.state
    home.mkdir(parents=True, exist_ok=True)
    note = home / "stack.json"
    services: list[Service] = []
    users = (home / "stack.users").open("a")  # locked by each user: shared, or alone to stop it
    try:
        with _alone(home / "stack.starting"):
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while one is being stopped
            known = known_stack(home)
            environment = known or _start(home, services, settings)
            if not known:
                write_private(note, json.dumps(environment))
        before = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)
        try:
            local = Settings()
            local = local.model_copy(update={"home": settings.home, "source": settings.source})
            _ensure_bucket(local)
            yield local
        finally:
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    finally:
        if services:
            _wait_for_others(users, home)
            note.unlink(missing_ok=True)
        for service in reversed(services):
            service.stop()
        users.close()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time."""
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _wait_for_others(users: IO[str], home: Path) -> None:
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(
            f"Other olist commands use the local S3 and Redshift of {home}: they are stopped "
            "when those have ended. Press Ctrl-C to stop them now",
            file=sys.stderr,
        )
        fcntl.flock(users, fcntl.LOCK_EX)


@dataclass(frozen=True)
class Ports:
    """Where the local services listen on 127.0.0.1; 0 takes a free port."""

    s3: int = 0
    redshift: int = 0
    inbox: int = 0

    def chosen(self) -> "Ports":
        """The same, with free ports where none is named."""
        named = (self.s3, self.redshift, self.inbox)
        return Ports(*(port or free for port, free in zip(named, free_ports(3), strict=True)))


@dataclass(frozen=True)
class Spec:
    """How a local service is started."""

    name: str
    module: list[str]
    extra: dict[str, str]
    announces: bool = True  # prints `ready <address>`, and ends with its parent by itself

    def spawn(self, logs: Path) -> Service:
        """Start it; one that announces itself is ready when its address is known."""
        log = logs / f"{self.name}.log"
        command = (
            [*self.module, "--with-parent"]
            if self.announces
            else ["infra.local.lifetime", *self.module]
        )
        with log.open("a") as output:
            process = subprocess.Popen(  # noqa: S603 (our own module)
                [sys.executable, "-m", *command],
                stdin=subprocess.PIPE,  # never written to: it closes when this process ends
                stdout=subprocess.PIPE if self.announces else output,
                stderr=output,
                text=True,
                env={**os.environ, **self.extra},
                cwd=PROJECT,
                start_new_session=True,  # Ctrl-C reaches the run, which then stops its services
            )
        return Service(self.name, process, log)


def reader_password(home: Path) -> str:
    """The password of the user who only reads: the same as long as the state is kept, for BI tools
    remember it.
    """
    path = home / "reader.password"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(18))
    return path.read_text()


def specs(home: Path, settings: Settings, ports: Ports, password: str) -> list[Spec]:
    """The local services."""
    return [
        Spec("s3", ["infra.local.s3", "--path", str(home / "s3"), "--port", str(ports.s3)], {}),
        Spec(
            "redshift",
            [
                "infra.local.redshift.server",
                *("--path", str(home / "redshift" / "warehouse.duckdb")),
                *("--user", settings.redshift_user),
                *("--database", settings.redshift_database),
                *("--port", str(ports.redshift)),
                *("--reader", READER),
            ],
            {
                "OLIST_REDSHIFT_PASSWORD": password,
                "OLIST_REDSHIFT_READER_PASSWORD": reader_password(home),
                "OLIST_S3_ENDPOINT_URL": f"http://127.0.0.1:{ports.s3}",
            },
        ),
        Spec(
            "inbox",
            ["infra.local.inbox", "--path", str(home / "inbox"), "--port", str(ports.inbox)],
            {},
        ),
    ]


def environment_of(home: Path, settings: Settings, ports: Ports, password: str) -> dict[str, str]:
    """What others need to know of the services, once they run; makes the topic of the inbox."""
    s3_url = f"http://127.0.0.1:{ports.s3}"
    return {
        "OLIST_S3_ENDPOINT_URL": s3_url,
        "OLIST_REDSHIFT_HOST": "127.0.0.1",
        "OLIST_REDSHIFT_PORT": str(ports.redshift),
        "OLIST_REDSHIFT_PASSWORD": password,
        "OLIST_REDSHIFT_SSL": "false",
        # the stand-in for S3 asks for a signature but does not check it
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        # moto serves SNS at the same address; its topic is delivered to the inbox
        "OLIST_SNS_ENDPOINT_URL": s3_url,
        "OLIST_NOTIFY_TOPIC": topic_to(
            f"http://127.0.0.1:{ports.inbox}", s3_url, settings.aws_region
        ),
        "OLIST_HOME": str(home),
    }


def _start(home: Path, services: list[Service], settings: Settings) -> dict[str, str]:
    logs = home / "logs"
    logs.mkdir(exist_ok=True)
    password = secrets.token_urlsafe(24)
    ports = Ports().chosen()  # chosen first, so that all start side by side
    for spec in specs(home, settings, ports, password):
        services.append(spec.spawn(logs))
    for service in services:
        service.address()
    return environment_of(home, settings, ports, password)


def topic_to(inbox_url: str, sns_url: str, region: str) -> str:
    """A topic whose messages arrive at the inbox; returns its ARN."""
    client = boto3.client(
        "sns",
        endpoint_url=sns_url,
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106
    )
    topic = client.create_topic(Name="olist-alerts")["TopicArn"]
    client.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{inbox_url}/sns")
    return topic


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; held together, so that none is found twice."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def known_stack(home: Path) -> dict[str, str] | None:
    """The environment of a stack that runs already, or None."""
    try:
        environment = json.loads((home / "stack.json").read_text())
        address = (environment["OLIST_REDSHIFT_HOST"], int(environment["OLIST_REDSHIFT_PORT"]))
        with socket.create_connection(address, timeout=2):
            return environment
    except (OSError, ValueError, KeyError):
        return None  # no note, or one that a killed run left behind


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _ensure_bucket(settings: Settings) -> None:
    client = boto3.client(
        "s3", endpoint_url=settings.s3_endpoint_url, region_name=settings.aws_region
    )
    try:
        client.head_bucket(Bucket=settings.bucket)
    except ClientError:
        client.create_bucket(Bucket=settings.bucket)
