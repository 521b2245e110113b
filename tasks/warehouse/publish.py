"""Publish the open batches: replace staging, all models and the audit in one transaction."""

from collections.abc import Collection, Sequence

from prefect import get_run_logger, task

from infra.ddl import tables
from infra.settings import Settings
from infra.warehouse import Transaction
from tasks.receipts import PublishReceipt
from tasks.retries import STEP
from tasks.warehouse.batch_state import clear_arrivals
from tasks.warehouse.control_totals import record_change, renew_if_rebuilt
from tasks.warehouse.models import published_models
from tasks.warehouse.partitions import record_changed_partitions
from tasks.warehouse.published_index import (
    index_published_batches,
    last_publish_number,
    published_dates,
)
from tasks.warehouse.transform import drop_candidates
from tasks.warehouse.writer_lock import renew, writing

_ARRIVED = "(SELECT batch_date FROM audit.open_batch WHERE action <> 'rebuild')"


def publish_batches(
    settings: Settings, run_id: str, models: Collection[str] | None = None
) -> PublishReceipt:
    """Replace the open batches in staging and the rows that they affect in `analytics`.

    Records the batches in the audit. Readers see the state before or after, never a mix.

    Args:
        settings: Access to the warehouse.
        run_id: Id of the flow run that holds the writer's lock.
        models: Names of the models to replace; None for all. The others stay as they are.

    Returns:
        The published batch dates, and the rows by model. The rows are empty if an earlier attempt
        of this run has already committed.

    Raises:
        LockError: Another run has taken over the lock.
        WarehouseError: A statement or the commit failed.
    """
    with writing(settings, run_id) as work:
        renew(work, run_id)
        if dates := published_dates(work, run_id):
            # an earlier attempt committed, but its reply was lost
            return PublishReceipt(batch_dates=dates, rows={})
        number = 1 + last_publish_number(work)
        chosen = [m for m in published_models() if models is None or m.name in models]
        record_change(work, number)
        record_changed_partitions(work, chosen, number)
        _stage(work)
        renew_if_rebuilt(work, number)
        rows = {}
        for model in chosen:
            assert model.retire is not None  # noqa: S101 (published models have one)
            what, columns = f"publishing analytics.{model.name}", model.table.column_list
            work.run(model.retire, what=what)
            rows[model.name] = work.run(
                f"INSERT INTO analytics.{model.name} ({columns}) "
                f"SELECT {columns} FROM candidate.{model.name}",
                what=what,
            )
        work.run(
            "INSERT INTO audit.batches "
            "(run_id, batch_date, action, source, published_at, publish_number) "
            "SELECT CAST(%s AS VARCHAR(36)), batch_date, action, source, GETDATE(), "
            "CAST(%s AS BIGINT) FROM audit.open_batch",
            [run_id, number],
        )
        dates = published_dates(work, run_id)
        drop_candidates(work)
        clear_arrivals(work)
    return PublishReceipt(batch_dates=dates, rows=rows)


def _stage(work: Transaction) -> None:
    for table, ddl in tables("staging").items():
        what, columns = f"publishing staging.{table}", ddl.column_list
        work.run(f"DELETE FROM staging.{table} WHERE batch_date IN {_ARRIVED}", what=what)
        work.run(
            f"INSERT INTO staging.{table} ({columns}) "
            f"SELECT {columns} FROM candidate.batch_{table}",
            what=what,
        )
    for name, candidate in (("loads", "load"), ("metrics", "batch_metrics")):
        columns = tables("audit")[name].column_list
        work.run(f"DELETE FROM audit.{name} WHERE batch_date IN {_ARRIVED}")
        work.run(
            f"INSERT INTO audit.{name} ({columns}) SELECT {columns} FROM candidate.{candidate}"
        )


@task(name="publish", task_run_name="publish {label}", **STEP)
def publish(run_id: str, label: str, models: Sequence[str] | None = None) -> PublishReceipt:
    """Publish the open batches, all chosen models at once, and index them in the lake."""
    settings = Settings()
    receipt = publish_batches(settings, run_id, models)
    index_published_batches(settings)
    get_run_logger().info(
        "%s: %s models, %s rows published",
        label,
        len(receipt.rows),
        f"{sum(receipt.rows.values()):,}",
    )
    return receipt
