"""The upload flow: write source files to the lake without using the warehouse."""

from datetime import date

from prefect import flow

from flows.daily_elt import source_or_default
from flows.hooks import announce_failure, announce_success
from infra.settings import Settings
from tasks.ingest.upload import upload_batch
from tasks.receipts import UploadReceipt


@flow(
    name="upload",
    flow_run_name="{batch_date} upload",
    on_failure=[announce_failure],
    on_completion=[announce_success],
)
def upload_flow(batch_date: date, source: str | None = None) -> list[UploadReceipt]:
    """Upload the files of a batch to the lake as typed Parquet, without using the warehouse.

    A later run of the same batch reuses these files.

    Args:
        batch_date: Date of the batch.
        source: Source folder, as for `daily_elt`. Default: OLIST_SOURCE.

    Returns:
        One receipt per source table.

    Raises:
        SourceError: The files cannot be used.
    """
    return upload_batch(batch_date, source_or_default(Settings(), source))
