"""A real HTTP server that receives notifications."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prefect.blocks.notifications import CustomWebhookNotificationBlock


class Receiver:
    """A real HTTP server that stores the requests it receives."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.received: list[tuple[str, Any]] = []
        self.answers = [200]  # response statuses; the last one repeats
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                is_json = body.startswith((b"{", b"["))
                outer.received.append((self.path, json.loads(body) if is_json else body.decode()))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


def webhook_to(receiver: Receiver, name: str) -> str:
    """Save a Prefect webhook block; return its name as used in settings."""
    block = CustomWebhookNotificationBlock(
        name=name, url=receiver.url, json_data={"subject": "{{subject}}", "body": "{{body}}"}
    )
    block.save(name, overwrite=True)
    return f"custom-webhook/{name}"
