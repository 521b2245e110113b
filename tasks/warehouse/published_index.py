"""The published batches: read from the audit, and indexed in the lake.

The lake has an object `published/batch_date=<day>.json` for each published batch. It names the
current manifests, so `olist rebuild --from-lake` works after the warehouse is lost.
"""

from datetime import date

from infra.lake import Lake
from infra.settings import Settings
from infra.warehouse import Transaction, transaction


def published_dates(work: Transaction, run_id: str) -> list[date]:
    """Return the batch dates that a run has published, in order; empty if there are none."""
    return [
        day
        for (day,) in work.query(
            "SELECT batch_date FROM audit.batches WHERE run_id = %s ORDER BY batch_date", [run_id]
        )
    ]


def last_publish(settings: Settings) -> tuple[str, date] | None:
    """Return the run that published last, and the latest of its batch dates.

    Returns:
        (run id, batch date), or None if nothing is published.

    Raises:
        WarehouseError: The audit cannot be read.
    """
    with transaction(settings, read_only=True) as work:
        last = work.query(
            "SELECT run_id, MAX(batch_date) AS batch_date FROM audit.batches "
            "GROUP BY run_id ORDER BY MAX(published_at) DESC LIMIT 1"
        )
    return last[0] if last else None


def dates_published_by(settings: Settings, run_id: str) -> list[date]:
    """Return the batch dates that a run has published; empty if it did not commit.

    Raises:
        WarehouseError: The audit cannot be read.
    """
    with transaction(settings, read_only=True) as work:
        return published_dates(work, run_id)


def is_reconciled(settings: Settings) -> bool:
    """Whether the gate `reconciliation` has run since the last publish, and its last run passed.

    Raises:
        WarehouseError: The audit cannot be read.
    """
    with transaction(settings, read_only=True) as work:
        failed = work.query(
            "SELECT SUM(CASE WHEN severity = 'critical' AND NOT passed THEN 1 ELSE 0 END) "
            "AS failed FROM audit.validations WHERE gate = 'reconciliation' "
            "AND validated_at >= (SELECT MAX(published_at) FROM audit.batches) "
            "GROUP BY run_id ORDER BY MAX(validated_at) DESC LIMIT 1"
        )
    return bool(failed) and failed[0][0] == 0


def index_published_batches(settings: Settings) -> None:
    """Index the batches of the last publish in the lake.

    The publish task calls it after the commit. `prepare` calls it again, in case the publishing
    run was killed before.

    Raises:
        WarehouseError: The audit cannot be read.
    """
    with transaction(settings, read_only=True) as work:
        last = work.query("SELECT run_id FROM audit.batches ORDER BY published_at DESC LIMIT 1")
        if not last:
            return
        dates = published_dates(work, last[0][0])
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


def published_days(settings: Settings) -> list[date]:
    """Return the batch dates of all published batches, in order.

    Raises:
        WarehouseError: The audit cannot be read.
    """
    with transaction(settings, read_only=True) as work:
        return [
            day
            for (day,) in work.query(
                "SELECT DISTINCT batch_date FROM audit.loads ORDER BY batch_date"
            )
        ]
