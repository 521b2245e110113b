"""What a run would read and change, found out without changing anything."""

import hashlib
from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel

from infra.contracts import contracts
from infra.lake import Lake
from infra.scratch import scratch_folder
from infra.settings import Settings
from infra.warehouse import transaction
from tasks.ingest.source import batch_folder, check_source, source_file
from tasks.ingest.upload import content_hash, receipt_key


class PlannedFile(BaseModel):
    """A source file that a run would read."""

    table: str
    file: str
    bytes: int
    in_lake: bool  # its Parquet is there already
    is_published: bool  # it is the file of the published batch
    replaces: bool  # another file of this table is published for the day


class Plan(BaseModel):
    """What a run of one batch would do."""

    batch_date: date
    source: str
    files: list[PlannedFile]
    last_published: date | None  # of all batches

    @property
    def changes(self) -> list[str]:
        """What the run would change, in sentences."""
        tables = [file.table for file in self.files if not file.is_published]
        if not tables:
            return [
                "Nothing: the batch is published from the same files. A run computes and publishes "
                "the same rows again."
            ]
        replaced = [file.table for file in self.files if file.replaces]
        if replaced:
            first = (
                f"Replaces the published delivery of {', '.join(replaced)}; rows that it no longer "
                "contains are removed."
            )
        else:
            first = f"Adds the batch {self.batch_date}; it is not published yet."
        late = self.last_published is not None and self.batch_date < self.last_published
        order = (
            f"Batches up to {self.last_published} are published: for a key that one of them "
            "delivered, the later batch counts."
        )
        return [
            first,
            *([order] if late else []),
            "The rows of facts, dimensions and marts that it affects are known after the copy.",
        ]


def plan_of(settings: Settings, source: str, day: date) -> Plan:
    """Look at the source, the lake and the audit.

    Args:
        settings: Access to source, lake and warehouse.
        source: Folder of the batch, or with one subfolder per day; a path or s3://.
        day: Date of the batch.

    Raises:
        SourceError: The files cannot be used.
        WarehouseError: The audit cannot be read.
    """
    folder = batch_folder(source, day, settings)
    check_source(folder)
    lake, known = Lake(settings), _loads(settings)
    published = {table: sha256 for table, loaded, sha256 in known if loaded == day}
    files, names = [], folder.files()
    with scratch_folder("plan") as scratch:
        for table, contract in contracts().items():
            name = source_file(folder, names, contract)
            path = folder.local(name, scratch)
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            key = receipt_key(table, day, content_hash(contract, sha256))
            files.append(
                PlannedFile(
                    table=table,
                    file=f"{folder.address}/{name}",
                    bytes=path.stat().st_size,
                    in_lake=lake.get_json(key) is not None,
                    is_published=published.get(table) == sha256,
                    replaces=published.get(table) not in {None, sha256},
                )
            )
    last = max((loaded for _, loaded, _ in known), default=None)
    return Plan(batch_date=day, source=source, files=files, last_published=last)


def _loads(settings: Settings) -> Sequence[tuple[str, date, str]]:
    """Table, day and hash of all published files; empty before the first run."""
    with transaction(settings, read_only=True) as work:
        if not work.query(
            "SELECT table_name FROM svv_tables "
            "WHERE table_schema = 'audit' AND table_name = 'loads'"
        ):
            return []
        rows = work.query("SELECT table_name, batch_date, source_sha256 FROM audit.loads")
        return [(table, day, sha256) for table, day, sha256 in rows]
