"""AWS credentials and boto3 clients."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# imported at module level: tasks run in threads, and modules of prefect_aws import each other
from prefect_aws.client_parameters import AwsClientParameters
from prefect_aws.credentials import AwsCredentials

from infra.settings import Settings

# answers of a few bytes: a service that says nothing for 40 seconds is gone
_SMALL_CALLS = Config(
    connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 2}
)


def credentials(settings: Settings) -> AwsCredentials:
    """Return the Prefect credentials block of the settings, or else the default credentials.

    boto3 looks for default credentials in the environment, shared files, container and machine:
    https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
    """
    if settings.aws_credentials:
        return _block(settings.aws_credentials)
    return AwsCredentials(region_name=settings.aws_region)


@cache
def _block(name: str) -> AwsCredentials:
    block = AwsCredentials.load(name)
    assert isinstance(block, AwsCredentials)  # noqa: S101 (not a coroutine here)
    return block


def lake_credentials(settings: Settings, *, patient: bool = True) -> AwsCredentials:
    """Return the credentials with the lake's client options: endpoint, retries, timeouts.

    Args:
        settings: Credentials, region and endpoint.
        patient: Whether a call waits minutes for an answer. A slow link may take more than a
            minute to deliver what the system has buffered.
    """
    return credentials(settings).model_copy(
        update={
            "region_name": settings.aws_region,
            "aws_client_parameters": AwsClientParameters(
                endpoint_url=settings.s3_endpoint_url,
                config={
                    "retries": {"mode": "standard", "total_max_attempts": 2 if patient else 1},
                    "connect_timeout": 5,
                    "read_timeout": 75 if patient else 5,
                    "max_pool_connections": 20,
                },
            ),
        }
    )


def session(settings: Settings) -> boto3.Session:
    """Create a boto3 session in the region of the settings."""
    block = credentials(settings).model_copy(update={"region_name": settings.aws_region})
    return block.get_boto3_session()


def client(settings: Settings, service: str, **options: Any) -> Any:  # noqa: ANN401 (boto3 has no types)
    """Create a boto3 client.

    Args:
        settings: Credentials and default region.
        service: Name of the AWS service, such as `sts`.
        options: Passed to `boto3.Session.client`, such as `endpoint_url`.
    """
    options.setdefault("config", _SMALL_CALLS)
    return session(settings).client(service, **options)
