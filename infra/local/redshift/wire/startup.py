"""The start of a connection: TLS, the startup message and the password.

Source: https://www.postgresql.org/docs/8.0/protocol-flow.html
"""

import hmac
import secrets
import socket
import ssl
import struct
from dataclasses import dataclass, field

from infra.local.redshift.errors import RedshiftError
from infra.local.redshift.protocol import ConnectionEndedError, Wire, cstring

_SSL_REQUEST, _GSS_REQUEST, _CANCEL_REQUEST, _PROTOCOL_3 = 80877103, 80877104, 80877102, 196608
_MAX_PASSWORD = 10_000
_SETTINGS = {
    "server_version": "8.0.2",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
    "server_protocol_version": "0",
}


@dataclass
class Start:
    """A client's request: open a session, or cancel the statement of another session.

    Attributes:
        wire: The connection, encrypted if the client has asked for TLS.
        options: The startup parameters, such as `user` and `database`.
        cancels: Process ID and secret of the session to cancel; None to open a session.
    """

    wire: Wire
    options: dict[str, str] = field(default_factory=dict)
    cancels: tuple[int, int] | None = None


def greet(sock: socket.socket, tls: ssl.SSLContext | None) -> Start:
    """Read the startup message, over TLS if the client asks for it.

    Args:
        sock: The connected socket.
        tls: The TLS context; None refuses TLS.

    Raises:
        OSError: The connection fails, or the client does not use protocol version 3.0.
        ValueError: The message is not UTF-8.
        struct.error: The message is too short.
    """
    wire = Wire(sock)
    code, body = wire.read_startup()
    while code in {_SSL_REQUEST, _GSS_REQUEST}:
        secure = code == _SSL_REQUEST and tls is not None
        wire.raw(b"S" if secure else b"N")
        if secure:
            assert tls is not None  # noqa: S101
            sock = tls.wrap_socket(sock, server_side=True)
            wire = Wire(sock)
        code, body = wire.read_startup()
    if code == _CANCEL_REQUEST:
        process, secret = struct.unpack(">ii", body)
        return Start(wire, cancels=(process, secret))
    if code != _PROTOCOL_3:
        raise ConnectionEndedError("not a PostgreSQL 3.0 client")
    words = body.decode().split("\0")
    return Start(wire, dict(zip(words[::2], words[1::2], strict=False)))


def authenticate(wire: Wire, user: str, expected: bytes | None) -> None:
    """Ask for the password and compare it.

    Args:
        wire: The connection.
        user: The user name, for the error message.
        expected: The user's password; None for an unknown user.

    Raises:
        RedshiftError: 28000, the password is wrong or the user is unknown.
    """
    wire.send(b"R", struct.pack(">i", 3))  # cleartext password, over loopback or TLS
    wire.flush()
    kind, answer = wire.read(limit=_MAX_PASSWORD)
    given = answer.rstrip(b"\0")
    # compare for an unknown user too, so that the response time does not reveal it
    if kind != b"p" or not hmac.compare_digest(given, expected or secrets.token_bytes()):
        raise RedshiftError("28000", f'password authentication failed for user "{user}"')


def require_database(asked: str, ours: str) -> None:
    """Raise RedshiftError 3D000 if the client asks for a database that does not exist."""
    if asked.lower() != ours:
        raise RedshiftError("3D000", f'database "{asked}" does not exist, this one is {ours}')


def welcome(wire: Wire, key: tuple[int, int]) -> None:
    """Queue AuthenticationOk, the server's settings, and the key of cancel requests."""
    wire.send(b"R", struct.pack(">i", 0))
    for name, value in _SETTINGS.items():
        wire.send(b"S", cstring(name) + cstring(value))
    wire.send(b"K", struct.pack(">ii", *key))
