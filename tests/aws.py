"""An emulated AWS account for tests.

It consists of moto's S3, STS, KMS, SNS and Secrets Manager, and of the local Redshift with its IAM
endpoint and TLS. The code under test uses unmodified boto3 and driver, with OLIST_TARGET=aws.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from infra.local.process import ServiceSpec
from infra.settings import Settings

USER, PASSWORD, REGION = "ana", "pw", "us-east-1"


@contextmanager
def aws_account(home: Path) -> Iterator[Settings]:
    """Settings as `terraform output -raw dotenv` prints them, for a new account."""
    (home / "logs").mkdir(parents=True)
    keys = {"LOCAL_S3_ACCESS_KEY": USER, "LOCAL_S3_SECRET_KEY": PASSWORD}
    s3 = ServiceSpec("s3", ["infra.local.s3", "--path", str(home / "s3")], keys).spawn(
        home / "logs"
    )
    with pytest.MonkeyPatch.context() as patch:
        api = s3.wait_for_address()
        api = api if api.startswith("http") else f"http://{api}"
        redshift = ServiceSpec(
            "redshift",
            [
                *("infra.local.redshift", "--path", str(home / "w.duckdb")),
                *("--user", USER, "--database", "olist", "--iam-port", "0"),
                *("--reader", "IAMR:olist-dev-inspector:staging,candidate,analytics,audit"),
            ],
            {
                "LOCAL_REDSHIFT_PASSWORD": PASSWORD,
                "LOCAL_REDSHIFT_S3_ENDPOINT": api,
                "LOCAL_REDSHIFT_S3_ACCESS_KEY": USER,
                "LOCAL_REDSHIFT_S3_SECRET_KEY": PASSWORD,
            },
        ).spawn(home / "logs")
        port = redshift.wait_for_address().rpartition(":")[2]
        assert redshift.process.stdout is not None
        authority = redshift.process.stdout.readline().split()[-1]
        iam = redshift.process.stdout.readline().split()[-1]
        for name, value in {
            "AWS_ACCESS_KEY_ID": USER,
            "AWS_SECRET_ACCESS_KEY": PASSWORD,
            "AWS_ENDPOINT_URL": api,
            "AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS": iam,
            "AWS_ENDPOINT_URL_STS": iam,
            "SSL_CERT_FILE": authority,
            **_dotenv(api, port),
            "OLIST_HOME": str(home / "home"),
            "OLIST_EXPORTS": "true",
            "OLIST_DASHBOARDS": "true",
        }.items():
            patch.setenv(name, value)
        try:
            yield Settings()
        finally:
            redshift.stop()
            s3.stop()


def _dotenv(api: str, port: str) -> dict[str, str]:
    """The settings that Terraform would print, after creating the same resources."""
    options = {
        "region_name": REGION,
        "aws_access_key_id": USER,
        "aws_secret_access_key": PASSWORD,
        "endpoint_url": api,
    }
    key = boto3.client("kms", **options).create_key()["KeyMetadata"]["Arn"]
    boto3.client("s3", **options).create_bucket(Bucket="olist-dev-lake")
    topic = boto3.client("sns", **options).create_topic(Name="olist-dev-alerts")["TopicArn"]
    return {
        "OLIST_TARGET": "aws",
        "OLIST_AWS_REGION": REGION,
        "OLIST_BUCKET": "olist-dev-lake",
        "OLIST_KMS_KEY": key,
        "OLIST_COPY_ROLE": "arn:aws:iam::111122223333:role/olist-dev-copy",
        "OLIST_INSPECTOR_ROLE": "arn:aws:iam::111122223333:role/olist-dev-inspector",
        "OLIST_REDSHIFT_HOST": "127.0.0.1",
        "OLIST_REDSHIFT_PORT": port,
        "OLIST_REDSHIFT_WORKGROUP": "olist-dev",
        "OLIST_REDSHIFT_DATABASE": "olist",
        "OLIST_NOTIFY_TOPIC": topic,
        "OLIST_METRIC_NAMESPACE": "olist-dev",
        "OLIST_FRESH_HOURS": "26",
    }
