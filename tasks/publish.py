"""Publish: staging, all models and the audit switch over in one transaction."""

from datetime import UTC, date, datetime

from prefect import get_run_logger, task

from infra.contracts import contracts
from infra.lake import Lake
from infra.settings import Settings
from infra.warehouse import Transaction, transaction
from tasks.lock import keep, writing
from tasks.models import published_models
from tasks.prepare import clear_arrivals
from tasks.receipts import PublishReceipt
from tasks.retries import RETRY
from tasks.transform import drop_candidates

_ARRIVED = "(SELECT batch_date FROM audit.open_batch WHERE action <> 'rebuild')"


class AfterPublishError(RuntimeError):
    """Exports or dashboards failed; what is published is right, and stays."""


def publish_batches(settings: Settings, run_id: str) -> PublishReceipt:
    """Replace the open batches in staging and what they touch in `analytics`; note it in the audit.

    Readers see the state before or the state after. Raises LockError and WarehouseError.
    """
    with writing(settings, run_id) as work:
        keep(work, run_id)
        if dates := _published(work, run_id):
            # the last try committed, but its answer was lost on the way
            return PublishReceipt(batch_dates=dates, rows={})
        _stage(work)
        rows = {}
        for model in published_models():
            assert model.retire is not None  # noqa: S101 (published models have one)
            what = f"publishing analytics.{model.name}"
            work.run(model.retire, what=what)
            rows[model.name] = work.run(
                f"INSERT INTO analytics.{model.name} SELECT * FROM candidate.{model.name}",
                what=what,
            )
        work.run(
            "INSERT INTO audit.batches "
            "SELECT CAST(%s AS VARCHAR(36)), batch_date, action, source, CAST(%s AS TIMESTAMP) "
            "FROM audit.open_batch",
            [run_id, datetime.now(UTC).replace(tzinfo=None)],
        )
        dates = _published(work, run_id)
        drop_candidates(work)
        clear_arrivals(work)
    return PublishReceipt(batch_dates=dates, rows=rows)


def _stage(work: Transaction) -> None:
    for table in contracts():
        what = f"publishing staging.{table}"
        work.run(f"DELETE FROM staging.{table} WHERE batch_date IN {_ARRIVED}", what=what)
        work.run(f"INSERT INTO staging.{table} SELECT * FROM candidate.batch_{table}", what=what)
    work.run(f"DELETE FROM audit.loads WHERE batch_date IN {_ARRIVED}")
    work.run("INSERT INTO audit.loads SELECT * FROM candidate.load")
    work.run(f"DELETE FROM audit.metrics WHERE batch_date IN {_ARRIVED}")
    work.run("INSERT INTO audit.metrics SELECT * FROM candidate.batch_metrics")


def _published(work: Transaction, run_id: str) -> list[date]:
    return [
        day
        for (day,) in work.query(
            "SELECT batch_date FROM audit.batches WHERE run_id = %s ORDER BY batch_date", [run_id]
        )
    ]


def last_publish(settings: Settings) -> tuple[str, date] | None:
    """The run that published last, and the latest day of its batches. Raises WarehouseError."""
    with transaction(settings, read_only=True) as work:
        last = work.query(
            "SELECT run_id, MAX(batch_date) AS batch_date FROM audit.batches "
            "GROUP BY run_id ORDER BY MAX(published_at) DESC LIMIT 1"
        )
    return last[0] if last else None


def note_in_lake(settings: Settings) -> None:
    """Write beside the Parquet which content of each batch of the last publish is in force.

    `olist rebuild --from-lake` goes by these notes. Whoever publishes writes them after the
    commit, and the next run writes those that a killed run owes. Raises WarehouseError.
    """
    with transaction(settings, read_only=True) as work:
        last = work.query("SELECT run_id FROM audit.batches ORDER BY published_at DESC LIMIT 1")
        if not last:
            return
        dates = _published(work, last[0][0])
        loads = work.query(
            "SELECT batch_date, manifest FROM audit.loads WHERE batch_date IN "
            "(SELECT batch_date FROM audit.batches WHERE run_id = %s) ORDER BY table_name",
            [last[0][0]],
        )
    lake = Lake(settings)
    for day in dates:
        key = f"published/batch_date={day}.json"
        manifests = [manifest for loaded, manifest in loads if loaded == day]
        note = {"run_id": last[0][0], "manifests": manifests}
        if manifests and lake.get_json(key) != note:
            lake.put_json(key, note)
        elif not manifests:  # the batch was retracted
            lake.delete(key)


@task(name="publish", task_run_name="publish {label}", **RETRY)
def publish(run_id: str, label: str) -> PublishReceipt:
    """Switch readers of `analytics` over to the open batches, all models at once."""
    settings = Settings()
    receipt = publish_batches(settings, run_id)
    note_in_lake(settings)
    get_run_logger().info(
        "%s: %s models, %s rows published",
        label,
        len(receipt.rows),
        f"{sum(receipt.rows.values()):,}",
    )
    return receipt
