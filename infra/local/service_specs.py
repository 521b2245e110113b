"""Specs of the local services: S3 (with SNS), Redshift, the web server and Prefect."""

from pathlib import Path

import boto3

from infra.local.ports import Ports
from infra.local.process import ServiceSpec
from infra.local.stack_secrets import INSPECTOR, READER, WEB_USER, StackSecrets
from infra.private_files import write_private
from infra.settings import Settings

_READER_SCHEMAS = "analytics,audit"  # what sql/access/reader.sql grants on Redshift
_INSPECTOR_SCHEMAS = "staging,candidate,analytics,audit"  # and sql/access/inspector.sql
WORK_POOL = "local"


def storage_specs(
    home: Path, settings: Settings, ports: Ports, known: StackSecrets
) -> list[ServiceSpec]:
    """Return the specs of S3, Redshift and the web server, with their state under `home`.

    Args:
        home: State folder.
        settings: Names the user and the database of Redshift.
        ports: Port of each service; none may be 0.
        known: Secrets of the services; they are passed in the environment.
    """
    netrc = home / "inbox.netrc"  # moto's SNS finds the login of the inbox here
    write_private(netrc, f"machine 127.0.0.1 login {WEB_USER} password {known.web}\n")
    keys = {"ACCESS_KEY": known.s3_access_key, "SECRET_KEY": known.s3_secret_key}
    return [
        ServiceSpec(
            "s3",
            ["infra.local.s3", "--path", str(home / "s3"), "--port", str(ports.s3)],
            {"NETRC": str(netrc), **{f"LOCAL_S3_{name}": key for name, key in keys.items()}},
        ),
        ServiceSpec(
            "redshift",
            [
                "infra.local.redshift",
                *("--path", str(home / "redshift" / "warehouse.duckdb")),
                *("--user", settings.redshift_user),
                *("--database", settings.redshift_database),
                *("--port", str(ports.redshift)),
                *("--reader", f"{READER}:{_READER_SCHEMAS}"),
                *("--reader", f"{INSPECTOR}:{_INSPECTOR_SCHEMAS}"),
            ],
            {
                "LOCAL_REDSHIFT_PASSWORD": known.redshift,
                f"LOCAL_REDSHIFT_PASSWORD_{READER.upper()}": known.reader,
                f"LOCAL_REDSHIFT_PASSWORD_{INSPECTOR.upper()}": known.inspector,
                "LOCAL_REDSHIFT_S3_ENDPOINT": _url(ports.s3),
                **{f"LOCAL_REDSHIFT_S3_{name}": key for name, key in keys.items()},
            },
        ),
        ServiceSpec(
            "web",
            [
                "infra.local.web",
                *("--pages", str(home / "reports")),
                *("--inbox", str(home / "inbox")),
                *("--port", str(ports.web)),
            ],
            {"LOCAL_WEB_LOGIN": known.prefect_login},
        ),
    ]


def prefect_server_environment(login: str, port: int | None = None) -> dict[str, str]:
    """Return the variables by which a Prefect server answers only its own UI and our programs.

    Args:
        login: `user:password` that every request must carry; clients find it in
            PREFECT_API_AUTH_STRING.
        port: The server's port on 127.0.0.1; None for a temporary server, whose UI nobody opens.
    """
    names = ("127.0.0.1", "localhost") if port else ()
    return {
        "PREFECT_SERVER_API_AUTH_STRING": login,
        "PREFECT_API_AUTH_STRING": login,
        # the default, *, lets any web page in a browser on this machine use the API
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(f"http://{n}:{port}" for n in names)
        or "http://127.0.0.1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",  # it sends usage to a third party
        "DO_NOT_TRACK": "1",
    }


def prefect_profile(api: str, login: str) -> str:
    """Return a Prefect profile file (TOML) with which `prefect` reaches a server.

    Args:
        api: Address of the server's API.
        login: `user:password`.
    """
    return (
        'active = "olist"\n\n[profiles.olist]\n'
        f'PREFECT_API_URL = "{api}"\nPREFECT_API_AUTH_STRING = "{login}"\n'
    )


