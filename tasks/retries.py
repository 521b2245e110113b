"""Limit of time and retry policy of the tasks: which errors are transient, and the delays."""

from typing import Any

from botocore import exceptions as botocore
from botocore.exceptions import ClientError
from prefect.client.schemas.objects import State, TaskRun
from prefect.logging.loggers import task_run_logger
from prefect.task_engine import TaskRunTimeoutError
from prefect.tasks import Task, exponential_backoff

from infra.settings import Settings
from infra.warehouse import WarehouseError

# missing credentials, an unknown region or profile, bad parameters: these are not transient
_TRANSIENT_ERRORS = (
    botocore.ConnectionError,
    botocore.HTTPClientError,
    botocore.IncompleteReadError,
    ConnectionError,
    TimeoutError,
)
_TRANSIENT_CODES = {"SlowDown", "Throttling", "ThrottlingException", "RequestTimeout"}


def is_transient(error: BaseException) -> bool:
    """Return whether a retry of the same step may succeed.

    Args:
        error: The exception that the step raised.

    Returns:
        True for a service that is unavailable, throttles or had an internal error, and for
        serialization failures. False for wrong data, wrong SQL and missing permissions.
    """
    if isinstance(error, WarehouseError):
        return error.transient
    if isinstance(error, botocore.ReadTimeoutError):
        return False  # the client has tried again, for five minutes in all
    if isinstance(error, TaskRunTimeoutError):
        return False  # it had OLIST_STEP_HOURS
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code", "")
        return status >= 500 or code in _TRANSIENT_CODES
    return isinstance(error, _TRANSIENT_ERRORS)


async def _should_retry(task: Task, run: TaskRun, state: State) -> bool:
    error = await state.aresult(raise_on_failure=False)
    if not isinstance(error, BaseException) or not is_transient(error):
        return False
    logger = task_run_logger(run, task)
    logger.warning("%s: a transient error, so it runs again: %s", run.name, error)
    return True


# of tasks that run in the main thread, which Prefect can interrupt; flows/concurrency.py limits
# those that run beside each other in threads
LIMIT: dict[str, Any] = {"timeout_seconds": Settings().step_hours * 3600}

# delays of about 2, 4, 8 and 16 seconds: a paused Serverless workgroup needs a few to resume
RETRY: dict[str, Any] = {
    "retries": 4,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _should_retry,
}

STEP: dict[str, Any] = {**RETRY, **LIMIT}
