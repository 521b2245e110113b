"""The published batches: read from the audit, and indexed in the lake.

The lake has an object `published/batch_date=<day>.json` for each published batch. It names the
current manifests, so `olist rebuild --from-lake` works after the warehouse is lost.
"""

from datetime import date

from infra.lake import Lake
from infra.settings import Settings
from infra.warehouse import Transaction, transaction

# publishes of earlier versions have no number, and are ordered by their time
_NUMBER = "COALESCE(publish_number, 0)"


def published_dates(work: Transaction, run_id: str) -> list[date]:
    """Return the batch dates that a run has published, in order; empty if there are none."""
    return [
        day
        for (day,) in work.query(
            "SELECT batch_date FROM audit.batches WHERE run_id = %s ORDER BY batch_date", [run_id]
        )
    ]


def last_publish_number(work: Transaction) -> int:
    """Return the number of the last publish; 0 before the first.

    Publishes are numbered under the writer's lock. Their times come from clocks, which may go back.
    """
    return work.value("SELECT COALESCE(MAX(publish_number), 0) AS n FROM audit.batches")


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
            f"GROUP BY run_id ORDER BY MAX({_NUMBER}) DESC, MAX(published_at) DESC LIMIT 1"
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
            "AND publish_number = %s "
            "GROUP BY validation_number ORDER BY validation_number DESC LIMIT 1",
            [last_publish_number(work)],
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
        published = work.query(
            "SELECT batch_date, run_id FROM audit.batches WHERE run_id = ("
            "SELECT run_id FROM audit.batches "
            f"ORDER BY {_NUMBER} DESC, published_at DESC LIMIT 1)"
        )
        loads = work.query(
            "SELECT batch_date, manifest FROM audit.loads WHERE batch_date IN "
            "(SELECT batch_date FROM audit.batches WHERE run_id = %s) ORDER BY table_name",
            [published[0][1] if published else ""],
        )
    _index(Lake(settings), published, loads)


def repair_index(settings: Settings) -> list[date]:
    """Make the index in the lake agree with the audit, for all batches that the audit knows.

    Batches that only the lake knows stay in the index: the warehouse may have been lost.

    Returns:
        The days whose entry was missing, wrong, or left over from a retracted batch.

    Raises:
        WarehouseError: The audit cannot be read.
    """
    with transaction(settings, read_only=True) as work:
        published = work.query(
            "SELECT batch_date, run_id FROM ("
            "SELECT batch_date, run_id, ROW_NUMBER() OVER (PARTITION BY batch_date "
            f"ORDER BY {_NUMBER} DESC, published_at DESC) AS age FROM audit.batches) AS ranked "
            "WHERE age = 1 ORDER BY batch_date"
        )
        loads = work.query(
            "SELECT batch_date, manifest FROM audit.loads ORDER BY batch_date, table_name"
        )
    return _index(Lake(settings), published, loads)


def _index(
    lake: Lake, published: list[tuple[date, str]], loads: list[tuple[date, str]]
) -> list[date]:
    """Write the entries of published batches; return the days whose entry has changed."""
    manifests: dict[date, list[str]] = {}
    for day, manifest in loads:
        manifests.setdefault(day, []).append(manifest)
    changed = []
    for day, run_id in published:
        key = f"published/batch_date={day}.json"
        known = lake.get_json(key)
        if day not in manifests:  # the batch was retracted
            if known is not None:
                lake.delete(key)
                changed.append(day)
        elif known != (entry := {"run_id": run_id, "manifests": manifests[day]}):
            lake.put_json(key, entry)
            changed.append(day)
    return changed


def retracted_days(settings: Settings) -> list[date]:
    """Return the batch dates that are retracted and not published again, in order.

    Raises:
        WarehouseError: The audit cannot be read.
    """
    return _days(
        settings,
        "SELECT DISTINCT batch_date FROM audit.batches WHERE action = 'retract' "
        "AND batch_date NOT IN (SELECT batch_date FROM audit.loads) ORDER BY batch_date",
    )


def published_days(settings: Settings) -> list[date]:
    """Return the batch dates of all published batches, in order.

    Raises:
        WarehouseError: The audit cannot be read.
    """
    return _days(settings, "SELECT DISTINCT batch_date FROM audit.loads ORDER BY batch_date")


def _days(settings: Settings, sql: str) -> list[date]:
    with transaction(settings, read_only=True) as work:
        return [day for (day,) in work.query(sql)]
