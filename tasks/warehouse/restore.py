"""Restore: find the current version of each published batch from the index in the lake.

`tasks/warehouse/published_index.py` writes the index. Staging can be filled from it when the
warehouse is lost.
"""

from datetime import date

from prefect import get_run_logger, task

from infra.lake import Lake
from infra.settings import Settings
from tasks.receipts import UploadReceipt
from tasks.retries import RETRY

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


@task(name="restore", task_run_name="restore from the lake", **RETRY)
def find_receipts() -> list[UploadReceipt]:
    """Find the Parquet of all published batches."""
    receipts = indexed_receipts(Settings())
    get_run_logger().info(
        "found %s uploads of published batches in the lake, %s rows",
        len(receipts),
        f"{sum(receipt.rows_loaded for receipt in receipts):,}",
    )
    return receipts
