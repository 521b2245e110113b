"""Find the batches of a source that are not published, or were published from other files."""

import hashlib
from collections.abc import Sequence
from datetime import date

from infra.contracts import contracts
from infra.scratch import scratch_folder
from infra.settings import Settings
from infra.warehouse import transaction
from tasks.ingest.source import batch_folder, source_file


def pending_days(settings: Settings, source: str, days: Sequence[date]) -> list[date]:
    """Return the batch dates whose current files are not the published ones.

    Args:
        settings: Access to the source and the warehouse.
        source: A path, or s3://bucket/prefix.
        days: The batch dates to check.

    Returns:
        The pending batch dates, in the order of `days`.

    Raises:
        SourceError: A batch has no folder, or one of its files is missing or ambiguous.
        WarehouseError: The audit cannot be read.
    """
    with transaction(settings, read_only=True) as work:
        known = {
            (table, day): sha256
            for table, day, sha256 in work.query(
                "SELECT table_name, batch_date, source_sha256 FROM audit.loads"
            )
        }
    return [day for day in days if not _is_published(settings, source, day, known)]


def _is_published(
    settings: Settings, source: str, day: date, known: dict[tuple[str, date], str]
) -> bool:
    if any((table, day) not in known for table in contracts()):
        return False
    folder = batch_folder(source, day, settings)
    files = folder.files()
    with scratch_folder("resume") as scratch:
        for table, contract in contracts().items():
            path = folder.local(source_file(folder, files, contract), scratch)
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != known[table, day]:
                    return False
    return True
