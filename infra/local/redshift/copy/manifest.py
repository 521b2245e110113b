"""The files that COPY reads: those of a manifest, or all keys under a prefix.

Source: https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
"""

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.redshift.errors import RedshiftError


def listed(s3: Any, url: str, *, manifest: bool, columnar: bool) -> list[tuple[str, int | None]]:  # noqa: ANN401
    """List the files of a COPY, in order; a file that a manifest lists twice is returned twice.

    Args:
        s3: A boto3 client.
        url: The URL of a manifest, or a prefix, as s3://bucket/….
        manifest: Whether `url` is a manifest.
        columnar: Whether the files are Parquet, for which a manifest needs content_length.

    Returns:
        The URL of each file, with its length in bytes if the manifest contains it, or None.

    Raises:
        RedshiftError: There is no file, S3 fails, or the manifest is malformed.
    """
    files: list[tuple[str, int | None]]
    if manifest:
        files = list(_manifest(s3, url, columnar=columnar))
    else:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        try:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            files = [
                (f"s3://{bucket}/{item['Key']}", None)
                for page in pages
                for item in page.get("Contents", [])
                if item["Size"]
            ]
        except (ClientError, BotoCoreError) as error:
            raise RedshiftError("XX000", f"S3ServiceException: {error}", url) from error
    if not files:
        raise RedshiftError("XX000", f"The specified S3 prefix '{url}' does not exist")
    return files


def _manifest(s3: Any, url: str, *, columnar: bool) -> Iterator[tuple[str, int | None]]:  # noqa: ANN401
    try:
        entries = json.loads(read(s3, url))["entries"]
        files = [
            (e["url"], bool(e.get("mandatory")), e.get("meta", {}).get("content_length"))
            for e in entries
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RedshiftError(
            "XX000",
            f"Manifest {url} is malformed: it needs entries with url and, for Parquet, "
            "meta.content_length",
        ) from error
    for file, mandatory, length in files:
        if columnar and length is None:
            raise RedshiftError("XX000", f"Manifest {url}: {file} needs meta.content_length")
        if not mandatory and not _exists(s3, file):
            continue
        yield file, length


def _exists(s3: Any, url: str) -> bool:  # noqa: ANN401
    bucket, _, key = url.removeprefix("s3://").partition("/")
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def read(s3: Any, url: str) -> bytes:  # noqa: ANN401
    """Read the file at s3://bucket/key; raises RedshiftError."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        raise RedshiftError(
            "XX000", f"S3ServiceException: {error}", f"while reading {url}"
        ) from error
