"""Serve pages and the inbox on 127.0.0.1.

    /            the overview of all runs; reports, dashboards and Data Docs are beside it
    /inbox       the page of the inbox
    POST /inbox  marks messages as read
    POST /sns    accepts the messages that Amazon SNS sends to an HTTP subscription
    POST /hook   accepts JSON with `subject` and `body`, as Prefect's custom webhook block sends it

Every request carries the login in LOCAL_WEB_LOGIN (HTTP Basic authentication).
"""

import argparse
import hmac
import json
import logging
import os
import signal
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from infra.local.loopback import page_guard
from infra.local.stack_secrets import basic_authorization
from infra.local.web.inbox import Inbox
from infra.local.web.inbox_page import page
from infra.private_files import make_private

_MOST = 1_000_000  # maximum bytes of a request


class _Handler(SimpleHTTPRequestHandler):
    inbox: ClassVar[Inbox]
    authorization: ClassVar[str]
    timeout = 30  # seconds without a byte until a request ends

    def do_GET(self) -> None:
        self._read(super().do_GET)

    def do_HEAD(self) -> None:
        self._read(super().do_HEAD)

    def _read(self, answer_file: Any) -> None:  # noqa: ANN401 (a method)
        if self._refused():
            return
        url = urlsplit(self.path)
        if url.path == "/inbox":
            self._answer(200, page(self.inbox.messages(), _one_each(url.query)), "text/html")
        elif url.path == "/" and not (Path(self.directory) / "index.html").exists():
            self._redirect("/inbox")  # nothing has run yet
        else:
            answer_file()

    def list_directory(self, path: Any) -> BytesIO | None:  # noqa: ANN401
        """Do not list folders."""
        del path
        self.send_error(404, "No such page")
        return None

    def end_headers(self) -> None:
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")  # a page is written again by each run
        super().end_headers()

    def do_POST(self) -> None:
        if self._refused():
            return
        given = self.headers.get("Content-Length", "0")
        length = int(given) if given.isascii() and given.isdigit() else _MOST + 1
        if length > _MOST:
            self._answer(413, "too large")
            return
        body = self.rfile.read(length)
        url = urlsplit(self.path)
        if url.path == "/inbox":
            self.inbox.mark_read(parse_qs(body.decode(errors="replace")).get("id", []))
            self._redirect(self.path)
            return
        try:
            subject, text = _message(url.path, json.loads(body))
        except (ValueError, KeyError, AttributeError) as error:
            self._answer(400, f"not a notification: {error!r}")
            return
        if text:
            self.inbox.keep(subject, text)
        self._answer(200, "kept")

    def _refused(self) -> bool:
        """Answer 403 to web pages, and 401 without the login; return whether it was refused."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        port = self.connection.getsockname()[1]
        method = "GET" if self.command == "HEAD" else self.command
        if reason := page_guard.refusal(headers, port, method):
            self._answer(403, reason)
            return True
        given = headers.get("authorization", "")
        if hmac.compare_digest(given.encode(), self.authorization.encode()):
            return False
        self._answer(
            401, "sign in as olist with the password in web.password, in the folder OLIST_HOME"
        )
        return True

    def _redirect(self, where: str) -> None:
        self.send_response(303)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, text: str, kind: str = "text/plain") -> None:
        body = text.encode()
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="olist-elt"')
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Do not log each request."""


def _one_each(query: str) -> dict[str, str]:
    """The first value of each field of a query that the page of the inbox knows."""
    found = parse_qs(query)
    return {name: found[name][0] for name in ("search", "kind", "unread") if name in found}


def _message(path: str, found: dict[str, Any]) -> tuple[str, str]:
    if path == "/sns":
        # the other types confirm subscriptions, which the local SNS does not require
        notified = found["Type"] == "Notification"
        return found.get("Subject") or "", found["Message"] if notified else ""
    return str(found.get("subject") or ""), str(found["body"])


def main() -> None:
    """Serve until SIGTERM; print `ready <address>` once the server accepts requests."""
    parser = argparse.ArgumentParser(description="A local web server: pages and an inbox.")
    parser.add_argument("--pages", type=Path, required=True, help="Folder of the pages.")
    parser.add_argument("--inbox", type=Path, required=True, help="Folder of the messages.")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    login = os.environ.get("LOCAL_WEB_LOGIN")
    if not login:
        parser.error("set LOCAL_WEB_LOGIN to user:password")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    make_private(arguments.pages)
    _Handler.authorization = basic_authorization(login)
    _Handler.inbox = Inbox(arguments.inbox)
    handler = partial(_Handler, directory=str(arguments.pages))
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), handler)

    def stop(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
