"""The local services: S3 (with SNS), Redshift, the inbox of notifications, and Prefect."""

import os
import secrets
from pathlib import Path

import boto3

from infra.local.ports import Ports
from infra.local.process import Spec
from infra.settings import Settings

READER = "bi"  # the user who may only read what is published
_READER_SCHEMAS = "analytics,audit"  # what sql/access/reader.sql grants on Redshift
WORK_POOL = "local"


def storage_specs(home: Path, settings: Settings, ports: Ports, password: str) -> list[Spec]:
    """S3, Redshift and the inbox, with their state under `home`.

    Args:
        home: Where state is kept.
        settings: User and database of Redshift.
        ports: The port of each service; none may be 0.
        password: The password of the Redshift user.
    """
    return [
        Spec("s3", ["infra.local.s3", "--path", str(home / "s3"), "--port", str(ports.s3)]),
        Spec(
            "redshift",
            [
                "infra.local.redshift",
                *("--path", str(home / "redshift" / "warehouse.duckdb")),
                *("--user", settings.redshift_user),
                *("--database", settings.redshift_database),
                *("--port", str(ports.redshift)),
                *("--reader", READER, "--reader-schemas", _READER_SCHEMAS),
            ],
            {
                "LOCAL_REDSHIFT_PASSWORD": password,
                "LOCAL_REDSHIFT_READER_PASSWORD": reader_password(home),
                "LOCAL_REDSHIFT_S3_ENDPOINT": _url(ports.s3),
            },
        ),
        Spec(
            "inbox",
            ["infra.local.inbox", "--path", str(home / "inbox"), "--port", str(ports.inbox)],
        ),
    ]


def prefect_specs(home: Path, ports: Ports, environment: dict[str, str]) -> list[Spec]:
    """A Prefect server with its UI, and a worker; the worker starts once the server answers.

    Args:
        home: Where the server keeps its database.
        ports: The server's port.
        environment: How flow runs reach S3 and Redshift (`connection_environment`).
    """
    api = f"{_url(ports.prefect)}/api"
    variables = {
        **environment,
        "PREFECT_API_URL": api,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_UI_API_URL": api,
        "DO_NOT_TRACK": "1",
        # the worker polls often: a person waits for the run, and `olist down` loses prefetched runs
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PREFECT_WORKER_PREFETCH_SECONDS": "1",
        # seconds between heartbeats (deployments/automations.yaml: olist run vanished)
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    server = ["server", "start", "--host", "127.0.0.1", "--port", str(ports.prefect)]
    worker = ["worker", "start", "--pool", WORK_POOL, "--type", "process", "--name", "olist-worker"]
    return [
        Spec("prefect-server", ["prefect", *server], variables, False, f"{api}/health"),
        Spec("prefect-worker", ["prefect", *worker], variables, announces=False),
    ]


def connection_environment(
    home: Path, settings: Settings, ports: Ports, password: str
) -> dict[str, str]:
    """The environment variables by which other processes find the running services.

    Creates the SNS topic whose messages arrive at the inbox.
    """
    return {
        "OLIST_S3_ENDPOINT_URL": _url(ports.s3),
        "OLIST_REDSHIFT_HOST": "127.0.0.1",
        "OLIST_REDSHIFT_PORT": str(ports.redshift),
        "OLIST_REDSHIFT_PASSWORD": password,
        "OLIST_REDSHIFT_SSL": "false",
        # the local S3 asks for a signature but does not check it
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        # moto serves SNS at the same address
        "OLIST_SNS_ENDPOINT_URL": _url(ports.s3),
        "OLIST_NOTIFY_TOPIC": create_inbox_topic(ports, settings.aws_region),
        "OLIST_HOME": str(home),
    }


def create_inbox_topic(ports: Ports, region: str) -> str:
    """Create the SNS topic whose messages arrive at the inbox; returns its ARN.

    moto keeps topics in memory only, so this is needed after each start of S3.
    """
    client = boto3.client(
        "sns",
        endpoint_url=_url(ports.s3),
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106
    )
    topic = client.create_topic(Name="olist-alerts")["TopicArn"]
    client.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{_url(ports.inbox)}/sns")
    return topic


def reader_password(home: Path) -> str:
    """The password of the reader; kept in `home`, because BI tools remember it."""
    path = home / "reader.password"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(18))
    return path.read_text()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
