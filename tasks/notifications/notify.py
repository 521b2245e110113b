"""Notify users of a failure, of warnings (as a digest) and of a recovery, once each per run.

A notification that cannot be sent is logged as an error; it never fails the run.
"""

import logging
import re
import textwrap
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel

from infra.lake import Lake
from infra.notification_channels import ChannelError, Send, channels
from infra.settings import Settings
from infra.source_storage import MissingSourceError, SourceError
from tasks.publish_state import WORDS, AfterPublishError, PublishState
from tasks.receipts import ExpectationResult, GateReceipt, RerunCommand, Total
from tasks.retries import is_transient
from tasks.validation.gate import QUARANTINE_EMPTY, remedy
from tasks.warehouse.totals import comparison

Kind = Literal["failure", "warnings", "recovery", "test"]
_TRIES, _PAUSE = 3, 2.0  # attempts; seconds before the next one, doubled each time
_LISTED = 10  # maximum number of batches in a message, and of expectations per batch
_COLUMNS = 8  # maximum number of columns of a row in a message; the report shows all


class Notification(BaseModel):
    """A plain-text message to users, without sensitive values."""

    kind: Kind
    run_id: str
    subject: str
    body: str


def failure(
    run: str,
    run_id: str,
    error: BaseException,
    rerun: RerunCommand,
    links: Sequence[str],
    *,
    before: str = "the last publish; those figures can be used",
    published: bool = False,
    owners: Mapping[str, str] = MappingProxyType({}),
) -> Notification:
    """Build the failure notification: what failed, what readers see meanwhile, and what to do.

    Args:
        run: Name of the run.
        run_id: Id of the flow run.
        error: The exception that ended the run; a GateError has the receipt of its gate.
        rerun: The command that runs it again.
        links: Lines that name the report and the run.
        before: What readers see if the batch is not published, and whether it can be used.
        published: Whether readers already see the data that a gate failed on.
        owners: Contact of each owner of expectations, by the owner's name.
    """
    receipt = getattr(error, "receipt", None)
    if isinstance(receipt, GateReceipt):
        count = len(receipt.blocking)
        what = (
            f"Gate {receipt.gate}: {count} critical expectation{'s' if count > 1 else ''} violated"
        )
        cause = "\n".join(_format_result(result, owners) for result in receipt.blocking[:_LISTED])
        advice = remedy(receipt, rerun)
    else:
        what, cause = _headline(error), str(error)
        advice = _advice(error, rerun)
    state = _state(error, published=published)
    words = WORDS[state]
    readers = words.readers
    if state == "not published":
        readers += f" Readers see {before}."
    advice = "\n".join(filter(None, (words.remedy, advice)))
    return Notification(
        kind="failure",
        run_id=run_id,
        subject=f"[olist] {words.subject}: {run}: {_line(_without_folders(what))}",
        body=_joined(f"{run} failed. {readers}", what, cause, f"What to do\n{advice}", *links),
    )


def _state(error: BaseException, *, published: bool) -> PublishState:
    """What readers see after an error."""
    if isinstance(error, AfterPublishError):
        return error.state
    receipt = getattr(error, "receipt", None)
    if isinstance(receipt, GateReceipt) and (published or receipt.gate == "reconciliation"):
        return receipt.state
    return "not published"


def _headline(error: BaseException) -> str:
    """The most useful line of an error: the first finding of a list, else the first line."""
    lines = str(error).splitlines() or [type(error).__name__]
    finding = next((line.strip()[2:] for line in lines if line.strip().startswith("- ")), lines[0])
    if isinstance(error, MissingSourceError):
        return f"not delivered yet: {finding}"
    return f"{type(error).__name__}: {finding}"


def _advice(error: BaseException, rerun: RerunCommand) -> str:
    again = f"Running again is safe, even if some steps were already done:\n  {rerun}"
    if isinstance(error, MissingSourceError):
        return (
            "The source has not delivered these files. Ask it when they come. The next daily run "
            f"loads missed days by itself; to load them as soon as they are there:\n  {rerun}"
        )
    if isinstance(error, SourceError):
        return f"Ask the source for a corrected file. {again}"
    if is_transient(error):
        return (
            "The step was retried several times. If it fails again, check that the warehouse, S3 "
            f"and the network between them are available. {again}"
        )
    return f"The message names the problem; docs/runbook.md has more. {again}"


def warning_digest(
    run: str,
    run_id: str,
    warnings: Mapping[str, list[ExpectationResult]],
    rerun: RerunCommand,
    links: Sequence[str],
    *,
    totals: Sequence[Total] = (),
    owners: Mapping[str, str] = MappingProxyType({}),
) -> Notification:
    """Build the digest of warnings about published batches, grouped by batch.

    Args:
        run: Name of the run.
        run_id: Id of the flow run.
        warnings: Failed expectations by label of the batch.
        rerun: The command that runs it again.
        links: Lines that name the report and the run.
        totals: Totals of the source files and of what is published; empty if they are not known.
        owners: Contact of each owner of expectations, by the owner's name.
    """
    everything = [result for results in warnings.values() for result in results]
    count = sum(not result.accepted_by for result in everything)
    accepted = len(everything) - count
    what = [f"{count} warning{'s' if count > 1 else ''}"] if count else []
    what += [f"{accepted} accepted failure{'s' if accepted > 1 else ''}"] if accepted else []
    sections = [
        f"{label}\n" + "\n".join(_format_result(result, owners) for result in results[:_LISTED])
        for label, results in warnings.items()
    ]
    more = [f"… and {len(sections) - _LISTED} more batches"] if len(sections) > _LISTED else []
    return Notification(
        kind="warnings",
        run_id=run_id,
        subject=f"[olist] published, with {' and '.join(what)}: {run}",
        body=_joined(
            f"{run} is published. {comparison(totals) if totals else ''}",
            "Something in the files is unusual, so the files may be incomplete or wrong:",
            *sections[:_LISTED],
            *more,
            f"What to do\n{_digest_advice(warnings, rerun)}",
            *links,
        ),
    )


