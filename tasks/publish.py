"""Publish: all candidate rows become visible to readers in one transaction."""

from datetime import UTC, date, datetime

from prefect import get_run_logger, task

from infra.settings import Settings
from infra.warehouse import transaction
from tasks.models import published_models
from tasks.receipts import PublishReceipt
from tasks.retries import RETRY
from tasks.transform import drop_candidates


def publish_batch(settings: Settings, batch_date: date, source: str, run_id: str) -> PublishReceipt:
    """Replace published rows by their candidates, note it in the audit, drop the candidates.

    Readers see the state before or the state after. Raises WarehouseError.
    """
    rows = {}
    with transaction(settings) as work:
        for model in published_models():
            assert model.retire is not None  # noqa: S101 (published models have one)
            what = f"publishing analytics.{model.name}"
            work.run(model.retire, what=what)
            rows[model.name] = work.run(
                f"INSERT INTO analytics.{model.name} SELECT * FROM candidate.{model.name}",
                what=what,
            )
        work.run(
            "INSERT INTO audit.batches VALUES (%s, %s, %s, %s)",
            [run_id, batch_date, source, datetime.now(UTC).replace(tzinfo=None)],
        )
        work.run("DELETE FROM audit.withdrawn")
        drop_candidates(work)
    return PublishReceipt(batch_date=batch_date, rows=rows)


@task(name="publish", task_run_name="publish {batch_date}", **RETRY)
def publish(batch_date: date, source: str, run_id: str) -> PublishReceipt:
    """Switch readers of `analytics` over to the batch, all models at once."""
    receipt = publish_batch(Settings(), batch_date, source, run_id)
    get_run_logger().info(
        "%s models, %s rows published", len(receipt.rows), f"{sum(receipt.rows.values()):,}"
    )
    return receipt
