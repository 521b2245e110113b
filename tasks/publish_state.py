"""What readers see after a run has failed, and the words for it.

The words of messages and pages follow from the state of the publish, not from the type of the
error: the same error may be raised before the commit or after it.
"""

from dataclasses import dataclass
from typing import Literal

PublishState = Literal["not published", "unknown", "not reconciled", "wrong", "reconciled"]


@dataclass(frozen=True)
class Words:
    """The words of messages and pages for one state."""

    subject: str  # of the notification
    readers: str  # what readers see, and whether they can use it
    remedy: str  # what to do besides removing the cause; empty if nothing


WORDS: dict[PublishState, Words] = {
    "not published": Words(
        "BLOCKED, not published",
        "The step that failed published nothing.",
        "",
    ),
    "unknown": Words(
        "UNKNOWN whether published",
        "The warehouse did not answer during or after the publish. Readers see either the state "
        "before this run or its whole batch, never a part of it.",
        'See what is published: olist query "SELECT * FROM audit.batches '
        'ORDER BY COALESCE(publish_number, 0) DESC LIMIT 5"',
    ),
    "not reconciled": Words(
        "PUBLISHED, NOT RECONCILED, do not use yet",
        "Readers see this batch, but its totals were not compared with the source files. Do not "
        "use its figures until the comparison passes.",
        "Compare the totals: olist validate",
    ),
    "wrong": Words(
        "PUBLISHED BUT WRONG, do not use",
        "Readers see figures that do not match the source files. Do not use any of them until "
        "this is resolved.",
        "",
    ),
    "reconciled": Words(
        "published and reconciled, but a later step failed",
        "Readers of the warehouse see this batch, and it is validated and reconciled. Exports, "
        "dashboards or pages may still show the previous batch.",
        "",
    ),
}


class AfterPublishError(RuntimeError):
    """A step failed when the batch was published already, or may be."""

    def __init__(self, message: str, state: PublishState) -> None:
        """Keep the state of the publish, for messages and pages."""
        super().__init__(message)
        self.state: PublishState = state

    def __reduce__(self) -> tuple[type, tuple[str, PublishState]]:
        """Pickle the error with its state, so that it can be sent to another process."""
        return type(self), (str(self), self.state)
