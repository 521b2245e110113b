"""Measure: figures of the batches that arrived, beside those of the batches before them."""

from prefect import get_run_logger, task

from infra.settings import Settings
from infra.sql_files import statements
from tasks.retries import RETRY
from tasks.warehouse.writer_lock import writing

# the second reads the first
MEASURES = ("batch_metrics", "drift")


def compute_metrics(settings: Settings, run_id: str) -> int:
    """Fill `candidate.batch_metrics` and `candidate.drift`; returns the number of figures.

    Raises LockError and WarehouseError.
    """
    with writing(settings, run_id) as work:
        rows = 0
        for name in MEASURES:
            work.run(f"DELETE FROM candidate.{name}")
            rows = work.run(statements(f"metrics/{name}.sql")[1], what=f"sql/metrics/{name}.sql")
    return rows


@task(name="compare metrics", task_run_name="compare metrics {label}", **RETRY)
def compare_metrics(run_id: str, label: str) -> int:
    """Compare what arrived with the last batches."""
    figures = compute_metrics(Settings(), run_id)
    get_run_logger().info("%s: %s figures compared with earlier batches", label, figures)
    return figures
