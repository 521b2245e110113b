"""Restore: find the current version of each published batch from the index in the lake.

`tasks/warehouse/published_index.py` writes the index. Staging can be filled from it when the
warehouse is lost.
"""

from datetime import date

from prefect import get_run_logger, task

from infra.lake import Lake, LakeError
from infra.settings import Settings
from tasks.receipts import UploadReceipt
from tasks.retries import STEP

_NOTES = "published/"


def indexed_days(settings: Settings) -> list[date]:
    """Return the dates of the published batches in the index of the lake, in order."""
    keys = Lake(settings).keys(_NOTES)
    return sorted(
        date.fromisoformat(key.removeprefix(f"{_NOTES}batch_date=").removesuffix(".json"))
        for key in keys
    )


def indexed_receipts(settings: Settings) -> list[UploadReceipt]:
    """Return the upload receipts of all published batches, from the index of the lake.

    Raises:
        LakeError: A receipt is missing from the lake.
    """
    lake = Lake(settings)
    receipts = []
    for key in lake.keys(_NOTES):
        for manifest in lake.require_json(key)["manifests"]:
            folder = lake.key(manifest).removesuffix("manifest.json")
            known = UploadReceipt(**lake.require_json(f"{folder}receipt.json"))
            receipts.append(known.model_copy(update={"uploaded": False}))
    return receipts


@task(name="restore", task_run_name="restore from the lake", **STEP)
def find_receipts(days: list[date]) -> list[UploadReceipt]:
    """Find the Parquet of all published batches.

    Args:
        days: The batch dates that will be restored.

    Raises:
        LakeError: The lake lacks the Parquet of a batch.
    """
    receipts = indexed_receipts(Settings())
    if missing := sorted(set(days) - {receipt.batch_date for receipt in receipts}):
        raise LakeError(
            f"the lake has no index entry of {', '.join(map(str, missing))}, so a rebuild from the "
            "lake would leave out what is published. Load each again: olist run --source DIR "
            "--batch-date YYYY-MM-DD"
        )
    get_run_logger().info(
        "found %s uploads of published batches in the lake, %s rows",
        len(receipts),
        f"{sum(receipt.rows_loaded for receipt in receipts):,}",
    )
    return receipts
