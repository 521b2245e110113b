"""Published: what is there stands in for candidates, so that the gates look at it again."""

from datetime import date

from prefect import get_run_logger, task

from infra.contracts import contracts
from infra.settings import Settings
from tasks.receipts import OpenBatch
from tasks.retries import RETRY
from tasks.validation.metrics import compute_metrics
from tasks.warehouse.batch_state import clear_arrivals, open_batches
from tasks.warehouse.models import published_models
from tasks.warehouse.prepare import prepare_warehouse
from tasks.warehouse.published_index import published_days
from tasks.warehouse.transform import compute_affected_keys, drop_candidates
from tasks.warehouse.writer_lock import writing


class NothingPublishedError(LookupError):
    """No batch is published, so there is nothing to look at."""


def copy_published_staging(settings: Settings, run_id: str) -> None:
    """Let `candidate.batch_<table>` hold all of staging. Raises LockError and WarehouseError."""
    with writing(settings, run_id) as work:
        for table in contracts():
            work.run(f"DELETE FROM candidate.batch_{table}")
            work.run(f"INSERT INTO candidate.batch_{table} SELECT * FROM staging.{table}")
        work.run("DELETE FROM candidate.load")
        work.run("INSERT INTO candidate.load SELECT * FROM audit.loads")
    compute_metrics(settings, run_id)


def copy_published_models(settings: Settings, run_id: str) -> None:
    """Let `candidate.<model>` hold what is published. Raises LockError and WarehouseError."""
    with writing(settings, run_id) as work:
        for table in contracts():
            work.run(f"DELETE FROM candidate.batch_{table}")
    compute_affected_keys(settings, run_id)
    with writing(settings, run_id) as work:
        for model in published_models():
            work.run(f"CREATE TABLE candidate.{model.name} (LIKE analytics.{model.name})")
            work.run(f"INSERT INTO candidate.{model.name} SELECT * FROM analytics.{model.name}")


@task(name="load published", task_run_name="load published {what} as candidate", **RETRY)
def load_published_as_candidate(what: str, run_id: str) -> None:
    """Put what is published where the gates look."""
    settings = Settings()
    (copy_published_staging if what == "staging" else copy_published_models)(settings, run_id)
    get_run_logger().info("the gates see published %s", what)


@task(name="open published", **RETRY)
def open_published(run_id: str) -> list[date]:
    """Open all published batches, to be looked at only. Raises NothingPublishedError."""
    settings = Settings()
    prepare_warehouse(settings)
    days = published_days(settings)
    if not days:
        raise NothingPublishedError("No batch is published; load one: olist run --source DIR")
    batches = [OpenBatch(batch_date=day, action="rebuild", source="published") for day in days]
    open_batches(settings, batches, run_id)
    return days


@task(name="close published", **RETRY)
def close_published(run_id: str) -> None:
    """Clear the candidates away."""
    with writing(Settings(), run_id) as work:
        drop_candidates(work)
        clear_arrivals(work)
