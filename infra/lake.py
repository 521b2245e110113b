"""The lake: objects in one S3 bucket, reached through Prefect's S3 block."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError, HTTPClientError
from prefect_aws.s3 import S3Bucket

from infra.aws import lake_credentials
from infra.settings import Settings


def bucket_block(settings: Settings, *, patient: bool = True) -> S3Bucket:
    """Create the `S3Bucket` block of the lake, with its `AwsCredentials`.

    Args:
        settings: Bucket, credentials and endpoint.
        patient: See `infra.aws.lake_credentials`.
    """
    credentials = lake_credentials(settings, patient=patient)
    return S3Bucket(bucket_name=settings.bucket, credentials=credentials)


# a Parquet part is about 10 MB: upload it in one request, without boto3 threads
_TRANSFER = TransferConfig(multipart_threshold=64 << 20, use_threads=False)


_TOLD_SECONDS = 30.0
_logger = logging.getLogger(__name__)
_REMEMBERED_SECONDS = 600.0
_silent_since: list[float] = []  # the last call without an answer, by the monotonic clock


def _is_silent() -> bool:
    """Whether S3 left a call without an answer shortly before: then wait only seconds for it."""
    return any(time.monotonic() - moment < _REMEMBERED_SECONDS for moment in _silent_since)


class LakeError(RuntimeError):
    """Raised when a required object is missing from the lake."""


class Lake:
    """Reads and writes objects by key. Safe for use by several threads."""

    def __init__(self, settings: Settings) -> None:
        """Create a client for the bucket of the settings; no request is sent yet."""
        self._block = bucket_block(settings, patient=not _is_silent())
        self._client = self._block.credentials.get_s3_client()  # pyright: ignore[reportAttributeAccessIssue]
        self.bucket = settings.bucket
        self._encryption: dict[str, str] = {}
        if settings.kms_key:
            self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.kms_key}

    def url(self, key: str) -> str:
        """The `s3://` address of a key."""
        return f"s3://{self.bucket}/{key}"

    def key(self, url: str) -> str:
        """The key of an `s3://` address in this bucket."""
        return url.removeprefix(f"s3://{self.bucket}/")

    def put_file(self, key: str, path: Path) -> int:
        """Upload a file, in parts if it is large; return its size in bytes."""
        with self._told("writing", key):
            self._client.upload_file(
                str(path), self.bucket, key, Config=_TRANSFER, ExtraArgs=self._encryption
            )
        return path.stat().st_size

    def get_file(self, key: str, path: Path) -> None:
        """Download an object."""
        with self._told("reading", key):
            self._client.download_file(self.bucket, key, str(path), Config=_TRANSFER)

    def put_json(self, key: str, value: Any) -> None:  # noqa: ANN401 (any JSON value)
        """Write a JSON object."""
        body = json.dumps(value, indent=2, ensure_ascii=False, default=str).encode()
        self._put(key, body, ContentType="application/json")

    def get_json(self, key: str) -> Any | None:  # noqa: ANN401
        """Read a JSON object; return None if it does not exist."""
        try:
            with self._told("reading", key):
                found = self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            return json.loads(found)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None
            raise

    def require_json(self, key: str) -> Any:  # noqa: ANN401
        """Read a required JSON object.

        Raises:
            LakeError: The object does not exist.
        """
        value = self.get_json(key)
        if value is None:
            raise LakeError(
                f"{self.url(key)}: missing from the lake. Upload the batch again from its source: "
                "olist run --source DIR --batch-date YYYY-MM-DD"
            )
        return value

    def put_text(self, key: str, text: str, content_type: str) -> None:
        """Write a text object."""
        self._put(key, text.encode(), ContentType=content_type)

    def _put(self, key: str, body: bytes, **options: str) -> None:
        with self._told("writing", key):
            self._client.put_object(
                Bucket=self.bucket, Key=key, Body=body, **options, **self._encryption
            )

    def presigned(self, key: str, seconds: int) -> str:
        """Return an address at which anybody can read an object for a while."""
        return self._client.generate_presigned_url(
            "get_object", {"Bucket": self.bucket, "Key": key}, ExpiresIn=seconds
        )

    def claim(self, key: str, value: Any) -> bool:  # noqa: ANN401
        """Write a JSON object unless the key exists; return whether this call wrote it."""
        body = json.dumps(value, ensure_ascii=False, default=str).encode()
        try:
            self._put(key, body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] in {"PreconditionFailed", "412"}:
                return False
            raise
        return True

    def delete(self, key: str) -> None:
        """Delete an object; a missing object is not an error."""
        with self._told("deleting", key):
            self._client.delete_object(Bucket=self.bucket, Key=key)

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys under a prefix, in order."""
        pages = iter(
            self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix
            )
        )
        while True:
            with self._told("listing", prefix):
                page = next(pages, None)
            if page is None:
                return
            yield from (item["Key"] for item in page.get("Contents", []))

    @contextmanager
    def _told(self, doing: str, key: str) -> Iterator[None]:
        """Log a warning if a request takes 30 seconds, and note whether S3 answers."""
        words = "%s %s takes longer than %.0f s: S3 is slow, or does not answer"
        timer = threading.Timer(
            _TOLD_SECONDS, _logger.warning, (words, doing, self.url(key), _TOLD_SECONDS)
        )
        timer.daemon = True
        timer.start()
        try:
            yield
        except HTTPClientError:
            _silent_since[:] = [time.monotonic()]
            raise
        else:
            _silent_since.clear()
        finally:
            timer.cancel()
