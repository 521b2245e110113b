"""A private certificate authority, so that drivers can verify the local server.

Clients must trust `ca.pem` in the database's folder: `SSL_CERT_FILE=…/ca.pem`.
"""

import os
import ssl
from pathlib import Path

import trustme


def server_context(folder: Path) -> ssl.SSLContext:
    """Create a TLS context for 127.0.0.1 and localhost.

    Args:
        folder: Holds the authority in `ca.pem` and `ca.key`; both are created if one is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    public, private = folder / "ca.pem", folder / "ca.key"
    if public.exists() and private.exists():
        authority = trustme.CA.from_pem(public.read_bytes(), private.read_bytes())
    else:
        authority = trustme.CA(organization_name="olist-elt local Redshift")
        with os.fdopen(
            os.open(private, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
        ) as file:
            file.write(authority.private_key_pem.bytes())
        authority.cert_pem.write_to_path(str(public))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context
