"""A pytest plugin with the fixture `local_redshift`.

Enable it in `conftest.py` with `pytest_plugins = ["infra.local.redshift.pytest_plugin"]`.

Example:
    >>> def test_total(local_redshift):
    ...     with redshift_connector.connect(**local_redshift) as connection:
    ...         ...
"""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.redshift.wire.server import ServerOptions, running


@pytest.fixture(scope="session")
def local_redshift(
    tmp_path_factory: pytest.TempPathFactory, local_redshift_s3_endpoint: str | None
) -> Iterator[dict[str, Any]]:
    """Parameters of `redshift_connector.connect` for an empty Redshift; one per process."""
    path = tmp_path_factory.mktemp("redshift") / "warehouse.duckdb"
    options = ServerOptions(
        path, password=secrets.token_urlsafe(16), s3_endpoint=local_redshift_s3_endpoint
    )
    with running(options) as server:
        yield {
            "host": "127.0.0.1",
            "port": server.port,
            "user": options.user,
            "password": options.password,
            "database": options.database,
            "ssl": False,
        }


@pytest.fixture(scope="session")
def local_redshift_s3_endpoint() -> str | None:
    """URL of the S3 API for COPY and UNLOAD, such as moto's; None unless it is overridden."""
    return None
