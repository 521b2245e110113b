"""Advice for errors of AWS and the warehouse whose messages do not name a remedy."""

import errno
import re
import shutil
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    TokenRetrievalError,
)
from redshift_connector.error import Error, InterfaceError

from infra.settings import Settings
from infra.warehouse import WarehouseError

# error codes of AWS APIs: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html and
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_CODES = {
    "ExpiredToken|ExpiredTokenException|RequestExpired|TokenRefreshRequired": (
        "the AWS credentials have expired: sign in again (`aws sso login`), and unset old AWS_… "
        "variables"
    ),
    "InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClientException|SignatureDoesNotMatch": (
        "AWS does not know these credentials: `aws sts get-caller-identity` shows whose they are"
    ),
    "NoSuchBucket": (
        "OLIST_BUCKET names no bucket: `terraform -chdir=infra/terraform output -raw dotenv` "
        "prints the right one"
    ),
    "PermanentRedirect|301|AuthorizationHeaderMalformed|IllegalLocationConstraintException": (
        "the bucket is in another region than OLIST_AWS_REGION; COPY of Parquet needs the bucket "
        "and the warehouse in the same region"
    ),
    "DecryptionFailure|KMS.DisabledException|KMS.NotFoundException|KMSInvalidStateException": (
        "the KMS key cannot be used: check that it is enabled, and that the role has kms:Decrypt "
        "and kms:GenerateDataKey for it (OLIST_KMS_KEY)"
    ),
    "ResourceNotFoundException": (
        "the resource does not exist in this account and region: compare .env with "
        "`terraform -chdir=infra/terraform output -raw dotenv`, and check OLIST_AWS_REGION"
    ),
}
_DENIED = "AccessDenied|AccessDeniedException|403|AuthorizationError|AuthorizationErrorException"
# messages of sockets and OpenSSL
_CONNECTION = {
    r"[Hh]ostname mismatch|IP address mismatch|doesn't match": (
        "the server's certificate is for another name: OLIST_REDSHIFT_HOST must be the endpoint "
        "that Terraform prints; through a tunnel, map that name to 127.0.0.1 in /etc/hosts "
        "(docs/aws.md)"
    ),
    r"certificate verify failed": (
        "the server's certificate comes from an authority that is not trusted: check that this is "
        "the warehouse and not a proxy; to trust a company's own authority, set SSL_CERT_FILE"
    ),
    r"Connection refused|timed out|Name or service not known|No route to host|getaddrinfo"
    r"|Network is unreachable": (
        "nothing answers there: on a laptop, `olist status` shows whether the stack is up; a "
        "workgroup that sleeps needs some seconds to resume, and a private workgroup is reachable "
        "only inside its VPC (docs/aws.md explains access from a laptop)"
    ),
}
# messages of the warehouse
_STATEMENT = {
    r"No space left on device|[Dd]isk.*full|out of disk space": (
        "the disk of the warehouse is full: free some space, then run again"
    ),
    r"[Uu]sage limit|reached.*limit.*(RPU|usage)": (
        "the RPU-hours of the day are used up: wait until midnight UTC, or raise daily_rpu_hours "
        "and apply Terraform (docs/aws.md)"
    ),
    r"S3ServiceException.*Access ?Denied|not authorized to (assume|get credentials)"
    r"|UnauthorizedException": (
        "Redshift may not use the role of COPY and UNLOAD, or the role lacks access to S3: check "
        "that OLIST_COPY_ROLE is attached to the namespace, and that its policy names this prefix"
    ),
    r"Unmatched number of columns": (
        "the Parquet in the lake was written for an earlier DDL: load the batches of that table "
        "again from their sources (olist run --batch-date), then repeat the command"
    ),
    r"olist query, which only reads: .*(permission denied|read-only)": (
        "`olist query` takes one SELECT; flows write, and `olist export` copies tables to files"
    ),
    r"permission denied for (schema|relation|database|table|language)": (
        "the database user lacks a grant: apply Terraform again, which runs sql/access/*.sql"
    ),
}
_DISK = {
    errno.ENOSPC: "the disk is full: free some space, then run again",
    errno.EDQUOT: "the disk quota is used up: free some space, then run again",
    errno.EROFS: "the file system is read-only: set OLIST_HOME to a folder that can be written",
    errno.EACCES: "this user may not write there: correct its owner, or set OLIST_HOME",
    errno.EPERM: "this user may not write there: correct its owner, or set OLIST_HOME",
    errno.ENOTDIR: "a part of this path is no folder: set OLIST_HOME to another one",
}
_FREE_BYTES = 1 << 20  # with less, databases fail
_SERVER_ERROR = 500
_BROKEN_CONNECTIONS = (
    ConnectionError,
    TimeoutError,
    ssl.SSLError,
    socket.gaierror,
    InterfaceError,
    EndpointConnectionError,
    HTTPClientError,
)


