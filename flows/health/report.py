"""What is known about the state of the pipeline, and the problems that follow from it."""

from datetime import UTC, date, datetime

from pydantic import BaseModel, computed_field

from tasks.publish_state import PublishState

_LISTED = 10  # days that a problem names


class Problem(BaseModel):
    """Something that is not well, and what to do about it."""

    what: str
    do: str


class Publish(BaseModel):
    """The last publish."""

    run: str
    batch_dates: list[date]
    at: datetime
    state: PublishState
    fresh_hours: float  # OLIST_FRESH_HOURS

    @computed_field
    @property
    def age_hours(self) -> float:
        """Hours since the publish."""
        return round((datetime.now(UTC) - self.at).total_seconds() / 3600, 1)


class Run(BaseModel):
    """A run of the last days that has not ended, or has ended badly."""

    name: str
    deployment: str  # empty for a run of the command line
    state: str  # as Prefect names it: Running, Late, Failed, Crashed, Cancelled, …
    at: datetime  # when it ended; else when it started, or should have
    message: str = ""  # of its state: an error, or what it waits for
    ended_badly: bool = False  # failed (also by a timeout), crashed or cancelled


class Service(BaseModel):
    """A service of the local stack."""

    name: str
    process: int
    address: str
    healthy: bool


class Health(BaseModel):
    """The state of the pipeline; `problems` is empty if all is well.

    `olist status --json` prints it.
    """

    checked_at: datetime
    problems: list[Problem] = []
    last_publish: Publish | None = None
    next_run: datetime | None = None
    missed_days: list[date] = []  # not published although a scheduled run should have done it
    runs: list[Run] = []
    ended: dict[str, int] = {}  # runs of the last seven days by their final state
    paused: list[str] = []  # schedules and work pools
    services: list[Service] = []
    prefect: str = ""  # address of its UI; empty if no server is known

    @computed_field
    @property
    def well(self) -> bool:
        """Whether nothing needs attention."""
        return not self.problems


def publish_problems(publish: Publish | None, prefect: str) -> list[Problem]:
    """What is wrong with the last publish; `prefect` is the command that reaches the server."""
    if publish is None:
        return [Problem(what="nothing is published yet", do="load a batch: olist run")]
    found = []
    if publish.age_hours > publish.fresh_hours:
        found.append(
            Problem(
                what=f"nothing was published for {publish.age_hours:,.0f} hours; the limit is "
                f"{publish.fresh_hours:g} (OLIST_FRESH_HOURS)",
                do="remove the cause named below, or start the daily run: "
                f"{prefect} deployment run daily_elt/daily",
            )
        )
    if publish.state == "wrong":
        found.append(
            Problem(
                what=f"{publish.run} is published but wrong; do not use its figures",
                do="olist rebuild; docs/runbook.md, reconciliation",
            )
        )
    elif publish.state != "reconciled":
        found.append(
            Problem(
                what=f"{publish.run} is published, but not compared with its source files",
                do="olist validate",
            )
        )
    return found


def missed_problems(
    days: list[date], last: date | None, source: str, prefect: str
) -> list[Problem]:
    """Say which days are missing.

    Args:
        days: Days with a folder in the source that are not published.
        last: The last published day; daily runs load only what is missing after it.
        source: The folder with the days.
        prefect: The command that reaches the server.
    """
    after = [day for day in days if last is None or day > last]
    before = [day for day in days if day not in after]
    found = []
    if after:
        found.append(
            Problem(
                what=f"not published: {_listed(after)}",
                do="the next daily run loads each of these days that has a folder in the source; "
                f"start it now: {prefect} deployment run daily_elt/daily",
            )
        )
    if before:
        found.append(
            Problem(
                what=f"not published, although later days are: {_listed(before)}",
                do="no scheduled run loads them: "
                f"olist run --source {source} --batch-date {before[0]}",
            )
        )
    return found


def _listed(days: list[date]) -> str:
    more = f" and {len(days) - _LISTED} more" if len(days) > _LISTED else ""
    return f"{', '.join(map(str, days[:_LISTED]))}{more}"
