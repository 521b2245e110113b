"""Protocol of the server that a connection belongs to.

`connection` depends on this protocol instead of `server`, because `server` imports `connection`.
"""

import ssl
from typing import Any, Protocol

from infra.local.redshift.engine.session import Session


class ServerContext(Protocol):
    """The part of the server that a connection uses."""

    name: str  # the database's name
    tls: ssl.SSLContext | None
    connections: set[Any]  # the open connections
    sessions: dict[tuple[int, int], Session]  # by process ID and secret

    def password_of(self, user: str) -> bytes | None:
        """The password that a user must send; None for an unknown user."""
        ...

    def new_session(self, key: tuple[int, int], user: str) -> Session:
        """Open a session for a user who has logged in."""
        ...
