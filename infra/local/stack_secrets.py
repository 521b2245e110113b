"""Secrets of the local services. They are files of their owner only, or live as long as a service.

The passwords that a person or a BI tool saves are kept in the state folder.
"""

import os
import secrets
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from infra.private_files import write_private

WEB_USER = "olist"  # signs in to the Prefect UI, to the pages and to the inbox
INSPECTOR = "inspector"  # user of `olist query`: reads all schemas of the pipeline
READER = "bi"  # user with read access to published data and the audit only


@dataclass(frozen=True, repr=False)
class StackSecrets:
    """Secrets that the services of one state folder share.

    Attributes:
        redshift: Password of the user that loads and transforms.
        inspector: Password of the user that reads every schema.
        reader: Password of the user `bi`; kept.
        web: Password of the Prefect UI, the pages and the inbox; kept.
        s3_access_key: Access key of the local S3.
        s3_secret_key: Secret key of the local S3.
    """

    reader: str
    web: str
    redshift: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    inspector: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    s3_access_key: str = field(default_factory=lambda: f"local-{secrets.token_hex(6)}")
    s3_secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @classmethod
    def of(cls, home: Path) -> "StackSecrets":
        """Return the kept passwords of a state folder, and new secrets for the rest.

        Args:
            home: State folder; it must exist.
        """
        return cls(_kept(home / "reader.password"), _kept(home / "web.password"))

    @property
    def prefect_login(self) -> str:
        """What the Prefect UI asks for, and the value of PREFECT_API_AUTH_STRING."""
        return f"{WEB_USER}:{self.web}"

    @property
    def web_authorization(self) -> str:
        """The header `Authorization` of requests to the web server."""
        return basic_authorization(self.prefect_login)


def basic_authorization(login: str) -> str:
    """Return the header `Authorization` for `user:password`."""
    return f"Basic {b64encode(login.encode()).decode()}"


def _kept(path: Path) -> str:
    """The password in a file, which is created if it is missing or empty."""
    if path.is_file() and not path.read_text(encoding="utf-8").strip():
        path.unlink()
    if not path.is_file():
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        write_private(new, secrets.token_urlsafe(18))
        with suppress(FileExistsError):  # another process has made it at the same time
            path.hardlink_to(new)
        new.unlink()
    return path.read_text(encoding="utf-8").strip()