def _digest_advice(warnings: Mapping[str, list[ExpectationResult]], rerun: RerunCommand) -> str:
    open_ones = [r for results in warnings.values() for r in results if not r.accepted_by]
    if not open_ones:
        return "Nothing: the failures are accepted, and the audit names who has done so and why."
    advice = (
        "Ask the owner named with each warning whether the data is correct. If it is, do nothing. "
        "If it is not, get a corrected file and run this batch again; later batches do not need "
        f"another run:\n  {rerun}"
    )
    set_aside = [
        label.split()[0]
        for label, results in warnings.items()
        if any(result.id == QUARANTINE_EMPTY for result in results)
    ]
    return "\n".join(
        [
            advice,
            *(
                "Rows in quarantine, with line, column and reason; mended ones can be delivered "
                f"again:\n  olist quarantine {day}"
                for day in set_aside
            ),
        ]
    )


def recovery(run: str, run_id: str, failed: Sequence[str], links: Sequence[str]) -> Notification:
    """Build the notification that earlier failures are resolved.

    Args:
        run: Name of the run.
        run_id: Id of the flow run.
        failed: Descriptions of the resolved failures, as `settle` returns them.
        links: Lines that name the report and the run.
    """
    return Notification(
        kind="recovery",
        run_id=run_id,
        subject=f"[olist] recovered: {run}",
        body=_joined(
            f"{run} is published. This resolves earlier failures:",
            "\n".join(f"- {what}" for what in failed),
            "What to do\nNothing.",
            *links,
        ),
    )


def _format_result(result: ExpectationResult, owners: Mapping[str, str]) -> str:
    contact = f" ({owners[result.owner]})" if result.owner in owners else ""
    accepted = f", accepted by {result.accepted_by}" if result.accepted_by else ""
    lines = [
        f"- {result.id}, violated ({result.severity}{accepted}): {result.reason}",
        f"  found in {result.dataset}: {result.observed}; owner: {result.owner}{contact}",
    ]
    if result.accepted_because:
        lines.append(f"  accepted because: {result.accepted_because}")
    lines += [
        "    " + ", ".join(f"{name}={value}" for name, value in [*row.items()][:_COLUMNS])
        for row in result.sample
    ]
    return "\n".join(
        [*lines, f'  {result.sql_finds}: olist query "{result.sql}"'] if result.sql else lines
    )


def _without_folders(text: str) -> str:
    """A text in which paths and addresses of files are their names, for a subject."""
    return re.sub(r"(?:s3:/)?/(?:[^\s/]+/)+(?=[^\s/])", "", text)


def _line(text: str) -> str:
    """A text on one line; it ends at a word."""
    return textwrap.shorten(text, 160, placeholder=" …")


def _joined(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts if part.strip())


# ------------------------------------------------------------------------------- sending


def send(settings: Settings, message: Notification, logger: logging.Logger) -> list[str]:
    """Send a message to every channel, unless this run has already sent it.

    Errors of a channel or the lake are logged, not raised.

    Returns:
        Names of the channels that accepted the message.
    """
    found = channels(settings)
    if not found or not _claim(settings, message, logger):
        return []
    return [name for name in found if _deliver(found[name], name, message, logger)]


def _claim(settings: Settings, message: Notification, logger: logging.Logger) -> bool:
    """Claim the message in the lake; False if the same run has claimed it before."""
    key = f"notifications/{message.run_id}.{message.kind}.json"
    try:
        return Lake(settings).claim(key, {**message.model_dump(), "at": datetime.now(UTC)})
    except Exception as error:  # noqa: BLE001 (logged; sending twice is better than never)
        logger.warning("cannot record the message in the lake, so it may be sent twice: %s", error)
        return True


def _deliver(deliver: Send, name: str, message: Notification, logger: logging.Logger) -> bool:
    for left in reversed(range(_TRIES)):
        try:
            deliver(message.subject, message.body)
        except ChannelError as error:
            if left:
                time.sleep(_PAUSE * 2 ** (_TRIES - 1 - left))
            else:
                logger.error("not notified (%s): %s", message.subject, error)  # noqa: TRY400
        else:
            logger.info("notified %s: %s", name, message.subject)
            return True
    return False


# ------------------------------------------------------------------------------- open failures


def open_failure(settings: Settings, subjects: Sequence[str], what: str) -> None:
    """Record a failure in the lake, until a later run resolves it.

    Args:
        settings: Access to the lake.
        subjects: Batch dates, or the name of a run.
        what: Description of the failure, for the recovery notification.
    """
    lake = Lake(settings)
    for subject in subjects:
        lake.put_json(_failure_key(subject), {"what": what, "at": datetime.now(UTC)})


def settle(settings: Settings, subjects: Sequence[str]) -> list[str]:
    """Delete the recorded failures of subjects that have now succeeded.

    Args:
        settings: Access to the lake.
        subjects: Batch dates, or the name of a run.

    Returns:
        A description of each deleted failure, with its time in UTC.
    """
    lake = Lake(settings)
    known = set(lake.keys("notifications/open/"))
    settled = []
    for subject in subjects:
        if _failure_key(subject) in known and (note := lake.get_json(_failure_key(subject))):
            settled.append(f"{note['what']} ({note['at'][:16]} UTC)")
            lake.delete(_failure_key(subject))
    return settled


def _failure_key(subject: str) -> str:
    return f"notifications/open/{subject.replace('/', '_')}.json"
