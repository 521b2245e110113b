"""Run batches through every step: upload, copy, transform, validate, publish and report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from prefect import flow, get_run_logger
from prefect.runtime import flow_run
from prefect.settings import PREFECT_UI_URL

from flows import current_run
from flows.concurrency import TASK_RUNNER, gather
from flows.post_publish import after_publish, export_tables
from flows.progress import Progress
from flows.results import RunReceipt
from flows.step_notes import (
    note_copy,
    note_exports,
    note_gate,
    note_publish,
    note_transform,
    note_upload,
)
from infra.contracts import contracts
from infra.error_hints import hint_for
from infra.settings import Settings
from tasks.ingest.source import batch_folder, check_source
from tasks.ingest.upload import upload, upload_batch
from tasks.notifications.monitors import tell_publish
from tasks.publish_state import WORDS, AfterPublishError
from tasks.receipts import (
    Acceptance,
    CopyReceipt,
    OpenBatch,
    RerunCommand,
    RunReport,
    UploadReceipt,
)
from tasks.reporting.dashboards.build import dashboards
from tasks.reporting.report import report
from tasks.validation.gate import GateError, import_in_background, remedy, require_known, validate
from tasks.validation.metrics import compare_metrics
from tasks.warehouse.copy import copy
from tasks.warehouse.models import published_models
from tasks.warehouse.prepare import prepare
from tasks.warehouse.publish import publish
from tasks.warehouse.published_index import dates_published_by
from tasks.warehouse.restore import find_receipts
from tasks.warehouse.transform import find_affected_keys, keep, transform
from tasks.warehouse.writer_lock import hold_writer_lock, take_lock


@dataclass(frozen=True)
class BatchRun:
    """The parameters of one pipeline run."""

    batches: Sequence[OpenBatch]
    run_id: str
    label: str
    rerun: RerunCommand
    accept: Acceptance | None
    outputs: Sequence[str]  # subset of "exports" and "dashboards", written after the publish
    with_outputs: bool  # whether to show the progress bar and, after a success, write Data Docs
    models: Sequence[str]  # names of the models to compute; the others stay as published

    @property
    def brings_rows(self) -> bool:
        """Whether the run loads rows, from source files or from the lake."""
        return any(batch.action in {"load", "restore"} for batch in self.batches)

    @property
    def changes_staging(self) -> bool:
        """Whether the run adds, replaces or removes rows of staging."""
        return any(batch.action != "rebuild" for batch in self.batches)

    @property
    def plan(self) -> list[str]:
        """Names of the run's steps, in order."""
        arrival = ["gate: raw", "copy"] if self.brings_rows else []
        if self.changes_staging:
            arrival.append("gate: staging")
        check = ["gate: star", "gate: marts", "publish", "gate: reconciliation"]
        outputs = [step for step in ("exports", "report", "dashboards") if self._has(step)]
        return ["prepare", "upload", *arrival, "transform", *check, *outputs]

    def _has(self, step: str) -> bool:
        return step == "report" or step in self.outputs


def label_of(batches: Sequence[OpenBatch]) -> str:
    """Format batch dates as `2018-08-01` or `2018-08-01 to 2018-08-28 (4 batches)`."""
    days = sorted(batch.batch_date for batch in batches)
    if len(days) == 1:
        return str(days[0])
    return f"{days[0]} to {days[-1]} ({len(days)} batches)"


@flow(name="load_batches", flow_run_name="{label}", task_runner=TASK_RUNNER)
def load_batches_flow(
    batches: list[OpenBatch],
    label: str,
    rerun: RerunCommand,
    accept: Acceptance | None = None,
    with_outputs: bool = True,
) -> RunReceipt:
    """Load, retract or rebuild several batches, and publish the changes in one transaction.

    Args:
        batches: The batches, each with its action.
        label: Name of the run and its tasks in the Prefect UI.
        rerun: Command that repeats the run, for messages.
        accept: Expectations that may fail, with the name of the person who accepts them and the
            reason.
        with_outputs: Whether a successful run also writes exports, Data Docs and dashboards. A
            failed run always writes Data Docs.

    Raises:
        SourceError: The files cannot be used.
        GateError: A gate stopped the batches.
        LockError: Another run is writing.
        AfterPublishError: The batches are published, or may be, but a later step failed.
    """
    return run_batches(batches, label, rerun, accept, with_outputs=with_outputs)


