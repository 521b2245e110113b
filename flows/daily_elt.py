"""The daily flow: one batch from its CSV files to published, reconciled analytics."""

import time
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel

from infra.contracts import contracts
from infra.settings import Settings
from tasks.copy import copy
from tasks.models import published_models
from tasks.prepare import prepare
from tasks.publish import publish
from tasks.receipts import CopyReceipt, GateReceipt, ModelReceipt, PublishReceipt, UploadReceipt
from tasks.report import report
from tasks.source import SourceError, check_source
from tasks.transform import collect, transform
from tasks.upload import upload
from tasks.validate import validate

T = TypeVar("T")
_SIDE_BY_SIDE: Any = ThreadPoolTaskRunner(max_workers=Settings().upload_workers)


class RunReceipt(BaseModel):
    """What a run did, and how long each step took."""

    batch_date: date
    run_id: str
    uploads: list[UploadReceipt]
    copies: list[CopyReceipt]
    models: list[ModelReceipt]
    published: PublishReceipt
    gates: list[GateReceipt]
    data_docs: Path
    seconds: dict[str, float]


@flow(
    name="daily_elt",
    flow_run_name="{batch_date} daily",
    task_runner=_SIDE_BY_SIDE,
)
def daily_elt(batch_date: date, source: Path) -> RunReceipt:
    """Load one batch of the nine Olist tables and publish what it changes.

    Args:
        batch_date: The day the batch belongs to.
        source: Folder with the nine CSV files, plain or gzip-compressed.

    Raises SourceError when the files cannot be used and GateError when a gate stops the batch;
    in both cases readers of `analytics` see what they saw before.
    """
    run_id = str(flow_run.id)
    steps = Steps()
    rerun = f"olist run --source {source} --batch-date {batch_date}"

    def gate(name: str) -> GateReceipt:
        return validate(name, batch_date, uploads, run_id, rerun)

    check_source(source)
    prepare(batch_date)
    steps.done("prepare")
    uploads = _all(upload.submit(table, batch_date, source) for table in contracts())
    steps.done("upload")
    is_published = False
    try:
        gates = [gate("raw")]
        steps.done("gate: raw")
        copies = _all(copy.submit(receipt, run_id) for receipt in uploads)
        steps.done("copy")
        gates.append(gate("staging"))
        steps.done("gate: staging")
        models = collect(batch_date)
        models += [transform(model.name, batch_date) for model in published_models()]
        steps.done("transform")
        gates.append(gate("star"))
        steps.done("gate: star")
        gates.append(gate("marts"))
        steps.done("gate: marts")
        published = publish(batch_date, str(source), run_id)
        is_published = True
        steps.done("publish")
        gates.append(gate("reconciliation"))
        steps.done("gate: reconciliation")
    finally:
        page = report(str(batch_date), published=is_published)
        steps.done("report")
    return RunReceipt(
        batch_date=batch_date,
        run_id=run_id,
        uploads=uploads,
        copies=copies,
        models=models,
        published=published,
        gates=gates,
        data_docs=page,
        seconds=steps.seconds,
    )


class Steps:
    """Seconds that each step took, in order."""

    def __init__(self) -> None:
        """Start the clock."""
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def done(self, step: str) -> None:
        """Note the time since the last step."""
        now = time.perf_counter()
        self.seconds[step] = now - self._since
        self._since = now


def _all(futures: Iterable[PrefectFuture[T]]) -> list[T]:
    """Results of tasks that run side by side; waits for all, so that no problem stays unseen."""
    results = [future.result(raise_on_failure=False) for future in list(futures)]
    problems = [result for result in results if isinstance(result, BaseException)]
    if len(problems) > 1 and all(isinstance(p, SourceError) for p in problems):
        raise SourceError("\n".join(str(problem) for problem in problems))
    if problems:
        raise problems[0]
    return results
