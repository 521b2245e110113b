"""A client that sends arbitrary protocol messages over a plain socket."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

PROTOCOL_3 = 196608


class Raw:
    """A connection after its login."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._in = sock.makefile("rb")

    def send(self, kind: bytes, body: bytes = b"") -> None:
        """One message."""
        self.socket.sendall(message(kind, body))

    def read(self) -> tuple[bytes, bytes]:
        """The next message; (b"", b"") at the end of the connection."""
        head = self._in.read(5)
        if len(head) < 5:
            return b"", b""
        (length,) = struct.unpack(">i", head[1:])
        return head[:1], self._in.read(length - 4)

    def until(self, kind: bytes) -> list[tuple[bytes, bytes]]:
        """All messages up to and including the first of type `kind`."""
        found = []
        while True:
            one = self.read()
            found.append(one)
            if one[0] in {kind, b""}:
                return found

    def kinds(self, until: bytes = b"Z") -> str:
        """Type letters of all messages up to type `until`, as one string."""
        return b"".join(kind for kind, _ in self.until(until)).decode()

    @staticmethod
    def state(messages: list[tuple[bytes, bytes]]) -> str:
        """SQLSTATE of the first error among the messages, or '' if there is none."""
        for kind, body in messages:
            if kind == b"E":
                fields = {part[:1]: part[1:] for part in body.split(b"\0") if part}
                return fields[b"C"].decode()
        return ""


def message(kind: bytes, body: bytes = b"") -> bytes:
    """A message with its length."""
    return kind + struct.pack(">i", len(body) + 4) + body


def text(*words: str) -> bytes:
    """Zero-terminated strings."""
    return b"".join(word.encode() + b"\0" for word in words)


def startup(parameters: dict[str, Any]) -> bytes:
    """The first message of a client."""
    options = text("user", parameters["user"], "database", parameters["database"]) + b"\0"
    return struct.pack(">ii", len(options) + 8, PROTOCOL_3) + options


@contextmanager
def logged_in(parameters: dict[str, Any]) -> Iterator[Raw]:
    """A connection that is ready for queries."""
    with socket.create_connection((parameters["host"], parameters["port"]), timeout=20) as sock:
        raw = Raw(sock)
        sock.sendall(startup(parameters))
        assert raw.read()[0] == b"R"
        raw.send(b"p", text(parameters["password"]))
        assert raw.kinds().endswith("Z")
        yield raw


def parse(sql: str, name: str = "", oids: tuple[int, ...] = ()) -> bytes:
    """Parse: a statement under a name."""
    return message(b"P", text(name, sql) + struct.pack(f">h{len(oids)}i", len(oids), *oids))


def bind(portal: str = "", name: str = "", values: tuple[bytes | None, ...] = ()) -> bytes:
    """Bind: values in text, results in text."""
    body = text(portal, name) + struct.pack(">hh", 0, len(values))
    for value in values:
        body += struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value
    return message(b"B", body + struct.pack(">h", 0))


def execute(portal: str = "", limit: int = 0) -> bytes:
    """Execute: at most `limit` rows, 0 for all."""
    return message(b"E", text(portal) + struct.pack(">i", limit))


def describe(kind: str, name: str = "") -> bytes:
    """Describe a statement (S) or a portal (P)."""
    return message(b"D", kind.encode() + text(name))


def close(kind: str, name: str = "") -> bytes:
    """Close a statement (S) or a portal (P)."""
    return message(b"C", kind.encode() + text(name))


SYNC = message(b"S")
FLUSH = message(b"H")
