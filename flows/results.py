"""What flows return."""

from datetime import date
from pathlib import Path

from pydantic import BaseModel, Field

from tasks.receipts import (
    CopyReceipt,
    ExpectationResult,
    GateReceipt,
    ModelReceipt,
    PublishReceipt,
    RunReport,
    UploadReceipt,
)


class RunReceipt(BaseModel):
    """What a run did, and how long each step took."""

    label: str
    run_id: str
    uploads: list[UploadReceipt]
    copies: list[CopyReceipt]
    models: list[ModelReceipt]
    published: PublishReceipt
    gates: list[GateReceipt]
    page: Path
    seconds: dict[str, float]

    @classmethod
    def of(cls, facts: RunReport, page: Path) -> "RunReceipt":
        """The receipt of a published run, from the facts of its report."""
        return cls(
            label=facts.label,
            run_id=facts.run_id,
            uploads=facts.uploads,
            copies=facts.copies,
            models=facts.models,
            published=PublishReceipt(batch_dates=facts.published_dates, rows=facts.published),
            gates=facts.gates,
            page=page,
            seconds=facts.seconds,
        )

    @property
    def warnings(self) -> list[ExpectationResult]:
        """Warnings of all gates that nobody accepted."""
        return [result for gate in self.gates for result in gate.warnings]


class BackfillReceipt(BaseModel):
    """What a backfill found and did."""

    found: int
    published: list[date] = Field(default_factory=list)
    skipped: list[date] = Field(default_factory=list)  # published before, from the same files
    missing: list[date] = Field(default_factory=list)  # days without a folder
    warnings: dict[str, list[ExpectationResult]] = Field(default_factory=dict)  # by label
    seconds: float = 0.0