def run_batches(
    batches: Sequence[OpenBatch],
    label: str,
    rerun: RerunCommand,
    accept: Acceptance | None = None,
    *,
    with_outputs: bool = True,
    models: Sequence[str] | None = None,
) -> RunReceipt:
    """Run batches through every step and gate. Call it inside a flow run.

    Readers of `analytics` see the previous state until the publish step, and the complete new
    state after it.

    Args:
        batches: The batches, each with its action.
        label: Name of the run and its tasks in the Prefect UI.
        rerun: Command that repeats the run, for messages.
        accept: Expectations that may fail, with the name of the person who accepts them and the
            reason.
        with_outputs: Whether a successful run also writes exports, Data Docs and dashboards.
        models: Names of the models to compute and publish, in a rebuild; default: all.

    Raises:
        SourceError: The files cannot be used.
        GateError: A gate stopped the batches.
        LockError: Another run is writing.
        AfterPublishError: The batches are published, or may be, but a later step failed.
    """
    settings, run_id = Settings(), str(flow_run.id)
    outputs = [o for o in ("exports", "dashboards") if with_outputs and getattr(settings, o)]
    chosen = models or [model.name for model in published_models()]
    run = BatchRun(batches, run_id, label, rerun, accept, outputs, with_outputs, chosen)
    facts = _facts_of(run)
    current_run.remember(facts)
    if run.accept:
        require_known(run.accept)
    import_in_background()
    for batch in batches:
        if batch.action == "load":
            check_source(batch_folder(batch.source, batch.batch_date, settings))
    take_lock(run_id, label)
    try:
        with hold_writer_lock(settings, run_id, label, get_run_logger().warning):
            progress = Progress(run.plan, label, shown=with_outputs)
            facts.steps = progress.steps
            try:
                _load_and_publish(run, facts, progress)
                return _report(run, facts, progress)
            except Exception as error:
                _report_failure(run, facts, error)
                raise
    except Exception as error:
        if facts.state == "not published" or isinstance(error, (AfterPublishError, GateError)):
            raise
        raise AfterPublishError(
            f"{label}: {WORDS[facts.state].subject}. {type(error).__name__}: {error}", facts.state
        ) from error


def _load_and_publish(run: BatchRun, facts: RunReport, progress: Progress) -> None:
    """Run every step up to the exports; record the result of each step in `facts`."""
    with progress.step("prepare"):
        prepare(list(run.batches), run.run_id, run.label)
    with progress.step("upload") as step:
        facts.uploads = _upload(run.batches)
        note_upload(step, facts.uploads)
    if facts.uploads:
        _gate("raw", run, facts, progress)
        with progress.step("copy") as step:
            facts.copies = _copy(run, facts.uploads)
            facts.uploads = _with_same_content(facts)
            facts.comparison = compare_metrics(run.run_id, run.label)
            note_copy(step, facts.copies, facts.comparison)
    if run.changes_staging:
        _gate("staging", run, facts, progress)
    with progress.step("transform") as step:
        facts.models = find_affected_keys(run.run_id, run.label)
        for model in published_models():
            compute = transform if model.name in run.models else keep
            facts.models.append(compute(model.name, run.run_id, run.label))
        note_transform(step, facts.models, len(published_models()))
    _gate("star", run, facts, progress)
    _gate("marts", run, facts, progress)
    with progress.step("publish") as step:
        facts.commit_unknown = True
        published = publish(run.run_id, run.label, run.models)
        facts.commit_unknown = False
        facts.published, facts.published_dates = published.rows, published.batch_dates
        note_publish(step, facts.published)
    _gate("reconciliation", run, facts, progress)
    tell_publish(Settings(), facts, get_run_logger())
    if "exports" in run.outputs:
        with progress.step("exports") as step, after_publish(run.label, "exports"):
            note_exports(step, export_tables(run.run_id, facts.batch_dates[-1], run.label))


def _report(run: BatchRun, facts: RunReport, progress: Progress) -> RunReceipt:
    facts.verdict, facts.finished_at = "published", datetime.now(UTC)
    with progress.step("report"):
        page = report(run.label, facts, run.with_outputs)
    if "dashboards" in run.outputs:
        with progress.step("dashboards"), after_publish(run.label, "dashboards"):
            dashboards(run.label)
    return RunReceipt.of(facts, page)


