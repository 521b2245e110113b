"""Temporary passwords for AWS credentials: what logins use of Redshift Serverless and STS.

A caller signs requests with the server's user as access key and the user's password as secret key.
GetCredentials answers with a user `IAM:…` and a password that is valid for one hour. AssumeRole
answers with temporary credentials, for which GetCredentials names the user `IAMR:<role>`.

Sources: https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html
and https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

import json
import secrets
import threading
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from botocore.credentials import Credentials

from infra.local.loopback import page_guard, signature

_VALID_SECONDS = 3600
_MAX_BODY = 100_000
_REQUEST_SECONDS = 30
_ACCOUNT = "000000000000"
_ROLE_USER = "IAMR:"  # prefix of the database user of an IAM role
_STS = "https://sts.amazonaws.com/doc/2011-06-15/"


class CredentialsEndpoint:
    """Answers GetCredentials, GetWorkgroup, AssumeRole and GetCallerIdentity on 127.0.0.1.

    It runs in a background thread.
    """

    def __init__(
        self,
        port: int,
        access_key: str,
        secret_key: str,
        redshift_port: int,
        users: Collection[str] = (),
    ) -> None:
        """Start serving.

        Args:
            port: The port on 127.0.0.1; 0 takes a free one.
            access_key: The access key that callers must sign with.
            secret_key: The secret key that callers must sign with.
            redshift_port: The port that GetWorkgroup returns.
            users: The database users; `IAMR:<role>` is that of a role that callers may assume.

        Raises:
            OSError: The port cannot be used.
        """
        self._keys = {access_key: Credentials(access_key, secret_key)}
        self._names = {access_key: f"IAM:{access_key}"}  # database user of an access key
        self._until = {access_key: float("inf")}  # when a key expires
        self._roles = {user.removeprefix(_ROLE_USER) for user in users if _ROLE_USER in user}
        self._redshift_port = redshift_port
        self._issued: dict[str, tuple[bytes, float]] = {}
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _REQUEST_SECONDS

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length") or ""
                size = min(int(length), _MAX_BODY) if length.isdigit() else 0
                status, kind, answer = endpoint.answer(dict(self.headers), self.rfile.read(size))
                body = answer.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
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

    def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, str, str]:
        """Answer a request of the AWS JSON protocol (Redshift) or of the query protocol (STS).

        Args:
            headers: The HTTP headers of the request.
            body: The body of the request.

        Returns:
            The HTTP status, the content type and the body of the response.
        """
        named = {name.lower(): value for name, value in headers.items()}
        key = signature.access_key(named)
        reason = page_guard.refusal(named, self.port)
        if reason is None and not (
            time.time() < self._until.get(key, 0)
            and signature.is_signed("POST", "/", named, body, self._keys[key])
        ):
            reason = "the signature is wrong"
        if signature.service(named) == "sts":
            status, text = (403, _sts_error("AccessDenied", reason)) if reason else (
                self._answer_sts(key, body)
            )  # fmt: skip
            return status, "text/xml", text
        if reason:
            found = 403, {"__type": "AccessDeniedException", "message": reason}
        else:
            action = named.get("x-amz-target", "").removeprefix("RedshiftServerless.")
            found = self._answer_redshift(key, action, body)
        return found[0], "application/x-amz-json-1.1", json.dumps(found[1])

    def _answer_redshift(self, key: str, action: str, body: bytes) -> tuple[int, dict]:
        try:
            name = json.loads(body or b"{}").get("workgroupName")
        except (ValueError, AttributeError):
            return 400, {"__type": "ValidationException", "message": "body is not a JSON object"}
        if action == "GetWorkgroup":
            endpoint = {"address": "127.0.0.1", "port": self._redshift_port}
            return 200, {"workgroup": {"workgroupName": name, "endpoint": endpoint}}
        if action == "GetCredentials":
            user, password = self._names[key], secrets.token_urlsafe(24)
            until = time.time() + _VALID_SECONDS
            self._issued[user] = (password.encode(), until)
            return 200, {"dbUser": user, "dbPassword": password, "expiration": until}
        return 400, {"__type": "ValidationException", "message": f"{action} is not emulated"}

    def _answer_sts(self, key: str, body: bytes) -> tuple[int, str]:
        asked = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
        action = asked.get("Action", "")
        if action == "GetCallerIdentity":
            arn = f"arn:aws:iam::{_ACCOUNT}:user/{self._names[key].partition(':')[2]}"
            return 200, _sts(action, f"<Arn>{arn}</Arn><Account>{_ACCOUNT}</Account>")
        if action != "AssumeRole":
            return 400, _sts_error("InvalidAction", f"{action} is not emulated")
        role = asked.get("RoleArn", "").rpartition("/")[2]
        if role not in self._roles or self._names[key].startswith(_ROLE_USER):
            return 403, _sts_error("AccessDenied", f"this user may not assume a role {role}")
        known = Credentials(f"ASIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))
        self._keys[known.access_key] = known
        self._names[known.access_key] = f"{_ROLE_USER}{role}"
        self._until[known.access_key] = time.time() + _VALID_SECONDS
        until = datetime.now(UTC) + timedelta(seconds=_VALID_SECONDS)
        return 200, _sts(
            action,
            f"<Credentials><AccessKeyId>{known.access_key}</AccessKeyId>"
            f"<SecretAccessKey>{known.secret_key}</SecretAccessKey>"
            f"<SessionToken>{secrets.token_urlsafe(30)}</SessionToken>"
            f"<Expiration>{until:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials>",
        )


def _sts(action: str, result: str) -> str:
    return (
        f'<{action}Response xmlns="{_STS}"><{action}Result>{result}</{action}Result>'
        f"</{action}Response>"
    )


def _sts_error(code: str, message: str) -> str:
    return (
        f'<ErrorResponse xmlns="{_STS}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error></ErrorResponse>"
    )
