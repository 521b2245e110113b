"""Tasks that run side by side: how many, and waiting for all of them."""

from collections.abc import Iterable
from typing import Any, TypeVar

from prefect.futures import PrefectFuture
from prefect.task_runners import ThreadPoolTaskRunner

from infra.settings import Settings
from tasks.source import SourceError

T = TypeVar("T")
SIDE_BY_SIDE: Any = ThreadPoolTaskRunner(max_workers=Settings().upload_workers)


def all_of(futures: Iterable[PrefectFuture[T]]) -> list[T]:
    """Results of tasks that run side by side; waits for all, so that no problem stays unseen."""
    results = [future.result(raise_on_failure=False) for future in list(futures)]
    problems = [result for result in results if isinstance(result, BaseException)]
    if len(problems) > 1 and all(isinstance(p, SourceError) for p in problems):
        raise SourceError("\n".join(str(problem) for problem in problems))
    if problems:
        raise problems[0]
    return results