def _upload(batches: Sequence[OpenBatch]) -> list[UploadReceipt]:
    """Upload the source files to the lake, or find the receipts of files already in it."""
    arriving = [batch for batch in batches if batch.action == "load"]
    if any(batch.action == "restore" for batch in batches):
        return find_receipts([batch.batch_date for batch in batches])
    if len(arriving) == 1:
        day, source = arriving[0].batch_date, arriving[0].source
        return gather(upload.submit(table, day, source) for table in contracts())
    several = gather(upload_batch.submit(b.batch_date, b.source) for b in arriving)
    return [receipt for receipts in several for receipt in receipts]


def _copy(run: BatchRun, uploads: list[UploadReceipt]) -> list[CopyReceipt]:
    """Copy the rows of each table into `candidate`, with one concurrent task per table."""
    return gather(
        copy.submit(table, [u for u in uploads if u.table == table], run.run_id, run.label)
        for table in contracts()
        if any(u.table == table for u in uploads)
    )


def _with_same_content(facts: RunReport) -> list[UploadReceipt]:
    """The upload receipts, with the batches whose staging rows stand for repeated files."""
    stands = {receipt.table: receipt.same_as for receipt in facts.copies}
    return [
        upload.model_copy(update={"same_as": stands.get(upload.table, {}).get(upload.batch_date)})
        for upload in facts.uploads
    ]


def _gate(name: str, run: BatchRun, facts: RunReport, progress: Progress) -> None:
    """Validate one layer; raises GateError when the gate stops the batches."""
    days = sorted({upload.batch_date for upload in facts.uploads}) or facts.batch_dates
    accepted = [run.accept] if run.accept else []
    with progress.step(f"gate: {name}") as step:
        try:
            receipt = validate(
                name, days, facts.uploads, run.run_id, run.label, run.rerun, accepted
            )
        except GateError as error:
            facts.gates.append(error.receipt)
            note_gate(step, error.receipt)
            raise
        facts.gates.append(receipt)
        note_gate(step, receipt)


def _facts_of(run: BatchRun) -> RunReport:
    """Create the report of a run that has just started."""
    now = datetime.now(UTC)
    return RunReport(
        label=run.label,
        run_id=run.run_id,
        flow=str(flow_run.flow_name),
        batch_dates=sorted(batch.batch_date for batch in run.batches),
        sources=list(dict.fromkeys(batch.source for batch in run.batches)),
        rerun=str(run.rerun),
        started_at=now,
        finished_at=now,
        verdict="failed",
        # the server of a command has no UI, so no link may lead to it
        run_url=str(flow_run.ui_url or "") if PREFECT_UI_URL.value() else "",
    )


def _report_failure(run: BatchRun, facts: RunReport, error: Exception) -> None:
    """Report a failed run; an error of the report is logged, so that it hides no other error."""
    logger = get_run_logger()
    if facts.commit_unknown:
        try:
            facts.published_dates = dates_published_by(Settings(), run.run_id)
            facts.commit_unknown = False
        except Exception as problem:  # noqa: BLE001 (logged)
            logger.warning("cannot ask whether %s is published: %s", run.label, problem)
    try:
        report(run.label, _failed(facts, error, run.rerun))
    except Exception as problem:  # noqa: BLE001 (logged)
        logger.error("the report of %s cannot be written: %s", run.label, problem)  # noqa: TRY400


def _failed(facts: RunReport, error: Exception, rerun: RerunCommand) -> RunReport:
    """Complete the report of a failed run with the error and the advice."""
    facts.verdict, facts.finished_at = "failed", datetime.now(UTC)
    facts.error = f"{type(error).__name__}: {error}"
    if isinstance(error, GateError):
        facts.verdict = "stopped"
        facts.error = str(error).partition("\n")[0]  # the report lists the failing rows separately
        facts.advice = remedy(error.receipt, rerun)
        return facts
    hint = hint_for(error)
    cause = f"{hint[0].upper()}{hint[1:]}" if hint else "Remove the cause"
    again = f"{cause}. Then run again: {rerun}"
    facts.advice = "\n".join(filter(None, (WORDS[facts.state].remedy, again)))
    return facts
