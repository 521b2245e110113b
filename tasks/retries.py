"""Which errors are worth another try, and how tries are spaced."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task, exponential_backoff

from infra.warehouse import WarehouseError

_TRANSIENT_CODES = {"SlowDown", "Throttling", "ThrottlingException", "RequestTimeout"}


def is_transient(error: BaseException) -> bool:
    """Whether the same step may succeed when it is simply tried again.

    True for a service that is away, throttles or had an internal error, and for serialization
    failures; false for wrong data, wrong SQL and missing permissions.
    """
    if isinstance(error, WarehouseError):
        return error.transient
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = error.response.get("Error", {}).get("Code", "")
        return status >= 500 or code in _TRANSIENT_CODES
    return isinstance(error, (BotoCoreError, ConnectionError, TimeoutError))


async def _should_retry(task: Task, run: TaskRun, state: State) -> bool:
    del task, run
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, BaseException) and is_transient(error)


# some 2, 4, 8, 16 seconds: a Serverless workgroup that sleeps needs a few to resume
RETRY: dict[str, Any] = {
    "retries": 4,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": _should_retry,
}
