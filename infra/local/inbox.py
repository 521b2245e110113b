"""The local inbox: receive notifications over HTTP and store them as an HTML page.

The path `/sns` accepts the messages that Amazon SNS sends to an HTTP subscription. The path `/hook`
accepts JSON with `subject` and `body`, as Prefect's custom webhook block sends it. Each message is
a JSON file in the folder of the page. Every request carries the login in LOCAL_INBOX_LOGIN
(HTTP Basic authentication).
"""

import argparse
import hmac
import html
import json
import logging
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from infra.local.loopback import page_guard
from infra.local.stack_secrets import basic_authorization
from infra.private_files import write_private

_MOST = 1_000_000  # maximum bytes of a request
_SHOWN = 200  # maximum messages on the page
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>olist-elt inbox</title>
<style>:root {{ color-scheme: light dark }} body {{ font: 16px/1.5 system-ui, sans-serif;
max-width: 56rem; margin: 0 auto; padding: 1.5rem 1rem }} article {{ border-top: 1px solid #8885;
padding: .8rem 0 }} h2 {{ font-size: 1.05rem; margin: 0; overflow-wrap: anywhere }}
time {{ opacity: .7 }} pre {{ white-space: pre-wrap; overflow-wrap: anywhere;
font: .85rem/1.45 ui-monospace, monospace }}</style></head>
<body><h1>Inbox</h1><p>{count} notifications, newest first.</p>{messages}</body></html>"""


class Inbox:
    """A folder of messages with an HTML page."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; create it if it is missing."""
        self._folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, subject: str, body: str) -> None:
        """Store a message and rewrite the page; safe for concurrent requests."""
        now = datetime.now(UTC)
        message = {"at": now.isoformat(), "subject": subject, "body": body}
        with self._lock:
            path = self._folder / f"{now:%Y%m%dT%H%M%S.%f}.json"
            write_private(path, json.dumps(message, ensure_ascii=False, indent=2))
            write_private(self._folder / "index.html", self.page())

    def page(self) -> str:
        """Render the newest messages as HTML, newest first."""
        found = messages(self._folder)
        articles = "".join(
            f"<article><h2>{html.escape(m['subject'])}</h2><time>{m['at'][:16]} UTC</time>"
            f"<pre>{html.escape(m['body'])}</pre></article>"
            for m in found[:_SHOWN]
        )
        return _PAGE.format(count=len(found), messages=articles)


def messages(folder: Path) -> list[dict[str, str]]:
    """Read all messages of an inbox, newest first.

    Returns:
        Messages with the keys `at` (ISO timestamp in UTC), `subject` and `body`.
    """
    return [_stored(path) for path in sorted(folder.glob("*.json"), reverse=True)]


def _stored(path: Path) -> dict[str, str]:
    """Read a message; one that is cut off, as by a full disk, is named and hides no other."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {key: str(found[key]) for key in ("at", "subject", "body")}
    except (ValueError, KeyError, TypeError):
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
        return {
            "at": at,
            "subject": "(a message that cannot be read)",
            "body": f"{path} is cut off",
        }


class _Handler(BaseHTTPRequestHandler):
    inbox: ClassVar[Inbox]
    authorization: ClassVar[str]
    timeout = 30  # seconds without a byte until a request ends

    def do_GET(self) -> None:
        if self._refused():
            return
        self._answer(200, self.inbox.page(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        if self._refused():
            return
        given = self.headers.get("Content-Length", "0")
        length = int(given) if given.isascii() and given.isdigit() else _MOST + 1
        if length > _MOST:
            self._answer(413, "too large")
            return
        try:
            found = json.loads(self.rfile.read(length))
            subject, body = _message(self.path, found)
        except (ValueError, KeyError, AttributeError) as error:
            self._answer(400, f"not a notification: {error!r}")
            return
        if body:
            self.inbox.keep(subject, body)
        self._answer(200, "kept")

    def _refused(self) -> bool:
        """Answer 403 to web pages, and 401 without the login; return whether it was refused."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        port = self.connection.getsockname()[1]
        if reason := page_guard.refusal(headers, port, self.command):
            self._answer(403, reason)
            return True
        given = headers.get("authorization", "")
        if hmac.compare_digest(given.encode(), self.authorization.encode()):
            return False
        self._answer(
            401, "sign in as olist with the password in web.password, in the folder OLIST_HOME"
        )
        return True

    def _answer(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
        body = text.encode()
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="olist-elt inbox"')
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Do not log each request."""


def _message(path: str, found: dict[str, Any]) -> tuple[str, str]:
    if path == "/sns":
        # the other types confirm subscriptions, which the local SNS does not require
        notified = found["Type"] == "Notification"
        return found.get("Subject") or "", found["Message"] if notified else ""
    return str(found.get("subject") or ""), str(found["body"])


def main() -> None:
    """Serve until SIGTERM; print `ready <address>` once the server accepts requests."""
    parser = argparse.ArgumentParser(description="A local inbox of notifications.")
    parser.add_argument("--path", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    login = os.environ.get("LOCAL_INBOX_LOGIN")
    if not login:
        parser.error("set LOCAL_INBOX_LOGIN to user:password")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    _Handler.authorization = basic_authorization(login)
    _Handler.inbox = Inbox(arguments.path)
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), _Handler)

    def stop(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
