"""Ports of 127.0.0.1 that the local services listen on."""

import socket
from contextlib import ExitStack
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Ports:
    """The port of each service; 0 picks a free one. Prefect runs with `olist up` only."""

    s3: int = 0
    redshift: int = 0
    web: int = 0
    prefect: int = 0

    def chosen(self) -> "Ports":
        """Return a copy with a free port in place of each 0."""
        free = free_ports(4)
        return Ports(*(port or free.pop() for port in asdict(self).values()))

    def in_use(self) -> dict[str, int]:
        """Return the ports that are already in use, by service."""
        return {name: port for name, port in asdict(self).items() if not _is_free(port)}


STACK_PORTS = Ports(s3=9000, redshift=5439, web=8025, prefect=4200)


def free_ports(count: int) -> list[int]:
    """Return free ports; all are bound at the same time, so that no port is returned twice."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
