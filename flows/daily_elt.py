"""The daily flow: one batch from its CSV files to published, reconciled analytics."""

from datetime import date

from prefect import flow

from flows.announce import announce_failure, announce_success
from flows.load import SIDE_BY_SIDE, run_batches
from flows.receipts import RunReceipt
from flows.rerun import command
from tasks.receipts import Acceptance, OpenBatch


@flow(
    name="daily_elt",
    flow_run_name="{batch_date} daily",
    task_runner=SIDE_BY_SIDE,
    on_failure=[announce_failure],
    on_completion=[announce_success],
)
def daily_elt(batch_date: date, source: str, accept: Acceptance | None = None) -> RunReceipt:
    """Load one batch of the nine Olist tables and publish what it changes.

    Args:
        batch_date: The day the batch belongs to.
        source: Folder with the nine CSV files (plain or gzip-compressed), or with one such folder
            a day, named YYYY-MM-DD; a path, or s3://bucket/prefix.
        accept: Expectations about the source that may fail this time; who decided so, and why.

    Raises SourceError when the files cannot be used, GateError when a gate stops the batch and
    LockError when another run is writing; readers of `analytics` then see what they saw before.
    """
    batch = OpenBatch(batch_date=batch_date, source=source)
    rerun = command("daily_elt", {"source": source, "batch_date": batch_date})
    return run_batches([batch], str(batch_date), rerun, accept)
