"""Temporary passwords for AWS credentials: the part of the Serverless API that drivers use.

A caller signs the request with the server's user as access key and the user's password as secret
key. The answer holds a user `IAM:…` and a password that is valid for one hour.
Source: https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html
"""

import hmac
import json
import re
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_VALID_SECONDS = 3600
_MAX_BODY = 100_000


class CredentialsEndpoint:
    """Answers GetCredentials and GetWorkgroup on 127.0.0.1, in a background thread."""

    def __init__(self, port: int, access_key: str, secret_key: str, redshift_port: int) -> None:
        """Start serving.

        Args:
            port: The port on 127.0.0.1; 0 takes a free one.
            access_key: The access key that callers must sign with.
            secret_key: The secret key that callers must sign with.
            redshift_port: The port that GetWorkgroup returns.

        Raises:
            OSError: The port cannot be used.
        """
        self._keys = Credentials(access_key, secret_key)
        self._redshift_port = redshift_port
        self._issued: dict[str, tuple[bytes, float]] = {}
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = self.headers.get("Content-Length") or ""
                size = min(int(length), _MAX_BODY) if length.isdigit() else 0
                status, answer = endpoint.answer(dict(self.headers), self.rfile.read(size))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Log nothing, because requests carry signatures."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def shutdown(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def password_of(self, user: str) -> bytes | None:
        """The password issued to a user; None if there is none or it has expired."""
        password, until = self._issued.get(user, (None, 0.0))
        return password if time.time() < until else None

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, dict]:
        """Answer a request of the AWS JSON protocol.

        Args:
            headers: The HTTP headers of the request.
            body: The JSON body of the request.

        Returns:
            The HTTP status and the JSON object of the response.
        """
        named = {name.lower(): value for name, value in headers.items()}
        if not self._signed(named, body):
            return 403, {"__type": "AccessDeniedException", "message": "the signature is wrong"}
        action = named.get("x-amz-target", "").removeprefix("RedshiftServerless.")
        try:
            name = json.loads(body or b"{}").get("workgroupName")
        except (ValueError, AttributeError):
            return 400, {"__type": "ValidationException", "message": "body is not a JSON object"}
        if action == "GetWorkgroup":
            endpoint = {"address": "127.0.0.1", "port": self._redshift_port}
            return 200, {"workgroup": {"workgroupName": name, "endpoint": endpoint}}
        if action == "GetCredentials":
            user, password = f"IAM:{self._keys.access_key}", secrets.token_urlsafe(24)
            until = time.time() + _VALID_SECONDS
            self._issued[user] = (password.encode(), until)
            return 200, {"dbUser": user, "dbPassword": password, "expiration": until}
        return 400, {"__type": "ValidationException", "message": f"{action} is not emulated"}

    def _signed(self, headers: dict[str, str], body: bytes) -> bool:
        """Whether the request is signed with the server's own keys."""
        given = headers.get("authorization", "")
        match = re.search(r"SignedHeaders=([^,\s]+)", given)
        scope = re.search(r"Credential=[^/]+/\d{8}/([\w-]+)/([\w-]+)/", given)
        if match is None or scope is None:
            return False
        names = match[1].split(";")
        request = AWSRequest("POST", f"http://{headers.get('host', '')}/", data=body)
        for name in names:
            request.headers[name] = headers.get(name, "")
        signer = SigV4Auth(self._keys, scope[2], scope[1])
        request.context["timestamp"] = headers.get("x-amz-date", "")
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        expected = f"Credential={self._keys.access_key}/"
        return expected in given and hmac.compare_digest(
            given.rsplit("Signature=", 1)[-1].encode(), str(signature).encode()
        )
