"""The upload flow: the lake alone, without the warehouse."""

from datetime import date

from prefect import flow

from flows.daily_elt import named_source
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
    """Bring the files of a batch into the lake as typed Parquet; the warehouse is not asked.

    A run of that day finds them there, and uploads nothing again.

    Args:
        batch_date: The day the batch belongs to.
        source: As for daily_elt. Default: OLIST_SOURCE.
    """
    return upload_batch(batch_date, named_source(Settings(), source))
