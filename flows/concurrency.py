"""The task runner for concurrent tasks, and a function that collects their results."""

from collections.abc import Iterable
from typing import Any, TypeVar

from prefect.futures import PrefectFuture
from prefect.task_runners import ThreadPoolTaskRunner

from infra.settings import Settings
from infra.source_storage import SourceError

T = TypeVar("T")
TASK_RUNNER: Any = ThreadPoolTaskRunner(max_workers=Settings().upload_workers)


def gather(futures: Iterable[PrefectFuture[T]]) -> list[T]:
    """Wait for all tasks and return their results, in order.

    Raises:
        SourceError: Several tasks failed, all with SourceError; the message joins their messages.
        Exception: Otherwise, the error of the first task that failed.
    """
    results = [future.result(raise_on_failure=False) for future in list(futures)]
    errors = [result for result in results if isinstance(result, BaseException)]
    if len(errors) > 1 and all(isinstance(error, SourceError) for error in errors):
        raise SourceError("\n".join(str(error) for error in errors))
    if errors:
        raise errors[0]
    return results
