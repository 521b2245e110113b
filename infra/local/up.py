"""The stack that stays up: local S3, Redshift and inbox, a Prefect server with its UI, a worker.

One process keeps them: it starts each, says in its log when one has died, and starts it again at
the same address. `olist up` starts it, and waits for its word; `olist down` ends it. State lies
under `OLIST_HOME`, so a stack that is started again goes on where it was.
"""

import argparse
import json
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.local.notice import Notice
from infra.local.stack import (
    READER,
    Ports,
    Service,
    Spec,
    StackError,
    environment_of,
    reader_password,
    specs,
    topic_to,
    write_private,
)
from infra.settings import PROJECT, Settings

POOL = "local"
_LOOK_EVERY = 1.0  # seconds
_SERVER_SECONDS = 120
_RESTARTS = 5  # of one service within a minute; then it is left to people
_logger = logging.getLogger("olist up")


@dataclass(frozen=True)
class UpPorts(Ports):
    """Where the stack listens on 127.0.0.1."""

    prefect: int = 4200


class Supervisor:
    """Starts the services, and starts again those that die."""

    def __init__(self, settings: Settings, ports: UpPorts) -> None:
        """Nothing is started yet."""
        self._settings = settings
        self._home = settings.state
        self._ports = ports
        self._logs = self._home / "logs"
        self._services: dict[str, Service] = {}
        self._specs: dict[str, Spec] = {}
        self._deaths: dict[str, list[float]] = {}

    def start(self) -> None:
        """Start all, and wait until they serve. Raises StackError."""
        self._logs.mkdir(parents=True, exist_ok=True)
        password = secrets.token_urlsafe(24)
        local = specs(self._home, self._settings, self._ports, password)
        for spec in local:
            self._spawn(spec)
        for spec in local:
            self._services[spec.name].address()
        environment = environment_of(self._home, self._settings, self._ports, password)
        environment["PREFECT_API_URL"] = self.prefect_url + "/api"
        write_private(self._home / "stack.json", json.dumps(environment))
        # as psql and its libraries read it
        write_private(
            self._home / "pgpass",
            "".join(
                f"127.0.0.1:{self._ports.redshift}:*:{user}:{word}\n"
                for user, word in (
                    (self._settings.redshift_user, password),
                    (READER, reader_password(self._home)),
                )
            ),
        )
        prefect = {
            **environment,
            "PREFECT_HOME": str(self._home / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_UI_API_URL": self.prefect_url + "/api",
            "DO_NOT_TRACK": "1",
            # a person waits for what was clicked; what is taken too early is lost by `olist down`
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PREFECT_WORKER_PREFETCH_SECONDS": "1",
            # so often a run shows life (deployments/automations.yaml: olist run vanished)
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        }
        server = ["server", "start", "--host", "127.0.0.1", "--port", str(self._ports.prefect)]
        self._spawn(Spec("prefect-server", ["prefect", *server], prefect, announces=False))
        self._wait_for_server()
        worker = ["worker", "start", "--pool", POOL, "--type", "process", "--name", "olist-worker"]
        self._spawn(Spec("prefect-worker", ["prefect", *worker], prefect, announces=False))

    @property
    def prefect_url(self) -> str:
        """Address of the Prefect UI."""
        return f"http://127.0.0.1:{self._ports.prefect}"

    def facts(self) -> dict:
        """What the notice says."""
        return {
            "pid": os.getpid(),
            "ports": asdict(self._ports),
            "services": {name: s.process.pid for name, s in self._services.items()},
        }

    def look(self) -> bool:
        """Start again what has died; whether anything had."""
        dead = [name for name, s in self._services.items() if s.process.poll() is not None]
        for name in dead:
            code = self._services[name].process.returncode
            now = time.monotonic()
            recent = [t for t in self._deaths.get(name, []) if now - t < 60]
            self._deaths[name] = [*recent, now]
            if len(recent) >= _RESTARTS:
                raise StackError(
                    f"{name} died {_RESTARTS} times in a minute; see {self._log(name)}"
                )
            _logger.warning("%s has died (%s); starting it again", name, code)
            self._spawn(self._specs[name])
            if name in {"s3", "redshift", "inbox"}:
                self._services[name].address()
            if name == "s3":  # moto keeps objects on disk, topics in memory
                inbox = f"http://127.0.0.1:{self._ports.inbox}"
                s3 = f"http://127.0.0.1:{self._ports.s3}"
                topic_to(inbox, s3, self._settings.aws_region)
        return bool(dead)

    def stop(self) -> None:
        """End all, the worker first."""
        for service in reversed(self._services.values()):
            service.stop()
        (self._home / "stack.json").unlink(missing_ok=True)

    def _spawn(self, spec: Spec) -> None:
        self._specs[spec.name] = spec
        self._services[spec.name] = spec.spawn(self._logs)

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _wait_for_server(self) -> None:
        deadline = time.monotonic() + _SERVER_SECONDS
        server = self._services["prefect-server"].process
        while not answers(self.prefect_url + "/api/health"):
            if server.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(self._log("prefect-server").read_text().splitlines()[-5:])
                raise StackError(
                    f"the Prefect server did not start; see {self._log('prefect-server')}\n{tail}"
                )
            time.sleep(0.3)


def answers(url: str) -> bool:
    """Whether something answers there with success."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 (our own address)
            return answer.status < 300
    except OSError:
        return False


def taken(ports: UpPorts) -> dict[str, int]:
    """The ports that something else listens on."""
    found = {}
    for name, port in asdict(ports).items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                found[name] = port
    return found


def main() -> None:
    """Keep the stack up until SIGTERM; the first line printed says whether it is."""
    parser = argparse.ArgumentParser(description="The stack that stays up.")
    for name, port in asdict(UpPorts()).items():
        parser.add_argument(f"--{name}", type=int, default=port)
    settings = Settings()
    ports = UpPorts(**vars(parser.parse_args()))
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    home = settings.state
    home.mkdir(parents=True, exist_ok=True)
    notice = Notice(home)
    supervisor = Supervisor(settings, ports)

    def end(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    try:
        with notice.held():
            try:
                supervisor.start()
                write_private(notice.path, json.dumps(supervisor.facts()))
                print("ready", flush=True)
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                _logger.info("up: %s", supervisor.facts())
                while True:
                    time.sleep(_LOOK_EVERY)
                    if supervisor.look():
                        write_private(notice.path, json.dumps(supervisor.facts()))
            finally:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                supervisor.stop()
    except StackError as error:
        print(str(error).replace("\n", " | "), flush=True)
        _logger.error("%s", error)  # noqa: TRY400 (its message is for people)
        raise SystemExit(1) from error


def start(settings: Settings, ports: UpPorts) -> None:
    """Start the keeper in the background, and wait until it is ready. Raises StackError."""
    if settings.target == "aws":
        raise StackError(
            "OLIST_TARGET=aws: lake and warehouse are on AWS, and `olist up` starts local ones. "
            "docs/production.md tells how runs are deployed there"
        )
    home = settings.state
    if Notice(home).is_held():
        raise StackError("it is up already; `olist status` tells where, `olist down` ends it")
    if found := taken(ports):
        named = ", ".join(f"{port} (--{name}-port)" for name, port in found.items())
        raise StackError(
            f"something else listens on port {named} of 127.0.0.1. End it, or name another port"
        )
    (home / "logs").mkdir(parents=True, exist_ok=True)
    log = home / "logs" / "up.log"
    with log.open("a") as errors:
        keeper = subprocess.Popen(  # noqa: S603 (our own module)
            [
                *(sys.executable, "-m", "infra.local.up"),
                *(word for n, p in asdict(ports).items() for word in (f"--{n}", str(p))),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=PROJECT,
            env={**os.environ, "OLIST_HOME": str(home)},
            start_new_session=True,
        )
    assert keeper.stdout is not None  # noqa: S101
    line = keeper.stdout.readline().strip()
    keeper.stdout.close()
    if line != "ready":
        raise StackError(f"{line or 'the stack did not start'}. Its log is {log}")


def stop(settings: Settings) -> bool:
    """End the stack, and wait until it has; false where none is up."""
    notice = Notice(settings.state)
    facts = notice.read()
    if not facts:
        return False
    os.kill(facts["pid"], signal.SIGTERM)
    deadline = time.monotonic() + 60
    while notice.is_held():
        if time.monotonic() > deadline:
            raise StackError(
                f"process {facts['pid']} does not end; see {settings.state}/logs/up.log"
            )
        time.sleep(0.2)
    return True


if __name__ == "__main__":
    main()
