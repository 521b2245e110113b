"""Compute metrics of the open batches, and compare them with earlier batches."""

from prefect import get_run_logger, task

from infra.settings import Settings
from infra.sql_files import statements
from tasks.receipts import Comparison
from tasks.retries import STEP
from tasks.warehouse.writer_lock import writing

# in this order: `drift` reads `batch_metrics`
MEASURES = ("batch_metrics", "drift")


def compute_metrics(settings: Settings, run_id: str) -> Comparison:
    """Compute `candidate.batch_metrics` and `candidate.drift`.

    Returns:
        The number of figures, and what they are compared with.

    Raises:
        LockError: Another run has taken over the lock.
        WarehouseError: A statement failed.
    """
    with writing(settings, run_id) as work:
        for name in MEASURES:
            work.run(f"DELETE FROM candidate.{name}")
            work.run(statements(f"metrics/{name}.sql")[1], what=f"sql/metrics/{name}.sql")
        ((figures, compared, batches),) = work.query(
            "SELECT COUNT(*) AS figures, "
            "COUNT(CASE WHEN low_bound IS NOT NULL THEN 1 END) AS compared, "
            "COALESCE(MAX(batches), 0) AS batches FROM candidate.drift"
        )
    return Comparison(figures=figures, compared=compared, batches=batches)


@task(name="compare metrics", task_run_name="compare metrics {label}", **STEP)
def compare_metrics(run_id: str, label: str) -> Comparison:
    """Compare the open batches with earlier batches."""
    comparison = compute_metrics(Settings(), run_id)
    get_run_logger().info("%s: %s", label, comparison.words)
    return comparison