def prefect_specs(
    home: Path, ports: Ports, environment: dict[str, str], login: str
) -> list[ServiceSpec]:
    """Return the specs of a Prefect server with its UI, and of a worker.

    Start the worker only once the server is ready.

    Args:
        home: State folder, which holds the server's database.
        ports: Names the server's port.
        environment: Variables by which flow runs reach S3 and Redshift, from
            `connection_environment`.
        login: `user:password` of the server.
    """
    api = f"{_url(ports.prefect)}/api"
    variables = {
        **environment,
        **prefect_server_environment(login, ports.prefect),
        "PREFECT_API_URL": api,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_UI_API_URL": api,
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


def command_server_spec(home: Path, port: int, environment: dict[str, str]) -> ServiceSpec:
    """Return the spec of a Prefect server for one command, without UI, schedules and automations.

    It runs what Prefect starts as a temporary server, but as a service of ours: Ctrl-C in the
    terminal does not end it before the run that uses it, and it never outlives the command.
    Source: `prefect.server.api.server.SubprocessASGIServer`.

    Args:
        home: State folder, which holds the server's database.
        port: The server's port on 127.0.0.1.
        environment: From `prefect_server_environment`.
    """
    factory = ["--factory", "prefect.server.api.server:create_app", "--lifespan", "on"]
    variables = {
        "PREFECT_HOME": str(home / "prefect"),
        **environment,
        "PREFECT_UI_ENABLED": "false",
        "PREFECT__SERVER_EPHEMERAL": "1",
        "PREFECT__SERVER_FINAL": "1",
    }
    return ServiceSpec(
        "prefect-server",
        [
            "uvicorn",
            *factory,
            *("--host", "127.0.0.1"),
            *("--port", str(port)),
            *("--log-level", "error"),
            *("--timeout-graceful-shutdown", "1"),  # do not wait for the connections of clients
        ],
        variables,
        prints_ready=False,
        health_url=f"{_url(port)}/api/health",
    )


def connection_environment(
    home: Path, settings: Settings, ports: Ports, known: StackSecrets
) -> dict[str, str]:
    """Return the environment variables by which other processes find the running services.

    Creates the SNS topic that delivers to the inbox.

    Args:
        home: State folder.
        settings: Names the AWS region.
        ports: Port of each running service.
        known: Secrets of the services.
    """
    return {
        "OLIST_S3_ENDPOINT_URL": _url(ports.s3),
        "OLIST_REDSHIFT_HOST": "127.0.0.1",
        "OLIST_REDSHIFT_PORT": str(ports.redshift),
        "OLIST_REDSHIFT_PASSWORD": known.redshift,
        "OLIST_INSPECTOR_USER": INSPECTOR,
        "OLIST_INSPECTOR_PASSWORD": known.inspector,
        "OLIST_REDSHIFT_SSL": "false",
        "AWS_ACCESS_KEY_ID": known.s3_access_key,
        "AWS_SECRET_ACCESS_KEY": known.s3_secret_key,
        # moto serves SNS at the same address
        "OLIST_SNS_ENDPOINT_URL": _url(ports.s3),
        "OLIST_NOTIFY_TOPIC": create_inbox_topic(ports, settings.aws_region, known),
        "OLIST_HOME": str(home),
    }


def create_inbox_topic(ports: Ports, region: str, known: StackSecrets) -> str:
    """Create the SNS topic that delivers to the inbox; return its ARN.

    Call it after each start of S3, because moto holds topics in memory only.
    """
    client = boto3.client(
        "sns",
        endpoint_url=_url(ports.s3),
        region_name=region,
        aws_access_key_id=known.s3_access_key,
        aws_secret_access_key=known.s3_secret_key,
    )
    topic = client.create_topic(Name="olist-alerts")["TopicArn"]
    client.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{_url(ports.web)}/sns")
    return topic


def pages_url(ports: Ports) -> str:
    """Return the address of the overview of all pages."""
    return _url(ports.web)


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
