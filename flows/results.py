"""Return values of flows."""

from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from tasks.receipts import (
    CopyReceipt,
    ExpectationResult,
    GateReceipt,
    ModelReceipt,
    PublishReceipt,
    RunReport,
    StepResult,
    UploadReceipt,
)


class RunReceipt(BaseModel):
    """Result of a run that published.

    Attributes:
        label: Name of the run: its batch date, or its first and last batch dates.
        run_id: Id of the Prefect flow run.
        uploads: One receipt per source table and batch.
        copies: One receipt per source table.
        models: One receipt per model computed into `candidate`.
        published: Batch dates, and rows by model.
        gates: The verdict of each gate, in order.
        page: HTML report of the run.
        steps: The steps, in order.
    """

    label: str
    run_id: str
    uploads: list[UploadReceipt]
    copies: list[CopyReceipt]
    models: list[ModelReceipt]
    published: PublishReceipt
    gates: list[GateReceipt]
    page: Path
    steps: list[StepResult]

    @classmethod
    def of(cls, facts: RunReport, page: Path) -> "RunReceipt":
        """Create the receipt of a published run from its report and the path of its page."""
        return cls(
            label=facts.label,
            run_id=facts.run_id,
            uploads=facts.uploads,
            copies=facts.copies,
            models=facts.models,
            published=PublishReceipt(batch_dates=facts.published_dates, rows=facts.published),
            gates=facts.gates,
            page=page,
            steps=facts.steps,
        )

    @property
    def seconds(self) -> dict[str, float]:
        """Duration of each step in seconds, by step name."""
        return {step.name: step.seconds for step in self.steps}

    @property
    def facts(self) -> dict[str, Any]:
        """The result in short, as JSON; `run.json` beside the page has all of it."""
        return {
            "run": self.label,
            "run_id": self.run_id,
            "batch_dates": [str(day) for day in self.published.batch_dates],
            "published_rows": sum(self.published.rows.values()),
            "changed_nothing": self.changed_nothing,
            "warnings": [result.id for result in self.warnings],
            "accepted": [result.id for result in self.accepted],
            "seconds": round(sum(self.seconds.values()), 1),
            "page": str(self.page),
            "run_json": str(self.page.with_name("run.json")),
        }

    @property
    def changed_nothing(self) -> bool:
        """Whether the run published a batch again whose files are those of its last publish."""
        known = bool(self.uploads) and not any(receipt.uploaded for receipt in self.uploads)
        return known and not any(receipt.copied for receipt in self.copies)

    @property
    def warnings(self) -> list[ExpectationResult]:
        """Warnings of all gates, without the accepted ones."""
        return [result for gate in self.gates for result in gate.warnings]

    @property
    def accepted(self) -> list[ExpectationResult]:
        """Failures that a person has accepted."""
        return [r for gate in self.gates for r in gate.failed if r.accepted_by]


class BackfillReceipt(BaseModel):
    """Result of a backfill."""

    found: int  # day folders of the source in the range
    published: list[date] = Field(default_factory=list)
    skipped: list[date] = Field(default_factory=list)  # already published from the same files
    missing: list[date] = Field(default_factory=list)  # days without a folder
    warnings: dict[str, list[ExpectationResult]] = Field(default_factory=dict)  # by label
    seconds: float = 0.0
