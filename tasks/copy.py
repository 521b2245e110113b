"""Copy: a batch's Parquet goes from the lake into its staging table, in one transaction a table."""

from datetime import UTC, date, datetime

from prefect import get_run_logger, task

from infra.contracts import contracts
from infra.settings import Settings
from infra.warehouse import Transaction, transaction
from tasks.receipts import CopyReceipt, UploadReceipt
from tasks.retries import RETRY


class CopyError(RuntimeError):
    """What COPY loaded is not what the receipt says."""


def copy_table(settings: Settings, receipt: UploadReceipt, run_id: str) -> CopyReceipt:
    """Replace the batch's rows of a staging table by those of the receipt's files.

    Does nothing when staging holds this very content already. Raises CopyError when the rows do
    not match the receipt, and WarehouseError.
    """
    table, day = receipt.table, receipt.batch_date
    with transaction(settings) as work:
        if _holds(work, receipt):
            return CopyReceipt(table=table, batch_date=day, rows=receipt.rows_loaded, copied=False)
        if _count(
            work, receipt
        ):  # not for a first delivery: it locks a table that all copies share
            withdraw(work, table, day)
        work.run(
            f"COPY staging.{table} FROM '{receipt.manifest_url}' "
            f"IAM_ROLE '{settings.copy_role}' FORMAT AS PARQUET MANIFEST",
            what=f"COPY staging.{table} from {receipt.manifest_url}",
        )
        rows = _count(work, receipt)
        if rows != receipt.rows_loaded:
            raise CopyError(
                f"staging.{table}, batch {day}: COPY loaded {rows} rows, but "
                f"{receipt.manifest_url} holds {receipt.rows_loaded}. "
                "Nothing was kept; run the batch again"
            )
        # last, for it locks the one table that all copies share
        _note(work, receipt, run_id)
    return CopyReceipt(table=table, batch_date=day, rows=rows, copied=True)


def _holds(work: Transaction, receipt: UploadReceipt) -> bool:
    noted = work.query(
        "SELECT content_hash, rows_loaded FROM audit.loads "
        "WHERE table_name = %s AND batch_date = %s",
        [receipt.table, receipt.batch_date],
    )
    return noted == [(receipt.content_hash, receipt.rows_loaded)] and (
        _count(work, receipt) == receipt.rows_loaded
    )


# what the models are keyed by; a row that leaves staging touches all of these that it names
_KEYS = (
    "order_id",
    "product_id",
    "seller_id",
    "customer_unique_id",
    "product_category_name",
    "customer_zip_code_prefix",
    "seller_zip_code_prefix",
    "geolocation_zip_code_prefix",
)


def withdraw(work: Transaction, table: str, batch_date: date) -> None:
    """Delete a batch's rows of a staging table, and note their keys for the next publish."""
    for column in (name for name in contracts()[table].header if name in _KEYS):
        name = "zip_code_prefix" if column.endswith("zip_code_prefix") else column
        work.run(
            f"INSERT INTO audit.withdrawn SELECT DISTINCT '{name}', {column} "
            f"FROM staging.{table} WHERE batch_date = %s AND {column} IS NOT NULL",
            [batch_date],
        )
    work.run(f"DELETE FROM staging.{table} WHERE batch_date = %s", [batch_date])


def _count(work: Transaction, receipt: UploadReceipt) -> int:
    return work.value(
        f"SELECT COUNT(*) AS row_count FROM staging.{receipt.table} WHERE batch_date = %s",
        [receipt.batch_date],
    )


def _note(work: Transaction, receipt: UploadReceipt, run_id: str) -> None:
    work.run(
        "DELETE FROM audit.loads WHERE table_name = %s AND batch_date = %s",
        [receipt.table, receipt.batch_date],
    )
    work.run(
        "INSERT INTO audit.loads VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            receipt.table,
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
            datetime.now(UTC).replace(tzinfo=None),
        ],
    )


@task(name="copy", task_run_name="copy {receipt.table} {receipt.batch_date}", **RETRY)
def copy(receipt: UploadReceipt, run_id: str) -> CopyReceipt:
    """Parquet of one table to its staging table."""
    copied = copy_table(Settings(), receipt, run_id)
    get_run_logger().info(
        "staging.%s: %s rows; %s",
        copied.table,
        f"{copied.rows:,}",
        "copied" if copied.copied else "staging has them already",
    )
    return copied
