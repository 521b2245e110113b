"""Ports of 127.0.0.1 that the local services listen on."""

import socket
from contextlib import ExitStack
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Ports:
    """The port of each service; 0 takes a free one. Prefect runs with `olist up` only."""

    s3: int = 0
    redshift: int = 0
    inbox: int = 0
    prefect: int = 0

    def chosen(self) -> "Ports":
        """The same, with free ports where the number is 0."""
        free = free_ports(4)
        return Ports(*(port or free.pop() for port in asdict(self).values()))

    def in_use(self) -> dict[str, int]:
        """The ports that another process listens on, by service."""
        return {name: port for name, port in asdict(self).items() if not _is_free(port)}


STACK_PORTS = Ports(s3=9000, redshift=5439, inbox=8025, prefect=4200)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; held together, so that none is found twice."""
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
