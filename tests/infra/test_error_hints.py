"""Errors of AWS and the warehouse get a hint, also errors that no local stack can raise."""

import errno

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from infra.error_hints import hint_for
from infra.warehouse import WarehouseError


def _api(code: str, operation: str = "GetObject") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "…"}}, operation)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (_api("ExpiredToken"), "have expired: sign in again"),
        (_api("ExpiredTokenException", "GetCredentials"), "have expired: sign in again"),
        (_api("InvalidClientTokenId"), "does not know these credentials"),
        (_api("AccessDenied", "PutObject"), "may not call PutObject there"),
        (_api("AccessDeniedException", "GetSecretValue"), "may not call GetSecretValue there"),
        (_api("403", "HeadBucket"), "may not call HeadBucket there"),
        (_api("NoSuchBucket"), "OLIST_BUCKET names no bucket"),
        (_api("PermanentRedirect"), "in another region than OLIST_AWS_REGION"),
        (_api("ResourceNotFoundException"), "does not exist in this account and region"),
        (_api("KMS.DisabledException"), "the KMS key cannot be used"),
        (NoCredentialsError(), "no AWS credentials were found"),
        (OSError(errno.ENOSPC, "No space left on device", "x"), "x: the disk is full: free"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "/x: this user may not write"),
        (OSError(errno.EROFS, "Read-only file system", "/x"), "set OLIST_HOME to a folder"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_aws_errors_get_a_hint(error: Exception, words: str) -> None:
    assert words in str(hint_for(error))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("certificate verify failed: IP address mismatch", "certificate is for another name"),
        ("certificate verify failed: unable to get local issuer", "not trusted"),
        ("communication error: Connection refused", "a workgroup that sleeps"),
        ("connection time out: timed out", "a workgroup that sleeps"),
        ("S3ServiceException:Access Denied,Status 403", "the role of COPY and UNLOAD"),
        ("User arn:… is not authorized to assume IAM Role arn:…", "the role of COPY and UNLOAD"),
        ("Spectrum Scan Error: Unmatched number of columns", "written for an earlier DDL"),
        ("permission denied for schema analytics", "lacks a grant"),
        # Redshift's message text is not documented; this is an assumption
        ("Usage limit reached", "the RPU-hours of the day are used up"),
    ],
)
def test_warehouse_error_messages_get_a_hint(text: str, words: str) -> None:
    error = WarehouseError(f"connecting to the warehouse: {text}", transient=True)
    assert words in str(hint_for(error))


@pytest.mark.parametrize(
    "error", [TimeoutError("timed out"), ConnectionError("Connection refused")]
)
def test_a_broken_connection_gets_a_hint(error: Exception) -> None:
    assert "nothing answers there" in str(hint_for(error))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("closing tag '[/b]' at position 4 doesn't match any open tag"),
        ValueError("review_comment_message is 'it timed out': longer than 2048 bytes"),
        WarehouseError("Invalid digit, Value 't', in 'timed out'", transient=False),
        FileNotFoundError("no such file: Connection refused.csv"),
    ],
)
def test_words_in_data_or_in_other_errors_get_no_hint(error: Exception) -> None:
    assert hint_for(error) is None


def test_an_error_gets_the_hint_of_its_cause() -> None:
    error = RuntimeError("the upload failed")
    error.__cause__ = _api("ExpiredToken")
    assert "have expired" in str(hint_for(error))


def test_a_self_explanatory_error_gets_no_hint() -> None:
    assert hint_for(ValueError("orders, line 3: order_id is missing")) is None
