"""The supervisor process of the stack: start the services, and restart those that die.

`olist up` starts it (`infra.local.stack`) and waits for its first line; `olist down` stops it.
State is under `OLIST_HOME`, so a restarted stack continues with the same data.
"""

import argparse
import itertools
import json
import logging
import os
import signal
import sys
import threading
import time
from dataclasses import asdict

from infra.local.pid_file import PidFile
from infra.local.ports import STACK_PORTS, Ports
from infra.local.process import StackError
from infra.local.service_specs import pages_url, prefect_profile, prefect_specs
from infra.local.services import Services
from infra.local.stack_secrets import INSPECTOR, READER
from infra.private_files import make_private, write_private
from infra.settings import Settings

_POLL_SECONDS = 1.0
_HEALTH_POLLS = 5  # polls between two health checks
_logger = logging.getLogger("olist up")


class Supervisor:
    """Keeps all services of the stack running."""

    def __init__(self, settings: Settings, ports: Ports) -> None:
        """Choose the ports; nothing is started yet."""
        self._settings = settings
        self._services = Services(settings, ports)
        self._pid_file = PidFile(settings.state)

    def run(self) -> None:
        """Start all services, restart those that die until SIGTERM, and stop all at the end.

        Prints `ready` once all services are ready.

        Raises:
            StackError: Another supervisor runs, a service did not start, or a service died more
                than five times within a minute.
        """
        with self._pid_file.held():
            try:
                self._start()
                print("ready", flush=True)
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                for polls in itertools.count():
                    time.sleep(_POLL_SECONDS)
                    self._restart_dead()
                    if polls % _HEALTH_POLLS == 0:
                        self._kill_silent()
            finally:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                self._services.stop()
                (self._services.home / "stack.json").unlink(missing_ok=True)

    def _start(self) -> None:
        services = self._services
        environment = services.start_storage()
        environment["OLIST_PAGES_URL"] = pages_url(services.ports)
        login = services.secrets.prefect_login
        server, worker = prefect_specs(services.home, services.ports, environment, login)
        api = server.environment["PREFECT_API_URL"]
        environment |= {"PREFECT_API_URL": api, "PREFECT_API_AUTH_STRING": login}
        write_private(services.home / "prefect.toml", prefect_profile(api, login))
        write_private(services.home / "stack.json", json.dumps(environment))
        self._write_pgpass()
        services.start([server])
        services.start([worker])
        self._write_facts()

    def _kill_silent(self) -> None:
        for name in self._services.kill_silent():
            _logger.warning("%s has not answered for 90 seconds, and was killed", name)

    def _restart_dead(self) -> None:
        for name, code in self._services.restart_dead().items():
            _logger.warning("%s died (exit code %s) and was restarted", name, code)
            self._write_facts()

    def _write_facts(self) -> None:
        services = self._services
        facts = {
            "pid": os.getpid(),
            "ports": asdict(services.ports),
            "services": {name: s.process.pid for name, s in services.running.items()},
        }
        self._pid_file.write(facts)
        _logger.info("up: %s", facts)

    def _write_pgpass(self) -> None:
        """Write the passwords in the format that psql and libpq read."""
        services = self._services
        passwords = {
            self._settings.redshift_user: services.secrets.redshift,
            READER: services.secrets.reader,
            INSPECTOR: services.secrets.inspector,
        }
        lines = [
            f"127.0.0.1:{services.ports.redshift}:*:{user}:{password}\n"
            for user, password in passwords.items()
        ]
        write_private(services.home / "pgpass", "".join(lines))


def _end_unless_told_to_stay() -> None:
    """Send this process SIGTERM if `olist up` fails or ends before the stack is deployed."""
    # os.read, not sys.stdin: holding the lock of sys.stdin at exit aborts the interpreter
    if not os.read(0, 1024):
        os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Keep the stack up until SIGTERM; the first line printed is `ready` or an error."""
    parser = argparse.ArgumentParser(description="The supervisor of the local stack.")
    for name, port in asdict(STACK_PORTS).items():
        parser.add_argument(f"--{name}", type=int, default=port)
    ports = Ports(**vars(parser.parse_args()))
    settings = Settings()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr
    )
    make_private(settings.state)

    def end(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    threading.Thread(target=_end_unless_told_to_stay, name="stay", daemon=True).start()
    try:
        Supervisor(settings, ports).run()
    except StackError as error:
        print(str(error).replace("\n", " | "), flush=True)
        _logger.error("%s", error)  # noqa: TRY400 (the message suffices)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
