"""Notify: people are told of a failure, of warnings (a digest), and of the recovery; once each.

A notification that cannot be sent is logged as an error; it never fails the run.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel

from infra.lake import Lake
from infra.notification_channels import ChannelError, Send, channels
from infra.settings import Settings
from tasks.ingest.source import SourceError
from tasks.receipts import ExpectationResult, GateReceipt, RerunCommand
from tasks.retries import is_transient
from tasks.validation.gate import remedy
from tasks.warehouse.publish import AfterPublishError

Kind = Literal["failure", "warnings", "recovery", "test"]
_TRIES, _PAUSE = 3, 2.0  # seconds, doubled each time
_LISTED = 10  # expectations that a message lists
_COLUMNS = 8  # of a row; the report has all


class Notification(BaseModel):
    """A message for people; plain text, without any sensitive value."""

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
    before: str = "the last publish",
    published: bool = False,
    owners: Mapping[str, str] = MappingProxyType({}),
) -> Notification:
    """What broke, where, what readers see meanwhile, and what to do.

    `before` says which state readers see, `published` that they see what failed, `owners` whom to
    ask.
    """
    receipt = getattr(error, "receipt", None)
    if isinstance(receipt, GateReceipt):
        count = len(receipt.blocking)
        what = (
            f"Gate {receipt.gate}: {count} critical expectation{'s' if count > 1 else ''} violated"
        )
        cause = "\n".join(_told(result, owners) for result in receipt.blocking[:_LISTED])
        advice = remedy(receipt, rerun)
        published = published or receipt.gate == "reconciliation"
    else:
        what, cause = _headline(error), str(error)
        advice, published = _advice(error, rerun), False
    if isinstance(error, AfterPublishError):
        impact, readers = (
            "published, but not all of its pages and exports",
            "Readers of the warehouse see this batch, and it is validated. Exports and dashboards "
            "are those of the batch before.",
        )
    elif published:
        impact, readers = (
            "PUBLISHED BUT WRONG, do not use",
            "Readers see figures that do not agree with the files they come from: do not use any "
            "until this is settled.",
        )
    else:
        impact, readers = (
            "BLOCKED, nothing published",
            f"Nothing of this run is published. Readers see {before}; those figures can be used.",
        )
    return Notification(
        kind="failure",
        run_id=run_id,
        subject=f"[olist] {impact}: {run}: {_line(what)}",
        body=_joined(f"{run} failed. {readers}", what, cause, f"What to do\n{advice}", *links),
    )


def _headline(error: BaseException) -> str:
    """The line of an error that says most: the first finding of a list, else the first line."""
    lines = str(error).splitlines() or [type(error).__name__]
    finding = next((line.strip()[2:] for line in lines if line.strip().startswith("- ")), lines[0])
    return f"{type(error).__name__}: {finding}"


def _advice(error: BaseException, rerun: RerunCommand) -> str:
    again = f"Running again is safe, whatever was done already:\n  {rerun}"
    if isinstance(error, SourceError):
        return f"Ask the source for a corrected file. {again}"
    if is_transient(error):
        return (
            "It was tried several times already. If it fails again, see whether the warehouse, S3 "
            f"and the network between are up. {again}"
        )
    return f"The message says what is wrong; docs/runbook.md has more. {again}"


def warning_digest(
    run: str,
    run_id: str,
    warnings: Mapping[str, list[ExpectationResult]],
    rerun: RerunCommand,
    links: Sequence[str],
    *,
    owners: Mapping[str, str] = MappingProxyType({}),
) -> Notification:
    """What is unusual in batches that were published; by batch."""
    count = sum(len(results) for results in warnings.values())
    told = [
        f"{label}\n" + "\n".join(_told(result, owners) for result in results[:_LISTED])
        for label, results in warnings.items()
    ]
    more = [f"… and {len(told) - _LISTED} more batches"] if len(told) > _LISTED else []
    return Notification(
        kind="warnings",
        run_id=run_id,
        subject=f"[olist] published, with {count} warning{'s' if count > 1 else ''}: {run}",
        body=_joined(
            f"{run} is published, and holds what the files held, to the cent. But something in the "
            "files is unusual, so they may be incomplete or wrong:",
            *told[:_LISTED],
            *more,
            "What to do\nAsk the owner named with each whether it is true. If it is, nothing. If "
            "it is not, get a corrected file and run again; later batches need not be:\n"
            f"  {rerun}",
            *links,
        ),
    )


def recovery(run: str, run_id: str, failed: Sequence[str], links: Sequence[str]) -> Notification:
    """What failed before is published now."""
    return Notification(
        kind="recovery",
        run_id=run_id,
        subject=f"[olist] recovered: {run}",
        body=_joined(
            f"{run} is published. This settles what failed before:",
            "\n".join(f"- {what}" for what in failed),
            "What to do\nNothing.",
            *links,
        ),
    )


def _told(result: ExpectationResult, owners: Mapping[str, str]) -> str:
    contact = f" ({owners[result.owner]})" if result.owner in owners else ""
    lines = [
        f"- violated ({result.severity}): {result.reason}",
        f"  found in {result.dataset}: {result.observed}; owner: {result.owner}{contact}",
    ]
    lines += [
        "    " + ", ".join(f"{name}={value}" for name, value in [*row.items()][:_COLUMNS])
        for row in result.sample
    ]
    return "\n".join(
        [*lines, f'  all of them: olist query "{result.sql}"'] if result.sql else lines
    )


def _line(text: str) -> str:
    return " ".join(text.split())[:160]


def _joined(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts if part.strip())


# ------------------------------------------------------------------------------- sending


def send(settings: Settings, message: Notification, logger: logging.Logger) -> list[str]:
    """Hand a message to every channel, unless this run has sent it already.

    Returns the channels that took it. Never raises: what goes wrong is logged.
    """
    found = channels(settings)
    if not found or not _first(settings, message, logger):
        return []
    return [name for name in found if _tried(found[name], name, message, logger)]


def _first(settings: Settings, message: Notification, logger: logging.Logger) -> bool:
    """Claim the message; false where the same run has claimed it before."""
    key = f"notifications/{message.run_id}.{message.kind}.json"
    try:
        return Lake(settings).claim(key, {**message.model_dump(), "at": datetime.now(UTC)})
    except Exception as error:  # noqa: BLE001 (told; twice is better than never)
        logger.warning("the lake cannot note the notification, so it may be sent twice: %s", error)
        return True


def _tried(deliver: Send, name: str, message: Notification, logger: logging.Logger) -> bool:
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


# ------------------------------------------------------------------------------- what is open


def open_failure(settings: Settings, subjects: Sequence[str], what: str) -> None:
    """Remember what failed, until a run settles it. A subject is a batch date or a run's name."""
    lake = Lake(settings)
    for subject in subjects:
        lake.put_json(_open(subject), {"what": what, "at": datetime.now(UTC)})


def settle(settings: Settings, subjects: Sequence[str]) -> list[str]:
    """What had failed of these subjects and is settled now; it is forgotten."""
    lake = Lake(settings)
    known = set(lake.keys("notifications/open/"))
    settled = []
    for subject in subjects:
        if _open(subject) in known and (note := lake.get_json(_open(subject))):
            settled.append(f"{note['what']} ({note['at'][:16]} UTC)")
            lake.delete(_open(subject))
    return settled


def _open(subject: str) -> str:
    return f"notifications/open/{subject.replace('/', '_')}.json"
