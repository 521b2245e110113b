"""The path of batches from their CSV files to published, reconciled analytics."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

from flows.after import after_publish, export_all
from flows.receipts import RunReceipt
from flows.side_by_side import SIDE_BY_SIDE, all_of
from flows.steps import Steps
from infra.advice import advice_for
from infra.contracts import contracts
from infra.settings import Settings
from tasks.copy import copy
from tasks.dashboard import dashboards
from tasks.lock import holding, take_lock
from tasks.measure import measure
from tasks.models import published_models
from tasks.prepare import prepare
from tasks.publish import publish
from tasks.receipts import (
    Acceptance,
    CopyReceipt,
    GateReceipt,
    ModelReceipt,
    OpenBatch,
    PublishReceipt,
    RunReport,
    UploadReceipt,
)
from tasks.report import report
from tasks.restore import restored
from tasks.source import batch_folder, check_source
from tasks.transform import collect, transform
from tasks.upload import upload, upload_batch
from tasks.validate import GateError, remedy, validate, warm_up


@flow(name="load_batches", flow_run_name="{label}", task_runner=SIDE_BY_SIDE)
def load_batches(
    batches: list[OpenBatch],
    label: str,
    rerun: str,
    accept: Acceptance | None = None,
    pages: bool = True,
) -> RunReceipt:
    """Load, retract or rebuild several batches, and publish what they change at once.

    Args:
        batches: The batches, and what is done with each.
        label: What the run and its tasks are called in the Prefect UI.
        rerun: The command that does it again, for messages.
        accept: Expectations that may fail, and who decided so.
        pages: After a success export, and build Data Docs and dashboards, too; after a failure Data
            Docs are built in any case.
    """
    return run_batches(batches, label, rerun, accept, pages=pages)


def label_of(batches: Sequence[OpenBatch]) -> str:
    """`2018-08-01`, or `2018-08-01 to 2018-08-28 (4 batches)`."""
    days = sorted(batch.batch_date for batch in batches)
    if len(days) == 1:
        return str(days[0])
    return f"{days[0]} to {days[-1]} ({len(days)} batches)"


def run_batches(
    batches: Sequence[OpenBatch],
    label: str,
    rerun: str,
    accept: Acceptance | None = None,
    *,
    pages: bool = True,
) -> RunReceipt:
    """Take batches through every step and gate, inside a flow run.

    Raises SourceError when files cannot be used, GateError when a gate stops the batches, and
    LockError when another run is writing; readers of `analytics` then see what they saw before.
    """
    settings, run_id = Settings(), str(flow_run.id)
    warm_up()
    for batch in batches:
        if batch.action == "load":
            check_source(batch_folder(batch.source, batch.batch_date, settings))
    take_lock(run_id, label)
    with holding(settings, run_id, label, get_run_logger().warning):
        return _Run(batches, run_id, label, rerun, accept, pages).result()


class _Run:
    """One run of the steps; each `_method` is a section of the path."""

    def __init__(
        self,
        batches: Sequence[OpenBatch],
        run_id: str,
        label: str,
        rerun: str,
        accept: Acceptance | None,
        pages: bool,
    ) -> None:
        self.batches = list(batches)
        self.run_id = run_id
        self.label = label
        self.rerun = rerun
        self.accept = accept
        self.pages = pages
        self.uploads: list[UploadReceipt] = []
        self.copies: list[CopyReceipt] = []
        self.models: list[ModelReceipt] = []
        self.gates: list[GateReceipt] = []
        self.published: PublishReceipt | None = None
        self.after = [
            what for what in ("exports", "dashboards") if pages and getattr(Settings(), what)
        ]
        # eight steps and gates in any case; copy and two gates where rows arrive
        arriving = any(batch.action in {"load", "restore"} for batch in batches)
        self.steps = Steps(8 + 3 * arriving + len(self.after), label, shown=pages)
        self.begun = datetime.now(UTC)

    def result(self) -> RunReceipt:
        try:
            prepare(self.batches, self.run_id, self.label)
            self.steps.done("prepare")
            self._upload()
            self._stage()
            self._transform()
            self.published = publish(self.run_id, self.label)
            self.steps.done("publish")
            self._gate("reconciliation")
            if "exports" in self.after:
                with after_publish(self.label, "exports"):
                    day = max(batch.batch_date for batch in self.batches)
                    export_all(self.run_id, day, self.label)
                self.steps.done("export")
        except Exception as error:
            report(self.label, self._facts(error))
            raise
        page = report(self.label, self._facts(), self.pages)
        self.steps.done("report")
        if "dashboards" in self.after:
            with after_publish(self.label, "dashboards"):
                dashboards(self.label)
            self.steps.done("dashboards")
        return RunReceipt(
            label=self.label,
            run_id=self.run_id,
            uploads=self.uploads,
            copies=self.copies,
            models=self.models,
            published=self.published,
            gates=self.gates,
            page=page,
            seconds=self.steps.seconds,
        )

    def _facts(self, error: Exception | None = None) -> RunReport:
        told, advice = f"{type(error).__name__}: {error}" if error else "", ""
        if isinstance(error, GateError):  # its rows stand further down on the page
            told, advice = str(error).partition("\n")[0], remedy(error.receipt, self.rerun)
        elif error:
            known = advice_for(error)
            cause = f"{known[0].upper()}{known[1:]}" if known else "Remove the cause"
            advice = f"{cause}. Then run again: {self.rerun}"
        return RunReport(
            label=self.label,
            run_id=self.run_id,
            flow=str(flow_run.flow_name),
            batch_dates=sorted(batch.batch_date for batch in self.batches),
            sources=list(dict.fromkeys(batch.source for batch in self.batches)),
            rerun=self.rerun,
            started_at=self.begun,
            finished_at=datetime.now(UTC),
            verdict="stopped"
            if isinstance(error, GateError)
            else "failed"
            if error
            else "published",
            error=told,
            advice=advice,
            uploads=self.uploads,
            copies=self.copies,
            models=self.models,
            published=self.published.rows if self.published else {},
            gates=self.gates,
            seconds=self.steps.seconds,
            run_url=str(flow_run.ui_url or ""),
        )

    def _upload(self) -> None:
        """Fill the lake from the sources, or find what it holds."""
        arriving = [batch for batch in self.batches if batch.action == "load"]
        if len(arriving) == 1:
            (batch,) = arriving
            self.uploads = all_of(
                upload.submit(table, batch.batch_date, batch.source) for table in contracts()
            )
        elif arriving:
            several = all_of(upload_batch.submit(b.batch_date, b.source) for b in arriving)
            self.uploads = [receipt for receipts in several for receipt in receipts]
        if any(batch.action == "restore" for batch in self.batches):
            self.uploads = restored()
        self.steps.done("upload")

    def _stage(self) -> None:
        """Bring the rows that arrive into the warehouse, and look at them."""
        if not self.uploads:
            return
        self._gate("raw")
        by_table = {table: [r for r in self.uploads if r.table == table] for table in contracts()}
        self.copies = all_of(
            copy.submit(table, receipts, self.run_id, self.label)
            for table, receipts in by_table.items()
        )
        measure(self.run_id, self.label)
        self.steps.done("copy")
        self._gate("staging")

    def _transform(self) -> None:
        """Compute what would be published, and look at it."""
        self.models = collect(self.run_id, self.label)
        self.models += [
            transform(model.name, self.run_id, self.label) for model in published_models()
        ]
        self.steps.done("transform")
        self._gate("star")
        self._gate("marts")

    def _gate(self, name: str) -> None:
        arriving = sorted({receipt.batch_date for receipt in self.uploads})
        days = arriving or [batch.batch_date for batch in self.batches]
        try:
            receipt = validate(
                *(name, days, self.uploads, self.run_id, self.label, self.rerun),
                [self.accept] if self.accept else [],
            )
        except GateError as error:
            self.gates.append(error.receipt)
            self.steps.done(f"gate: {name}")
            raise
        self.gates.append(receipt)
        self.steps.done(f"gate: {name}")
