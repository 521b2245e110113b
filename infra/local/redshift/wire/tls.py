"""A certificate authority of one's own, so that drivers can verify the local server.

`ca.pem` beside the database is what a client trusts: `SSL_CERT_FILE=…/ca.pem`.
"""

import os
import ssl
from pathlib import Path

import trustme


def server_context(folder: Path) -> ssl.SSLContext:
    """TLS for 127.0.0.1 and localhost; the authority is made once per folder and kept there."""
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
