"""Who this process is on AWS, by the usual credential chain or a Prefect block, and its clients."""

from functools import cache
from typing import Any

import boto3

# at the top, not where it is used: tasks run in threads, and its modules import each other
from prefect_aws.client_parameters import AwsClientParameters
from prefect_aws.credentials import AwsCredentials

from infra.settings import Settings


def credentials(settings: Settings) -> AwsCredentials:
    """The `AwsCredentials` block that the settings name, else one that uses the usual chain.

    The usual chain is environment, shared files, container, machine:
    https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
    """
    if settings.aws_credentials:
        return _block(settings.aws_credentials)
    return AwsCredentials(region_name=settings.aws_region)


@cache
def _block(name: str) -> AwsCredentials:
    block = AwsCredentials.load(name)
    assert isinstance(block, AwsCredentials)  # noqa: S101 (it is no coroutine here)
    return block


def lake_credentials(settings: Settings) -> AwsCredentials:
    """The same, with how the lake's client behaves: endpoint, tries, time limits."""
    return credentials(settings).model_copy(
        update={
            "region_name": settings.aws_region,
            "aws_client_parameters": AwsClientParameters(
                endpoint_url=settings.s3_endpoint_url,
                config={
                    "retries": {"mode": "standard", "max_attempts": 5},
                    "connect_timeout": 5,
                    "read_timeout": 60,
                    "max_pool_connections": 20,
                },
            ),
        }
    )


def session(settings: Settings) -> boto3.Session:
    """A boto3 session in the region of the settings."""
    block = credentials(settings).model_copy(update={"region_name": settings.aws_region})
    return block.get_boto3_session()


def client(settings: Settings, service: str, **options: Any) -> Any:  # noqa: ANN401 (boto3 has no types)
    """A client of a service, made by `session`."""
    return session(settings).client(service, **options)