def hint_for(error: BaseException) -> str | None:
    """Return advice for an error or one of its causes.

    Returns:
        What to do, as a clause without a full stop; None if there is no advice for this error.
    """
    # local services fail in many words if there is no space left
    if _is_of_service(error) and (full := _full_disk()):
        return f"{full}: {_DISK[errno.ENOSPC]}"
    for cause in _causes(error):
        if (
            isinstance(cause, OSError)
            and not isinstance(cause, _BROKEN_CONNECTIONS)  # their numbers mean something else
            and cause.errno in _DISK
        ):
            where = f"{cause.filename}: " if cause.filename else ""
            return f"{where}{_DISK[cause.errno]}"
        if type(cause).__name__ == "TaskRunTimeoutError":
            return (
                "a step took longer than OLIST_STEP_HOURS, and was ended: the log names it; find "
                "what holds it up, or set a higher limit"
            )
        if _is_of_prefect(cause):
            return (
                "Prefect's server failed or did not answer: its log is logs/prefect-server.log "
                "under OLIST_HOME, and `olist status` shows whether the stack is up"
            )
        if isinstance(cause, (NoCredentialsError, TokenRetrievalError)):
            return (
                "no AWS credentials were found: sign in (`aws sso login`), set AWS_PROFILE, or run "
                "where a role is attached"
            )
        if isinstance(cause, ClientError):
            code = str(cause.response.get("Error", {}).get("Code", ""))
            if re.fullmatch(_DENIED, code):
                return (
                    f"this identity may not call {cause.operation_name} there: "
                    "`aws sts get-caller-identity` shows who it is; the pipeline's role and what "
                    "it may do are in infra/terraform/modules/access"
                )
            for codes, advice in _CODES.items():
                if re.fullmatch(codes, code):
                    return advice
    return next(filter(None, map(_hint_by_words, _causes(error))), None)


def _is_of_prefect(error: BaseException) -> bool:
    """Whether a call of Prefect's API has failed."""
    return type(error).__module__.startswith(("httpx", "prefect.exceptions")) and bool(
        re.search(r"HTTPStatus|Connect|ReadTimeout|Protocol", type(error).__name__)
    )


def _is_of_service(error: BaseException) -> bool:
    """Whether a service has failed, or did not answer."""
    return any(
        _is_of_prefect(cause)
        or isinstance(cause, (Error, WarehouseError, *_BROKEN_CONNECTIONS))
        or (isinstance(cause, ClientError) and _status(cause) >= _SERVER_ERROR)
        for cause in _causes(error)
    )


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _full_disk() -> Path | None:
    """The state folder, if its disk is full."""
    try:
        home = Settings().state
        return home if shutil.disk_usage(home).free < _FREE_BYTES else None
    except (OSError, ValueError):  # there is no state folder, or a setting is wrong
        return None


def _hint_by_words(error: BaseException) -> str | None:
    """The advice for words in the message of a driver: other messages may quote data."""
    if isinstance(error, WarehouseError):
        words = _STATEMENT | (_CONNECTION if error.transient else {})
    elif isinstance(error, _BROKEN_CONNECTIONS):
        words = _CONNECTION
    elif isinstance(error, Error):
        words = _STATEMENT
    else:
        return None
    return next((advice for text, advice in words.items() if re.search(text, str(error))), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
