"""Copy the Parquet of the open batches from the lake into `candidate.batch_<table>`.

Staging changes only when the batches are published. The models of a later run therefore never
read rows that no gate has passed.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from prefect import get_run_logger, task

from infra.contracts import BATCH_DATE
from infra.ddl import tables
from infra.lake import Lake
from infra.settings import Settings
from infra.warehouse import Transaction, transaction
from tasks.receipts import CopyReceipt, UploadReceipt
from tasks.retries import RETRY
from tasks.warehouse.same_content import (
    expand,
    plan_arrivals,
    read_deliveries,
    repeating_tables,
)
from tasks.warehouse.writer_lock import writing


class CopyError(RuntimeError):
    """The number of loaded rows differs from the upload receipt."""


def copy_table(settings: Settings, receipts: Sequence[UploadReceipt], run_id: str) -> CopyReceipt:
    """Load the rows of one table for all open batches.

    A batch that is already in staging with the same content is copied from staging. A file of a
    reference table that repeats that of the batch before brings no rows (`same_content`).

    Args:
        settings: Access to the lake and the warehouse.
        receipts: The upload receipts of one table, one for each open batch.
        run_id: Id of the flow run that holds the writer's lock.

    Raises:
        CopyError: The loaded rows do not match the receipts.
        LakeError: A manifest is missing from the lake.
        LockError: Another run has taken over the lock.
        WarehouseError: A statement failed.
    """
    table = receipts[0].table
    columns = tables("staging")[table].column_list
    stands = _stands(settings, receipts, run_id)
    stored = [r for r in receipts if r.batch_date not in stands]
    with writing(settings, run_id) as work:
        work.run(f"DELETE FROM candidate.batch_{table}")
        held = _held(work, table)
        new = [r for r in stored if held.get(r.batch_date) != r.content_hash]
        if own := [r for r in new if r.parquet_date in {None, r.batch_date}]:
            _copy(work, settings, f"candidate.batch_{table}", _manifest(settings, own, run_id))
        for receipt in new:
            if receipt not in own and receipt.rows_loaded:
                _copy_of_another_batch(work, settings, receipt)
        known = [r for r in stored if r not in new]
        for receipt in known:
            work.run(
                f"INSERT INTO candidate.batch_{table} ({columns}) "
                f"SELECT {columns} FROM staging.{table} WHERE batch_date = %s",
                [receipt.batch_date],
            )
        _compare(work, table, stored)
        # last, because it locks `candidate.load`, which the copies of all tables share
        _note(work, table, receipts, run_id, stands)
    rows = sum(receipt.rows_loaded for receipt in receipts)
    return CopyReceipt(table=table, rows=rows, copied=len(new), same_as=stands)


def _stands(settings: Settings, receipts: Sequence[UploadReceipt], run_id: str) -> dict[date, date]:
    """Find the batches that repeat a file; give others rows of their own if needed."""
    table = receipts[0].table
    if table not in repeating_tables():
        return {}
    with transaction(settings, read_only=True) as work:
        arrivals = [(receipt.batch_date, receipt.content_hash) for receipt in receipts]
        plan = plan_arrivals(read_deliveries(work, table), arrivals)
    if plan.expansions:
        with writing(settings, run_id) as work:
            expand(work, table, plan.expansions)
    return plan.stands


def _copy(work: Transaction, settings: Settings, target: str, manifest: str) -> None:
    work.run(
        f"COPY {target} FROM '{manifest}' "
        f"IAM_ROLE '{settings.copy_role}' FORMAT AS PARQUET MANIFEST",
        what=f"COPY {target} from {manifest}",
    )


def _copy_of_another_batch(work: Transaction, settings: Settings, receipt: UploadReceipt) -> None:
    """Copy Parquet that was written for another batch, with the date of this one."""
    ddl = tables("staging")[receipt.table]
    columns = ", ".join(name for name in ddl.names if name != BATCH_DATE)
    arrived = f"arrived_{receipt.table}"
    work.run(f"DROP TABLE IF EXISTS {arrived}")
    work.run(f"CREATE TEMP TABLE {arrived} (LIKE candidate.batch_{receipt.table})")
    _copy(work, settings, arrived, receipt.manifest_url)
    work.run(
        f"INSERT INTO candidate.batch_{receipt.table} ({columns}, {BATCH_DATE}) "
        f"SELECT {columns}, CAST(%s AS DATE) FROM {arrived}",
        [receipt.batch_date],
    )
    work.run(f"DROP TABLE {arrived}")


def _held(work: Transaction, table: str) -> dict[date, str]:
    """Return the content hash of each open batch that is already in staging."""
    rows = work.query(
        "SELECT batch_date, content_hash FROM audit.loads WHERE table_name = %s "
        "AND batch_date IN (SELECT batch_date FROM audit.open_batch WHERE action = 'load')",
        [table],
    )
    return {day: content for day, content in rows}  # noqa: C416 (rows are tuples of any length)


def _manifest(settings: Settings, receipts: Sequence[UploadReceipt], run_id: str) -> str:
    """Return the manifest of one batch, or write a combined manifest of several batches."""
    if len(receipts) == 1:
        return receipts[0].manifest_url
    lake = Lake(settings)
    entries = [
        entry
        for receipt in receipts
        for entry in lake.require_json(lake.key(receipt.manifest_url))["entries"]
    ]
    key = f"manifests/{run_id}/{receipts[0].table}.json"
    lake.put_json(key, {"entries": entries})
    return lake.url(key)


def _compare(work: Transaction, table: str, receipts: Sequence[UploadReceipt]) -> None:
    found = dict(
        work.query(
            f"SELECT batch_date, COUNT(*) AS row_count FROM candidate.batch_{table} "
            "GROUP BY batch_date"
        )
    )
    for receipt in receipts:
        rows = found.get(receipt.batch_date, 0)
        if rows != receipt.rows_loaded:
            raise CopyError(
                f"{table}, batch {receipt.batch_date}: COPY loaded {rows} rows, but "
                f"{receipt.manifest_url} holds {receipt.rows_loaded}. "
                "Nothing was kept; run the batch again"
            )


def _note(
    work: Transaction,
    table: str,
    receipts: Sequence[UploadReceipt],
    run_id: str,
    stands: dict[date, date],
) -> None:
    work.run("DELETE FROM candidate.load WHERE table_name = %s", [table])
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        (
            table,
            receipt.batch_date,
            run_id,
            receipt.content_hash,
            receipt.source_file,
            receipt.source_sha256,
            receipt.source_bytes,
            receipt.rows_read,
            receipt.rows_loaded,
            receipt.rows_quarantined,
            sum(receipt.money_loaded.values()),
            receipt.manifest_url,
            now,
            sum(receipt.money_read.values()),
            sum(receipt.money_quarantined.values()),
            receipt.amounts_unreadable,
            stands.get(receipt.batch_date),
        )
        for receipt in receipts
    ]
    slots = ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows))
    columns = tables("audit")["loads"].column_list
    work.run(
        f"INSERT INTO candidate.load ({columns}) VALUES {slots}",
        [value for row in rows for value in row],
    )


@task(name="copy", task_run_name="copy {table} {label}", **RETRY)
def copy(table: str, receipts: list[UploadReceipt], run_id: str, label: str) -> CopyReceipt:
    """Copy the Parquet of one table into the warehouse."""
    copied = copy_table(Settings(), receipts, run_id)
    repeated = {str(day) for day in copied.same_as.values()}
    get_run_logger().info(
        "%s %s: %s rows; %s",
        table,
        label,
        f"{copied.rows:,}",
        f"{copied.copied} batch(es) copied"
        if copied.copied
        else f"same content as batch {', '.join(sorted(repeated))}"
        if repeated
        else "already in staging",
    )
    return copied
