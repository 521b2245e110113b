"""Which batches of a source are not published yet, or were published from other files."""

import hashlib
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from infra.contracts import contracts
from infra.settings import Settings
from infra.warehouse import transaction
from tasks.ingest.source import batch_folder, source_file


def pending_days(settings: Settings, source: str, days: Sequence[date]) -> list[date]:
    """The days, in order, whose files are not those that were published. Raises SourceError."""
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
    with tempfile.TemporaryDirectory(prefix="olist-resume-") as scratch:
        for table, contract in contracts().items():
            path = folder.local(source_file(folder, files, contract), Path(scratch))
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != known[table, day]:
                    return False
    return True
