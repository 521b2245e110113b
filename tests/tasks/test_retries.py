"""Only transient errors are retried, and every task has a limit of time."""

import importlib
import time

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
)
from prefect import Task, flow, task

from infra.error_hints import hint_for
from infra.settings import PROJECT
from infra.source_storage import SourceError
from infra.warehouse import WarehouseError
from tasks.retries import RETRY, STEP, is_transient


def _s3_error(code: str, status: int) -> ClientError:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutObject")


@pytest.mark.parametrize(
    "error",
    [
        WarehouseError("the workgroup resumes", transient=True),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
        _s3_error("InternalError", 500),
        _s3_error("SlowDown", 400),
        ConnectionClosedError(endpoint_url="http://127.0.0.1:1"),
        ConnectionResetError(),
    ],
)
def test_an_unavailable_or_throttling_service_is_a_transient_error(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        WarehouseError("syntax error", transient=False),
        _s3_error("AccessDenied", 403),
        _s3_error("NoSuchBucket", 404),
        NoCredentialsError(),
        ProfileNotFound(profile="x"),
        PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        SourceError("a bad file"),
        ValueError("a bug"),
    ],
)
def test_wrong_data_sql_and_permissions_are_not_transient_errors(error: Exception) -> None:
    assert not is_transient(error)


def test_a_service_that_said_nothing_for_minutes_is_not_asked_again() -> None:
    assert not is_transient(ReadTimeoutError(endpoint_url="http://127.0.0.1:1"))


@pytest.mark.parametrize(("transient", "tries"), [(True, 3), (False, 1)])
def test_prefect_tries_again_for_transient_errors_only(
    prefect_api: None, transient: bool, tries: int
) -> None:
    calls = []

    @task(**{**RETRY, "retries": 2, "retry_delay_seconds": 0})
    def step() -> None:
        calls.append(1)
        raise WarehouseError("away", transient=transient)

    @flow
    def one_step() -> None:
        step()

    with pytest.raises(WarehouseError):
        one_step()
    assert len(calls) == tries


def test_every_task_has_a_limit() -> None:
    modules = [
        ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for folder in ("flows", "tasks")
        for path in (PROJECT / folder).rglob("*.py")
        if "@task(" in path.read_text(encoding="utf-8")
    ]
    found = {
        value.name: value.timeout_seconds
        for module in modules
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, Task)
    }
    assert len(found) > 15
    without = {name for name, seconds in found.items() if not seconds}
    assert without == {"upload", "copy", "export"}, "flows.concurrency.gather limits these"


def test_a_step_beyond_its_limit_is_ended_and_not_repeated(prefect_api: None) -> None:
    calls = []

    @task(**{**STEP, "retry_delay_seconds": 0, "timeout_seconds": 0.5})
    def step() -> None:
        calls.append(1)
        for _ in range(100):
            time.sleep(0.1)

    @flow
    def one_step() -> None:
        step()

    with pytest.raises(TimeoutError) as told:
        one_step()
    assert len(calls) == 1
    assert "OLIST_STEP_HOURS" in str(hint_for(told.value))
