"""Checks the AWS signature (version 4) of a request.

Unlike AWS, it accepts a request of any age: it does not protect from a person who can record what
passes the loopback interface, which only root can.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import re
from collections.abc import Mapping

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_GIVEN = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[\w-]+)/(?P<service>[\w-]+)/"
    r"aws4_request, ?SignedHeaders=(?P<headers>[^,\s]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


def access_key(headers: Mapping[str, str]) -> str:
    """Return the access key that a request names, before its signature is checked; '' if none."""
    match = _GIVEN.fullmatch(headers.get("authorization", ""))
    return match["key"] if match else ""


def service(headers: Mapping[str, str]) -> str:
    """Return the AWS service that a request is signed for, such as `s3`; '' if it is not signed."""
    match = _GIVEN.fullmatch(headers.get("authorization", ""))
    return match["service"] if match else ""


def is_signed(
    method: str, target: str, headers: Mapping[str, str], body: bytes, keys: Credentials
) -> bool:
    """Return whether a request is signed with these keys.

    Args:
        method: The HTTP method.
        target: Path and query of the request line, as sent.
        headers: The HTTP headers, by lower-case name.
        body: The body. A request to S3 names the hash of its body in a signed header instead.
        keys: The access key and the secret key.
    """
    match = _GIVEN.fullmatch(headers.get("authorization", ""))
    if match is None or match["key"] != keys.access_key:
        return False
    names = match["headers"].split(";")
    required = {"host", "x-amz-content-sha256"} if match["service"] == "s3" else {"host"}
    if not required.issubset(names):
        return False
    request = AWSRequest(method, f"http://{headers.get('host', '')}{target}", data=body)
    for name in names:
        request.headers[name] = headers.get(name, "")
    signer_class = S3SigV4Auth if match["service"] == "s3" else SigV4Auth
    signer = signer_class(keys, match["service"], match["region"])
    request.context["timestamp"] = headers.get("x-amz-date", "")
    try:
        canonical = signer.canonical_request(request)
    except ValueError:  # the target is not a URL
        return False
    expected = signer.signature(signer.string_to_sign(request, canonical), request)
    return hmac.compare_digest(match["signature"].encode(), str(expected).encode())
