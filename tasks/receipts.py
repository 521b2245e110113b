"""Receipts that tasks pass on: small facts as JSON, never data, connections or clients."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field, computed_field, model_validator

from infra.csv_file.money import Money
from tasks.publish_state import PublishState


class OpenBatch(BaseModel):
    """A batch that a run processes, and the action that the run takes on it.

    `load` loads the files of the source. `retract` withdraws a published batch. `rebuild`
    recomputes `analytics` from staging. `restore` fills staging from the Parquet in the lake.
    """

    batch_date: date
    action: Literal["load", "retract", "rebuild", "restore"] = "load"
    source: str


class UploadReceipt(BaseModel):
    """A source file that is in the lake as typed Parquet."""

    table: str
    batch_date: date
    source_file: str
    source_bytes: int
    source_sha256: str
    content_hash: str  # hash of file and contract: the same hash means the same Parquet
    manifest_url: str
    parquet_bytes: int
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    blank_lines: int = 0  # empty lines of the file; they hold no row
    money_read: Money  # of all rows of the file, summed before any row is set aside
    money_quarantined: Money = {}  # the part of it that is in quarantine
    amounts_unreadable: int = 0  # rows in quarantine with an amount that cannot be read
    money_loaded: Money  # summed from the Parquet files
    quarantine_url: str | None = None
    quarantine_sample: list[str] = []
    duplicate_keys: int = 0
    duplicate_sample: list[str] = []
    uploaded: bool = True  # False: the Parquet was already in the lake
    parquet_date: date | None = None  # batch date in the Parquet, if it is that of another batch
    same_as: date | None = None  # the batch whose staging rows stand for this file; set by the copy


class CopyReceipt(BaseModel):
    """Rows of one table that are copied into `candidate` and not yet validated."""

    table: str
    rows: int
    copied: int  # batches copied from the lake; the other batches were already in staging
    same_as: dict[date, date] = {}  # batches that repeat the file before: whose rows stand for it


class Comparison(BaseModel):
    """How much of the batches could be compared with the batches before them."""

    figures: int  # volumes, shares, means … of the batches
    compared: int  # figures with a normal range
    batches: int  # earlier batches of the last 30, of the figure that has most

    @property
    def words(self) -> str:
        """The comparison in a sentence."""
        if not self.compared:
            return f"too few batches to compare with: {self.batches} before this one"
        left = self.figures - self.compared
        aside = f"; {left} have too few batches or rows to compare" if left else ""
        return (
            f"{self.compared} of {self.figures} figures are compared with the last "
            f"{self.batches} batch{'' if self.batches == 1 else 'es'}{aside}"
        )


class ModelReceipt(BaseModel):
    """A model whose candidate rows are computed and not yet validated."""

    model: str
    rows: int


class PublishReceipt(BaseModel):
    """The batches and models that one transaction published."""

    batch_dates: list[date]
    rows: dict[str, int]


class RerunCommand(BaseModel):
    """The command that runs a flow run again."""

    text: str
    accepts_failures: bool = False  # whether the command has the option --accept

    def __str__(self) -> str:
        """Return the command, for messages."""
        return self.text


class Acceptance(BaseModel):
    """A person's decision to publish a batch although expectations about its source fail.

    Only failures of the gates that check source data can be accepted. Failures in what the
    pipeline computes cannot be accepted.
    """

    expectations: list[str] = Field(
        min_length=1,
        description="Ids of the expectations, as the gate shows them: staging.orders.status_known.",
    )
    by: str = Field(min_length=2, max_length=100, description="Name of the person who decides.")
    because: str = Field(min_length=10, max_length=800, description="Why; stored in the audit.")


class ExpectationResult(BaseModel):
    """One expectation's outcome."""

    id: str = ""  # stable: gate, table and name, as in staging.orders.status_known
    dataset: str
    expectation: str
    reason: str
    severity: str
    owner: str
    passed: bool
    observed: str
    evaluated: bool = True  # False: the expectation itself raised an error
    acceptable: bool = True  # whether a person may accept a failure
    sample: list[dict[str, str]] = []  # a few of the rows that fail, sensitive values hidden
    sql: str = ""  # query that finds the failing rows
    first_rows: int | None = None  # how many of them the query finds; None: all
    batches: dict[date, int] = {}  # number of failing rows by batch, if they are of other batches
    accepted_by: str = ""
    accepted_because: str = ""

    @property
    def sql_finds(self) -> str:
        """What the query finds, and until when: a run replaces the rows of `candidate`."""
        if "candidate." in self.sql:
            return "all failing rows, until the next run"
        if self.first_rows is not None:
            return f"the first {self.first_rows:,} failing rows"
        return "all failing rows"


class GateReceipt(BaseModel):
    """A gate's verdict with all its expectations."""

    gate: str
    batch_date: date  # the last one, if there are several batches
    results: list[ExpectationResult]
    rows_quarantined: int = 0  # of the batches; a row that is missing may be among them
    seconds: float = 0.0

    @property
    def failed(self) -> list[ExpectationResult]:
        """Expectations that do not hold."""
        return [result for result in self.results if not result.passed]

    @property
    def blocking(self) -> list[ExpectationResult]:
        """Failed expectations that stop the batch."""
        return [r for r in self.failed if r.severity == "critical" and not r.accepted_by]

    @property
    def warnings(self) -> list[ExpectationResult]:
        """Failed expectations that are reported while the batch continues."""
        return [r for r in self.failed if r.severity == "warning" and not r.accepted_by]

    @property
    def state(self) -> PublishState:
        """What the gate `reconciliation` says about the published batch."""
        if any(result.evaluated for result in self.blocking):
            return "wrong"
        return "not reconciled" if self.blocking else "reconciled"

    @computed_field
    @property
    def verdict(self) -> str:
        """The verdict in one word: stopped, warned, accepted or passed."""
        if self.blocking:
            return "stopped"
        if self.warnings:
            return "warned"
        return "accepted" if any(r.accepted_by for r in self.failed) else "passed"


