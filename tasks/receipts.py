"""What tasks hand on: small JSON-able facts, never data, connections or clients."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel

Money = dict[str, Decimal]  # column → sum in R$


class OpenBatch(BaseModel):
    """A batch that a run is about, and what the run does with it."""

    batch_date: date
    action: Literal["load", "retract", "rebuild", "restore"] = "load"
    source: str


class UploadReceipt(BaseModel):
    """A source file that lies in the lake as typed Parquet."""

    table: str
    batch_date: date
    source_file: str
    source_bytes: int
    source_sha256: str
    content_hash: str  # of file and contract: the same hash means the same Parquet
    manifest_url: str
    parquet_bytes: int
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    money_read: Money  # summed while the CSV was parsed
    money_loaded: Money  # summed from the Parquet files
    quarantine_url: str | None = None
    quarantine_sample: list[str] = []
    duplicate_keys: int = 0
    duplicate_sample: list[str] = []
    uploaded: bool = True  # false: the lake had it already


class CopyReceipt(BaseModel):
    """A table whose rows of the open batches wait for their gate."""

    table: str
    rows: int
    copied: int  # batches that came from the lake; the others staging had already


class ModelReceipt(BaseModel):
    """A model whose candidate rows wait for their gate."""

    model: str
    rows: int


class PublishReceipt(BaseModel):
    """Models that were switched over in one transaction."""

    batch_dates: list[date]
    rows: dict[str, int]


class ExpectationResult(BaseModel):
    """One expectation's outcome."""

    dataset: str
    expectation: str
    reason: str
    severity: str
    passed: bool
    observed: str


class GateReceipt(BaseModel):
    """A gate's verdict with all its expectations."""

    gate: str
    batch_date: date  # of several batches, the last
    results: list[ExpectationResult]

    @property
    def failed(self) -> list[ExpectationResult]:
        """Expectations that do not hold."""
        return [result for result in self.results if not result.passed]

    @property
    def blocking(self) -> list[ExpectationResult]:
        """Failed expectations that stop the batch."""
        return [result for result in self.failed if result.severity == "critical"]
