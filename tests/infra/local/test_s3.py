"""The local S3 takes every key that S3 takes, and keeps the objects over a restart."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

KEYS = [
    "plain.csv",
    "folder/batch_date=2018-10-18/part-0000.parquet",
    "ends.part",
    "a" * 200,
    "a" * 201,
    "a" * 1024,
    "ã" * 500,  # 1,000 bytes, 3,000 where quoted
    "b" * 200 + "..",
    "c" * 400 + ".",
    "with space+plus%2Fpercent%+",
    "d/" * 300,
    "_~!*'()",
]


@contextmanager
def _server(folder: Path) -> Iterator[Any]:
    """A running server, and a client of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local.s3", "--path", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "LOCAL_S3_ACCESS_KEY": "x", "LOCAL_S3_SECRET_KEY": "x"},
    )
    assert process.stdout
    try:
        yield boto3.client(
            "s3",
            endpoint_url=process.stdout.readline().split()[1],
            aws_access_key_id="x",
            aws_secret_access_key="x",
            region_name="us-east-1",
        )
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def _objects(client: Any) -> dict[str, bytes]:
    listed = client.list_objects_v2(Bucket="lake").get("Contents", [])
    return {
        item["Key"]: client.get_object(Bucket="lake", Key=item["Key"])["Body"].read()
        for item in listed
    }


def test_objects_of_every_key_are_there_after_a_restart(tmp_path: Path) -> None:
    with _server(tmp_path) as client:
        client.create_bucket(Bucket="lake")
        for key in KEYS:
            client.put_object(Bucket="lake", Key=key, Body=key.encode())
    with _server(tmp_path) as client:
        assert _objects(client) == {key: key.encode() for key in KEYS}
        client.delete_object(Bucket="lake", Key=KEYS[0])
        client.delete_objects(Bucket="lake", Delete={"Objects": [{"Key": k} for k in KEYS[2:]]})
    with _server(tmp_path) as client:
        assert list(_objects(client)) == [KEYS[1]]


@pytest.mark.slow
def test_a_write_that_was_killed_leaves_nothing(tmp_path: Path) -> None:
    with _server(tmp_path) as client:
        client.create_bucket(Bucket="lake")
        client.put_object(Bucket="lake", Key="whole", Body=b"1")
    (tmp_path / ".incoming" / "half").write_bytes(b"2")
    with _server(tmp_path) as client:
        assert list(_objects(client)) == ["whole"]
    assert not (tmp_path / ".incoming").exists()
