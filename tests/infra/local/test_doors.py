"""The services on 127.0.0.1 answer programs that know their secrets, and no web page."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from infra.lake import Lake
from infra.local.loopback.page_guard import refusal
from infra.local.loopback.signature import is_signed
from infra.local.redshift.wire.iam_endpoint import CredentialsEndpoint
from infra.local.stack_secrets import StackSecrets
from infra.local.web.inbox import messages
from infra.settings import Settings
from tests.worker_stack import WorkerStack

# what a browser sends for a page of another site, by what the page does
FROM_PAGES = {
    "a form or fetch": {"Origin": "http://evil.example"},
    "a sandboxed frame": {"Origin": "null"},
    "another port of this machine": {"Origin": "http://127.0.0.1:3000"},
    "an image or a script": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"},
    "a frame": {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "iframe",
    },
    "DNS rebinding": {"Host": "evil.example:{port}"},
    "DNS rebinding with its origin": {
        "Host": "evil.example:{port}",
        "Origin": "http://evil.example:{port}",
        "Sec-Fetch-Site": "same-origin",
    },
    "a name that begins like ours": {"Host": "127.0.0.1.evil.example:{port}"},
}
PAGES = pytest.mark.parametrize("page", FROM_PAGES)


def _ask(
    url: str, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, str, http.client.HTTPMessage]:
    """Status, body and headers of the answer."""
    host, _, port = url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    filled = {name: text.format(port=port) for name, text in (headers or {}).items()}
    connection.putrequest(method, path, skip_host="Host" in filled)
    for name, text in {"Content-Length": str(len(body)), **filled}.items():
        connection.putheader(name, text)
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode(), answer.headers
    connection.close()
    return found


# ------------------------------------------------------------------ S3


@PAGES
def test_s3_refuses_web_pages(stack: Settings, page: str) -> None:
    Lake(stack).put_text("kept", "1", "text/plain")
    for method, path in (
        ("POST", "/moto-api/reset"),
        ("DELETE", f"/{stack.bucket}/kept"),
        ("PUT", f"/{stack.bucket}/planted"),
        ("GET", f"/{stack.bucket}/kept"),
        ("OPTIONS", f"/{stack.bucket}/kept"),
    ):
        status, _, headers = _ask(stack.s3_endpoint_url, method, path, b"x", FROM_PAGES[page])
        assert status == 403, (method, path)
        assert "Access-Control-Allow-Origin" not in headers
    assert list(Lake(stack).keys("")) == ["kept"]


@pytest.mark.parametrize("path", ["/moto-api/reset", "/moto-api/state-manager/set-transition"])
def test_the_administration_of_s3_is_closed_even_with_the_keys(stack: Settings, path: str) -> None:
    known = boto3.Session().get_credentials().get_frozen_credentials()
    request = AWSRequest("POST", f"{stack.s3_endpoint_url}{path}", data=b"")
    S3SigV4Auth(Credentials(known.access_key, known.secret_key), "s3", "us-east-1").add_auth(
        request
    )
    status, text, _ = _ask(stack.s3_endpoint_url, "POST", path, b"", dict(request.headers.items()))
    assert status == 403
    assert "administration" in text


@pytest.mark.parametrize("service", ["s3", "sns", "sts"])
def test_s3_and_sns_refuse_requests_without_the_keys(stack: Settings, service: str) -> None:
    client = boto3.client(
        service,
        endpoint_url=stack.s3_endpoint_url,
        aws_access_key_id=boto3.Session().get_credentials().access_key,
        aws_secret_access_key="guessed",
        region_name="us-east-1",
    )
    ask = {"s3": "list_buckets", "sns": "list_topics", "sts": "get_caller_identity"}[service]
    with pytest.raises(ClientError, match="not signed with the keys"):
        getattr(client, ask)()
    status, *_ = _ask(stack.s3_endpoint_url, "GET", "/")
    assert status == 403


# ------------------------------------------------------------------ inbox


@pytest.fixture
def inbox_url(services: WorkerStack) -> str:
    return services.web


MESSAGE = json.dumps({"subject": "forged", "body": "forged"}).encode()


@PAGES
def test_the_inbox_refuses_web_pages(stack: Settings, inbox_url: str, page: str) -> None:
    login = {"Authorization": StackSecrets.of(stack.state).web_authorization}
    before = len(messages(stack.state / "inbox"))
    for method, path in (("POST", "/hook"), ("POST", "/inbox"), ("GET", "/inbox"), ("HEAD", "/")):
        status, *_ = _ask(inbox_url, method, path, MESSAGE, {**FROM_PAGES[page], **login})
        assert status == 403, (method, path)
    assert len(messages(stack.state / "inbox")) == before


def test_the_inbox_refuses_a_request_without_its_login(stack: Settings, inbox_url: str) -> None:
    before = len(messages(stack.state / "inbox"))
    for headers in ({}, {"Authorization": "Basic b2xpc3Q6Z3Vlc3NlZA=="}):
        for method, path in (
            ("POST", "/hook"),
            ("POST", "/inbox"),
            ("GET", "/inbox"),
            ("GET", "/"),
        ):
            status, text, _ = _ask(inbox_url, method, path, MESSAGE, headers)
            assert status == 401
            assert "web.password" in text
    assert len(messages(stack.state / "inbox")) == before


def test_a_person_opens_the_inbox_from_a_link_in_another_page(
    stack: Settings, inbox_url: str
) -> None:
    link = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
        "Authorization": StackSecrets.of(stack.state).web_authorization,
    }
    status, text, headers = _ask(inbox_url, "GET", "/inbox", b"", link)
    assert status == 200
    assert "<h1>Inbox</h1>" in text
    assert headers["X-Frame-Options"] == "DENY"


def test_sns_still_delivers_to_the_inbox(stack: Settings) -> None:
    sns = boto3.Session().client(
        "sns", endpoint_url=stack.sns_endpoint_url, region_name="us-east-1"
    )
    sns.publish(TopicArn=stack.notify_topic, Subject="real", Message="real")
    assert messages(stack.state / "inbox")[0].subject == "real"


# ------------------------------------------------------------------ IAM endpoint


@pytest.fixture(scope="module")
def iam() -> Iterator[CredentialsEndpoint]:
    endpoint = CredentialsEndpoint(0, "ana", "pw", 5439)
    yield endpoint
    endpoint.shutdown()


@PAGES
def test_the_iam_endpoint_refuses_web_pages(iam: CredentialsEndpoint, page: str) -> None:
    url = f"http://127.0.0.1:{iam.port}"
    status, text, _ = _ask(url, "POST", "/", b"{}", FROM_PAGES[page])
    assert status == 403
    assert "signature" not in text  # refused before the signature is looked at


# ------------------------------------------------------------------ the guards themselves

OWN = st.sampled_from(["127.0.0.1:8080", "localhost:8080"])
NAMES = st.from_regex(r"[a-z0-9.:\[\]-]{0,30}", fullmatch=True)


@given(OWN, NAMES.filter(lambda name: name not in {"127.0.0.1:8080", "localhost:8080"}))
def test_only_the_service_s_own_names_are_host_and_origin(own: str, other: str) -> None:
    assert refusal({"host": own}, 8080) is None
    assert refusal({"host": own, "origin": f"http://{own}"}, 8080) is None
    assert refusal({"host": other}, 8080)
    assert refusal({"host": own, "origin": f"http://{other}"}, 8080)
    assert refusal({"host": own, "origin": f"https://{own}"}, 8080)


KEYS = Credentials("key", "secret")


def _signed(target: str, extra: dict[str, str]) -> dict[str, str]:
    request = AWSRequest("PUT", f"http://127.0.0.1:8080{target}", data=b"body", headers=extra)
    S3SigV4Auth(KEYS, "s3", "us-east-1").add_auth(request)
    found = {name.lower(): str(text) for name, text in request.headers.items()}
    return {**found, "host": "127.0.0.1:8080"}


@given(
    st.from_regex(
        r"/[A-Za-z0-9_.~%=/ã-]{0,20}(\?[a-z]+=[a-z0-9]{0,5}(&[a-z]+=[a-z0-9]{0,5})?)?",
        fullmatch=True,
    ).map(lambda text: urllib.request.quote(text, safe="/%?=&~")),
    st.dictionaries(
        st.sampled_from(["x-amz-meta-a", "content-type", "if-none-match"]),
        st.from_regex(r"[!-~]{1,9}", fullmatch=True),
    ),
)
def test_a_signature_holds_for_its_own_request_only(target: str, extra: dict[str, str]) -> None:
    headers = _signed(target, extra)
    assert is_signed("PUT", target, headers, b"", KEYS)
    assert not is_signed("GET", target, headers, b"", KEYS)
    assert not is_signed("PUT", target + "x", headers, b"", KEYS)
    assert not is_signed("PUT", target, headers, b"", Credentials("key", "other"))
    assert not is_signed("PUT", target, headers, b"", Credentials("other", "secret"))
    for name in (*extra, "x-amz-content-sha256", "x-amz-date"):
        assert not is_signed("PUT", target, {**headers, name: "other"}, b"", KEYS)


@given(st.text(max_size=200))
def test_any_other_authorization_is_no_signature(text: str) -> None:
    assert not is_signed("GET", "/", {"authorization": text, "host": "127.0.0.1:8080"}, b"", KEYS)


def test_what_the_services_write_is_private(stack: Settings) -> None:
    Lake(stack).put_text("folder/object", "1", "text/plain")
    home = stack.state
    written = [
        path for name in ("s3", "redshift", "inbox") for path in home.joinpath(name).rglob("*")
    ]
    secrets = [home / name for name in ("web.password", "reader.password", "inbox.netrc")]
    assert len(written) > 3
    for path in (home, *written, *secrets, home / "logs"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_process_list_shows_no_secret(services: object, stack: Settings) -> None:
    known = services._services
    secrets = set(vars(known.secrets).values())
    for service in known.running.values():
        shown = Path(f"/proc/{service.process.pid}/cmdline").read_text().replace("\0", " ")
        assert service.spec.module[0] in shown
        assert not [s for s in secrets if s in shown]
