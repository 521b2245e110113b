"""Put together what the lake, Prefect and the local stack know."""

import os
import re
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from logging import getLogger

from flows.health.prefect_facts import PrefectApi, PrefectFacts, prefect_facts
from flows.health.report import (
    Health,
    Problem,
    Publish,
    Run,
    Service,
    missed_problems,
    publish_problems,
)
from infra.settings import Settings
from tasks.receipts import RunEntry
from tasks.reporting.run_history import KEPT

_REMEDIES = {
    "Late": "it starts when a worker is free; the problems of pools are listed here",
    "Failed": "olist inbox --search {what} has the message with what to do",
    "Crashed": "run it again: it continues where it stopped: {again}",
    "Suspended": "resume it in the Prefect UI before the time that was chosen there, or it fails",
    "Cancelled": "run it again if it is still wanted: it continues where it stopped: {again}",
}
# wrong requests: the person who asked has seen why
_REFUSED = re.compile(r"\b(RequestError|CorrectionError|ParameterTypeError)\b")


def check_health(settings: Settings, services: Sequence[Service], prefect_ui: str) -> Health:
    """Ask the lake and Prefect, at the same time.

    Args:
        settings: Access to the lake and the source.
        services: The services of the local stack; empty without one.
        prefect_ui: Address of Prefect's UI; empty if no server is known.
    """
    with ThreadPoolExecutor(2) as pool:
        prefect = _prefect_command(settings)
        asked = pool.submit(_prefect, prefect_ui, prefect)
        entries = _history(settings)
        facts = asked.result()
    publish = _last_publish(entries, settings)
    missed = _missed_days(settings, entries) if facts.has_schedule else []
    runs = [
        run
        for run in facts.runs
        if not (run.ended_badly and (_is_resolved(run, entries) or _REFUSED.search(run.message)))
    ]
    return Health(
        checked_at=datetime.now(UTC),
        problems=[
            *_service_problems(services),
            *publish_problems(publish, prefect),
            *facts.problems,
            *missed_problems(missed, _last_day(entries), settings.source or "DIR", prefect),
            *_failure_problems(settings, entries, runs),
        ],
        last_publish=publish,
        next_run=facts.next_run,
        missed_days=missed,
        runs=runs,
        ended=facts.ended,
        paused=facts.paused,
        services=list(services),
        prefect=prefect_ui,
    )


def is_listening(port: int) -> bool:
    """Whether a local service accepts connections."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _prefect_command(settings: Settings) -> str:
    """`prefect`, with the profile of the stack that was started here."""
    profile = settings.state / "prefect.toml"
    return f"PREFECT_PROFILES_PATH={profile} prefect" if profile.exists() else "prefect"


def _prefect(ui: str, command: str) -> PrefectFacts:
    if not ui:
        return PrefectFacts()
    login, key = (os.environ.get(f"PREFECT_API_{name}") for name in ("AUTH_STRING", "KEY"))
    api = PrefectApi(os.environ["PREFECT_API_URL"], login, key)
    try:
        return prefect_facts(api, command)
    except (OSError, ValueError, KeyError) as error:
        problem = Problem(
            what=f"the Prefect server at {ui} does not answer: {error}",
            do="its log is logs/prefect-server.log under OLIST_HOME; olist down, olist up",
        )
        return PrefectFacts(problems=[problem])


def _history(settings: Settings) -> list[RunEntry]:
    """The last runs: from this machine's copy, if the lake is on this machine, too."""
    from tasks.reporting.run_history import history, history_here  # noqa: PLC0415

    if settings.target == "local":
        return history_here(settings)
    from infra.lake import Lake  # noqa: PLC0415 (it imports Prefect, which takes a second)

    return history(Lake(settings))


def _last_publish(entries: list[RunEntry], settings: Settings) -> Publish | None:
    for entry in reversed(entries):
        state = entry.state or ("reconciled" if entry.verdict == "published" else "not published")
        if state not in {"not published", "unknown"}:
            return Publish(
                run=entry.label,
                batch_dates=entry.batch_dates,
                at=entry.finished_at,
                state=state,
                fresh_hours=settings.fresh_hours,
            )
    return None


def _missed_days(settings: Settings, entries: list[RunEntry]) -> list[date]:
    """The days with a folder in the source that are not published, from the first batch on.

    If the history does not reach back to the first run, only days after the last batch count.
    """
    published = {
        day for entry in entries if entry.verdict == "published" for day in entry.batch_dates
    }
    if not published or settings.source is None:
        return []
    first = min(published) if len(entries) < KEPT else max(published)
    from tasks.ingest.source import day_folders  # noqa: PLC0415 (slow to import)

    days = day_folders(settings.source, settings, getLogger(__name__))
    return [day for day in days if first < day < settings.today and day not in published]


def _last_day(entries: list[RunEntry]) -> date | None:
    published = [d for entry in entries if entry.verdict == "published" for d in entry.batch_dates]
    return max(published, default=None)


def _is_resolved(run: Run, entries: list[RunEntry]) -> bool:
    """Whether a later run, also one of the command line, has published the batch of a bad run."""
    day = _day_of(run)
    return bool(day) and any(
        entry.verdict == "published"
        and date.fromisoformat(day) in entry.batch_dates
        and entry.finished_at > run.at
        for entry in entries
    )


def _failure_problems(
    settings: Settings, entries: list[RunEntry], runs: list[Run]
) -> list[Problem]:
    found = [
        Problem(what=_words(run), do=_remedy(settings, run))
        for run in runs
        if run.ended_badly or run.state in {"Late", "Suspended"}
    ]
    last = entries[-1] if entries else None
    named = any(last and run.name.startswith(last.label) for run in runs)
    if last is not None and last.verdict != "published" and not named:
        day = last.batch_dates[-1]
        found.append(
            Problem(what=f"the last run, {last.label}, failed", do=f"olist report {day} says why")
        )
    return found


def _remedy(settings: Settings, run: Run) -> str:
    day = _day_of(run)
    again = f"olist run --source {settings.source or 'DIR'} --batch-date {day}"
    words = _REMEDIES.get(run.state, _REMEDIES["Failed"]).format(
        what=day or f'"{run.name}"', again=again if day else "Retry in the Prefect UI"
    )
    has_page = day and (settings.state / "reports" / day / "index.html").is_file()
    return f"{words}; olist report {day} opens its page" if has_page else words


def _day_of(run: Run) -> str:
    """The batch date that the name of a run begins with; '' without one."""
    day = re.match(r"\d{4}-\d{2}-\d{2}", run.name)
    return day.group() if day else ""


def _words(run: Run) -> str:
    at = f"{run.at:%Y-%m-%d %H:%M} UTC"
    if run.state == "Late":  # a run gets its own name when it starts
        return f"the run of {run.deployment or run.name}, scheduled for {at}, has not started"
    return f"{run.name} is {run.state.lower()} since {at}" + (run.message and f": {run.message}")


def _service_problems(services: Sequence[Service]) -> list[Problem]:
    return [
        Problem(
            what=f"{service.name} does not answer at {service.address}",
            do="the stack starts it again; its log is under OLIST_HOME/logs. If it stays: "
            "olist down, olist up",
        )
        for service in services
        if not service.healthy
    ]
