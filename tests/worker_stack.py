"""The local services of a test worker, started once and emptied for each module."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import boto3
import pytest

from infra.local.ports import Ports
from infra.local.service_specs import pages_url
from infra.local.services import Services, running
from infra.settings import Settings
from infra.warehouse import SCHEMAS, transaction

_KEPT = {"s3", "redshift", "logs", "inbox", "inbox.netrc", "reader.password", "web.password"}


class WorkerStack:
    """S3, Redshift and the web server under one state folder."""

    def __init__(self, home: Path) -> None:
        """Start the services."""
        self._home = home
        self._services = Services(Settings(home=home), Ports())
        self._environment = self._services.start_storage()

    def __enter__(self) -> "WorkerStack":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the services."""
        self._services.stop()

    def process_id(self, service: str) -> int:
        """The process of a service."""
        return self._services.running[service].process.pid

    @property
    def web(self) -> str:
        """Address of the web server."""
        return pages_url(self._services.ports)

    @contextmanager
    def emptied(self) -> Iterator[Settings]:
        """Empty the services; inside the block, environment variables contain their addresses."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._environment.items():
                patch.setenv(name, value)
            with running(Settings(home=self._home)) as settings:
                _empty_lake(settings)
                _empty_warehouse(settings)
                _empty_state(self._home)
                yield settings


def _empty_lake(settings: Settings) -> None:
    s3 = boto3.Session().resource(
        "s3", endpoint_url=settings.s3_endpoint_url, region_name=settings.aws_region
    )
    for bucket in s3.buckets.all():
        bucket.object_versions.delete()
        bucket.objects.delete()
        if bucket.name != settings.bucket:
            bucket.delete()
    if settings.bucket not in {bucket.name for bucket in s3.buckets.all()}:
        s3.create_bucket(Bucket=settings.bucket)


def _empty_warehouse(settings: Settings) -> None:
    with transaction(settings) as work:
        used = {schema for (schema,) in work.query("SELECT nspname FROM pg_namespace")}
        for schema in sorted((used - {"public", "pg_catalog", "information_schema"}) | {*SCHEMAS}):
            work.run(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        for name, kind in work.query(
            "SELECT table_name, table_type FROM svv_tables WHERE table_schema = 'public'"
        ):
            work.run(
                f"DROP {'VIEW' if 'VIEW' in kind else 'TABLE'} IF EXISTS public.{name} CASCADE"
            )


def _empty_state(home: Path) -> None:
    for path in home.iterdir():
        if path.name in _KEPT:
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for message in (home / "inbox").glob("*"):
        message.unlink()
