"""The run that this process executes, so that its state can be told when the process ends early."""

from contextlib import suppress

from infra.settings import Settings
from tasks.publish_state import WORDS
from tasks.receipts import RunReport
from tasks.warehouse.published_index import dates_published_by

_runs: list[RunReport] = []


def remember(facts: RunReport) -> None:
    """Make a run the current one."""
    _runs[:] = [facts]


def stopped_message() -> str:
    """Describe what readers see if the process ends now, and how to continue.

    Returns:
        Sentences for the terminal; empty if no run is in progress.
    """
    if not _runs:
        return ""
    facts = _runs[0]
    if facts.commit_unknown:
        with suppress(Exception):  # the message then says that the state is unknown
            facts.published_dates = dates_published_by(Settings(), facts.run_id)
            facts.commit_unknown = False
    if facts.state == "not published":
        seen = "This run published nothing; readers see the state before it."
    else:
        seen = WORDS[facts.state].readers
    return f"{facts.label} is stopped. {seen} Continue: {facts.rerun}"