class Total(BaseModel):
    """A total of the source files beside that of what is published: rows, or R$."""

    measure: str
    unit: str
    source: Decimal
    published: Decimal
    quarantined: Decimal = Decimal()  # the part of the source that is in quarantine
    unreadable: int = 0  # rows in quarantine with an amount that cannot be read

    @property
    def is_equal(self) -> bool:
        """Whether everything that the source delivered is published or in quarantine."""
        return self.source == self.published + self.quarantined

    def text(self, figure: Decimal) -> str:
        """Return a figure of this total as text."""
        return f"{figure:,.2f}" if self.unit == "R$" else f"{figure:,.0f}"


class ExportedPartition(BaseModel):
    """Files of one partition of a published table in the lake."""

    rows: int
    files: dict[str, list[str]]  # by format: s3:// addresses


class ExportReceipt(BaseModel):
    """Files of one published table in the lake."""

    table: str
    partitioned_by: str | None  # the column in the names of the files; None: one partition
    partitions: dict[int, ExportedPartition]  # by month, such as 201810; 0 for the whole table
    renewed: list[int]  # the partitions that this export has written
    columns: dict[str, str]  # type by name; '' where no DDL declares it
    selected: dict[str, str]  # by format: the columns and expressions, in SQL

    @computed_field
    @property
    def rows(self) -> int:
        """Number of rows of the table."""
        return sum(partition.rows for partition in self.partitions.values())

    @computed_field
    @property
    def files(self) -> dict[str, list[str]]:
        """The addresses of all files, by format."""
        return {
            kind: [url for part in self.partitions.values() for url in part.files[kind]]
            for kind in self.selected
        }


class StepResult(BaseModel):
    """A step of a run that has ended or failed."""

    name: str = Field(description="Name of the step: `copy`, or `gate: staging`.")
    seconds: float = Field(description="Duration in seconds.")
    rows: int | None = Field(None, description="Rows of its result; null if it has none.")
    note: str = Field("", description="What it did, in a few words.")
    failed: bool = Field(False, description="Whether the step raised an error.")


class RunReport(BaseModel):
    """The facts of a finished run, published or not, for its page."""

    label: str
    run_id: str
    flow: str
    batch_dates: list[date]
    sources: list[str]
    rerun: str
    started_at: datetime
    finished_at: datetime
    verdict: Literal["published", "stopped", "failed"]
    error: str = ""
    advice: str = ""  # how to resolve the error
    uploads: list[UploadReceipt] = []
    copies: list[CopyReceipt] = []
    comparison: Comparison | None = None  # with earlier batches; None if nothing was copied
    models: list[ModelReceipt] = []
    published: dict[str, int] = {}  # rows by model
    published_dates: list[date] = []  # empty until the publish is committed
    commit_unknown: bool = False  # whether the publish began, and its end is not known
    gates: list[GateReceipt] = []
    totals: list[Total] = []
    total_value: Decimal = Decimal()  # of all published orders, in R$
    steps: list[StepResult] = []
    run_url: str = ""

    @model_validator(mode="before")
    @classmethod
    def _steps_of_an_earlier_version(cls, values: Any) -> Any:  # noqa: ANN401 (not validated yet)
        """Read a stored report whose steps are their seconds by name."""
        if isinstance(values, dict) and "seconds" in values:
            steps = [{"name": name, "seconds": s} for name, s in values["seconds"].items()]
            return {"steps": steps, **values}
        return values

    @property
    def seconds(self) -> dict[str, float]:
        """Duration of each step in seconds, by step name."""
        return {step.name: step.seconds for step in self.steps}

    @computed_field
    @property
    def state(self) -> PublishState:
        """Whether readers see the batch, and whether it is reconciled."""
        if self.commit_unknown:
            return "unknown"
        # `published` alone: reports that an earlier version stored have no `published_dates`
        if not (self.published_dates or self.published):
            return "not published"
        compared = [gate for gate in self.gates if gate.gate == "reconciliation"]
        return compared[-1].state if compared else "not reconciled"

    @property
    def warnings(self) -> list[ExpectationResult]:
        """Warnings of all gates that nobody accepted."""
        return [result for gate in self.gates for result in gate.warnings]

    @property
    def accepted(self) -> list[ExpectationResult]:
        """Failures that a person has accepted."""
        return [result for gate in self.gates for result in gate.failed if result.accepted_by]


class RunEntry(BaseModel):
    """A run in the run history, with the figures of the trend charts."""

    label: str
    run_id: str
    batch_dates: list[date]
    verdict: str
    finished_at: datetime
    seconds: float
    rows_read: int
    money: Decimal  # value of all items published so far, in R$
    critical: int
    warnings: int
    state: PublishState | None = None  # None in entries of an earlier version

    @property
    def is_published(self) -> bool:
        """Whether readers saw the batch after this run."""
        state = self.state or ("reconciled" if self.verdict == "published" else "not published")
        return state not in {"not published", "unknown"}
