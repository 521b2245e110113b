"""Compute metrics of the open batches, and compare them with earlier batches."""

from prefect import get_run_logger, task

from infra.settings import Settings
from infra.sql_files import statements
from tasks.retries import STEP
from tasks.warehouse.writer_lock import writing

# in this order: `drift` reads `batch_metrics`
MEASURES = ("batch_metrics", "drift")


def compute_metrics(settings: Settings, run_id: str) -> int:
    """Compute `candidate.batch_metrics` and `candidate.drift`.

    Returns:
        The number of rows in `candidate.drift`.

    Raises:
        LockError: Another run has taken over the lock.
        WarehouseError: A statement failed.
    """
    with writing(settings, run_id) as work:
        rows = 0
        for name in MEASURES:
            work.run(f"DELETE FROM candidate.{name}")
            rows = work.run(statements(f"metrics/{name}.sql")[1], what=f"sql/metrics/{name}.sql")
    return rows


@task(name="compare metrics", task_run_name="compare metrics {label}", **STEP)
def compare_metrics(run_id: str, label: str) -> int:
    """Compare the open batches with earlier batches."""
    figures = compute_metrics(Settings(), run_id)
    get_run_logger().info("%s: %s figures compared with earlier batches", label, figures)
    return figures
