"""Lets only signed requests of programs reach the local AWS API, and none to its administration."""

import io
import json
from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape

from botocore.credentials import Credentials

from infra.local.loopback import page_guard, signature

_MAX_BODY = 1 << 20  # bytes of a request to another service than S3


class S3Guard:
    """WSGI middleware that answers 403 to web pages, unsigned requests and administration paths.

    moto's administration can empty the server (`POST /moto-api/reset`), and moto echoes any
    `Origin`.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], keys: Credentials) -> None:
        """Guard `app`; its callers sign with `keys`."""
        self._app = app
        self._keys = keys

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request, or refuse it."""
        headers = _headers(environ)
        reason = self._refusal(environ, headers)
        if reason is None:
            return self._app(environ, start_response)
        kind, text = _answer(reason, headers)
        start_response("403 Forbidden", [("Content-Type", kind), ("Connection", "close")])
        return [text.encode()]

    def _refusal(self, environ: dict[str, Any], headers: dict[str, str]) -> str | None:
        reason = page_guard.refusal(headers, int(environ["SERVER_PORT"]))
        if reason is not None:
            return reason
        target = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ["PATH_INFO"]
        if environ["PATH_INFO"].startswith(("/moto-api", "/_aws", "/latest/")):
            return "the administration of the local S3 is closed"
        body = b""
        if signature.service(headers) != "s3":
            length = headers.get("content-length", "0")
            if not length.isdigit() or int(length) > _MAX_BODY:
                return f"a body of {length} bytes; at most {_MAX_BODY:,} are read"
            body = environ["wsgi.input"].read(int(length))
            environ["wsgi.input"] = io.BytesIO(body)
        if not signature.is_signed(environ["REQUEST_METHOD"], target, headers, body, self._keys):
            return (
                "the request is not signed with the keys of this stack; OLIST_HOME/stack.json of "
                "the running stack has them"
            )
        return None


def _answer(reason: str, headers: dict[str, str]) -> tuple[str, str]:
    """Content type and body of a refusal, in the protocol of the service that is asked."""
    if "x-amz-target" in headers:
        answer = {"__type": "AccessDeniedException", "message": reason}
        return headers.get("content-type", "application/json"), json.dumps(answer)
    error = f"<Error><Code>AccessDenied</Code><Message>{escape(reason)}</Message></Error>"
    if signature.service(headers) not in {"", "s3"}:
        error = f"<ErrorResponse>{error}</ErrorResponse>"
    return "application/xml", error


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    """The HTTP headers of a WSGI request, by lower-case name."""
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers
