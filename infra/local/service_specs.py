"""Specs of the local services: S3 (with SNS), Redshift, the notification inbox and Prefect."""

import os
import secrets
from pathlib import Path

import boto3

from infra.local.ports import Ports
from infra.local.process import ServiceSpec
from infra.settings import Settings

READER = "bi"  # user with read access to published data and the audit only
_READER_SCHEMAS = "analytics,audit"  # what sql/access/reader.sql grants on Redshift
WORK_POOL = "local"


def storage_specs(home: Path, settings: Settings, ports: Ports, password: str) -> list[ServiceSpec]:
    """Return the specs of S3, Redshift and the inbox, with their state under `home`.

    Args:
        home: State folder.
        settings: Names the user and the database of Redshift.
        ports: Port of each service; none may be 0.
        password: Password of the Redshift user.
    """
    return [
        ServiceSpec("s3", ["infra.local.s3", "--path", str(home / "s3"), "--port", str(ports.s3)]),
        ServiceSpec(
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
        ServiceSpec(
            "inbox",
            ["infra.local.inbox", "--path", str(home / "inbox"), "--port", str(ports.inbox)],
        ),
    ]


def prefect_specs(home: Path, ports: Ports, environment: dict[str, str]) -> list[ServiceSpec]:
    """Return the specs of a Prefect server with its UI, and of a worker.

    Start the worker only once the server is ready.

    Args:
        home: State folder, which holds the server's database.
        ports: Names the server's port.
        environment: Variables by which flow runs reach S3 and Redshift, from
            `connection_environment`.
    """
    api = f"{_url(ports.prefect)}/api"
    variables = {
        **environment,
        "PREFECT_API_URL": api,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_UI_API_URL": api,
        "DO_NOT_TRACK": "1",
        # poll often, because a user waits for the run; `olist down` loses prefetched runs
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PREFECT_WORKER_PREFETCH_SECONDS": "1",
        # seconds between heartbeats (deployments/automations.yaml: olist run vanished)
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    server = ["server", "start", "--host", "127.0.0.1", "--port", str(ports.prefect)]
    worker = ["worker", "start", "--pool", WORK_POOL, "--type", "process", "--name", "olist-worker"]
    return [
        ServiceSpec("prefect-server", ["prefect", *server], variables, False, f"{api}/health"),
        ServiceSpec("prefect-worker", ["prefect", *worker], variables, prints_ready=False),
    ]


def connection_environment(
    home: Path, settings: Settings, ports: Ports, password: str
) -> dict[str, str]:
    """Return the environment variables by which other processes find the running services.

    Creates the SNS topic that delivers to the inbox.

    Args:
        home: State folder.
        settings: Names the AWS region.
        ports: Port of each running service.
        password: Password of the Redshift user.
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
    """Create the SNS topic that delivers to the inbox; return its ARN.

    Call it after each start of S3, because moto holds topics in memory only.
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
    """Return the reader's password; it is stored in `home`, because BI tools save it."""
    path = home / "reader.password"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(18))
    return path.read_text(encoding="utf-8")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
