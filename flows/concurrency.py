"""The task runner for concurrent tasks, and a function that collects their results in time."""

import time
from collections.abc import Iterable
from typing import Any, TypeVar

from prefect.futures import PrefectFuture
from prefect.task_runners import ThreadPoolTaskRunner

from infra.settings import Settings
from infra.source_storage import SourceError

T = TypeVar("T")
TASK_RUNNER: Any = ThreadPoolTaskRunner(max_workers=Settings().upload_workers)


class StepTimeoutError(TimeoutError):
    """Raised when concurrent tasks take longer than a step may."""


def gather(futures: Iterable[PrefectFuture[T]]) -> list[T]:
    """Wait for all tasks and return their results, in order.

    Prefect cannot interrupt a task in a thread, so the limit of a step is that of the wait.

    Raises:
        StepTimeoutError: Some have not ended after OLIST_STEP_HOURS.
        SourceError: Several tasks failed, all with SourceError; the message joins their messages.
        Exception: Otherwise, the error of the first task that failed.
    """
    started, hours = list(futures), Settings().step_hours
    deadline = time.monotonic() + hours * 3600
    for future in started:
        future.wait(max(0.0, deadline - time.monotonic()))
    if late := sum(not future.state.is_final() for future in started):
        raise StepTimeoutError(
            f"{late} of {len(started)} tasks took longer than {hours:g} hours (OLIST_STEP_HOURS): "
            "the log shows which have not finished; find what holds them up, or set a higher limit"
        )
    results = [future.result(raise_on_failure=False) for future in started]
    errors = [result for result in results if isinstance(result, BaseException)]
    if len(errors) > 1 and all(isinstance(error, SourceError) for error in errors):
        raise SourceError("\n".join(str(error) for error in errors))
    if errors:
        raise errors[0]
    return results
