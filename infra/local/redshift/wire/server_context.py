"""What a connection needs of its server.

`connection` depends on this protocol and not on `server`, which imports it.
"""

import ssl
from typing import Any, Protocol

from infra.local.redshift.engine.session import Session


class ServerContext(Protocol):
    """The server of a connection."""

    name: str  # of the database
    tls: ssl.SSLContext | None
    connections: set[Any]  # the open ones
    sessions: dict[tuple[int, int], Session]  # by process number and secret

    def password_of(self, user: str) -> bytes | None:
        """The password that a user must give, None for an unknown user."""
        ...

    def new_session(self, key: tuple[int, int], user: str) -> Session:
        """A session for a user who has logged in."""
        ...
