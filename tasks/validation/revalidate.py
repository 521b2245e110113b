"""Copy published tables into `candidate` to run the gates again."""

from datetime import date

from prefect import get_run_logger, task

from infra.contracts import contracts
from infra.ddl import tables
from infra.settings import Settings
from tasks.receipts import OpenBatch
from tasks.request import RequestError
from tasks.retries import STEP
from tasks.validation.metrics import compute_metrics
from tasks.warehouse.batch_state import clear_arrivals, open_batches
from tasks.warehouse.models import published_models
from tasks.warehouse.prepare import prepare_warehouse
from tasks.warehouse.published_index import published_days
from tasks.warehouse.transform import (
    compute_affected_keys,
    copy_published,
    create_candidate,
    drop_candidates,
)
from tasks.warehouse.writer_lock import writing


class NothingPublishedError(RequestError):
    """No batch is published, so there is nothing to validate."""


def copy_published_staging(settings: Settings, run_id: str) -> None:
    """Copy all of staging into `candidate.batch_<table>`, and compute its metrics.

    Raises:
        LockError: Another run has taken over the lock.
        WarehouseError: A statement failed.
    """
    with writing(settings, run_id) as work:
        for table, ddl in tables("staging").items():
            columns = ddl.column_list
            work.run(f"DELETE FROM candidate.batch_{table}")
            work.run(
                f"INSERT INTO candidate.batch_{table} ({columns}) "
                f"SELECT {columns} FROM staging.{table}"
            )
        work.run("DELETE FROM candidate.load")
        columns = tables("audit")["loads"].column_list
        work.run(f"INSERT INTO candidate.load ({columns}) SELECT {columns} FROM audit.loads")
    compute_metrics(settings, run_id)


def copy_published_models(settings: Settings, run_id: str) -> None:
    """Copy the published models into `candidate.<model>`.

    Raises:
        LockError: Another run has taken over the lock.
        WarehouseError: A statement failed.
    """
    with writing(settings, run_id) as work:
        for table in contracts():
            work.run(f"DELETE FROM candidate.batch_{table}")
    compute_affected_keys(settings, run_id)
    with writing(settings, run_id) as work:
        for model in published_models():
            create_candidate(work, model)
            copy_published(work, model)


@task(name="load published", task_run_name="load published {what} as candidate", **STEP)
def load_published_as_candidate(what: str, run_id: str) -> None:
    """Copy published staging or the published models into `candidate`, where the gates read.

    Args:
        what: `staging` or `models`.
        run_id: Id of the flow run that holds the writer's lock.
    """
    settings = Settings()
    (copy_published_staging if what == "staging" else copy_published_models)(settings, run_id)
    get_run_logger().info("published %s is copied into candidate", what)


@task(name="open published", **STEP)
def begin_revalidation(run_id: str) -> list[date]:
    """Open all published batches for validation only.

    Returns:
        Their batch dates, in order.

    Raises:
        NothingPublishedError: No batch is published.
    """
    settings = Settings()
    prepare_warehouse(settings)
    days = published_days(settings)
    if not days:
        raise NothingPublishedError("No batch is published; load one: olist run --source DIR")
    batches = [OpenBatch(batch_date=day, action="rebuild", source="published") for day in days]
    open_batches(settings, batches, run_id)
    return days


@task(name="close published", **STEP)
def end_revalidation(run_id: str) -> None:
    """Drop the candidate tables of all models, and close the open batches."""
    with writing(Settings(), run_id) as work:
        drop_candidates(work)
        clear_arrivals(work)
