"""What a Prefect server knows: runs, schedules and work pools, asked over its REST API.

Prefect's own client takes over a second to import, and `olist status` answers in less.
Source: https://docs.prefect.io/v3/api-ref/rest-api
"""

import base64
import json
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.health.report import Problem, Run

FLOWS = ("daily_elt", "backfill", "upload", "rebuild", "retract", "validate", "report")
POOLS = ("local", "olist-ecs")
_DAYS = 7  # in the past
_SECONDS = 3  # for an answer of the server
_BAD = {"FAILED", "CRASHED", "CANCELLED"}
_ENDED = {*_BAD, "COMPLETED"}


@dataclass
class PrefectFacts:
    """What the server knows about our flows."""

    runs: list[Run] = field(default_factory=list)
    ended: dict[str, int] = field(default_factory=dict)
    next_run: datetime | None = None
    paused: list[str] = field(default_factory=list)
    has_schedule: bool = False  # whether an active schedule exists
    problems: list[Problem] = field(default_factory=list)


class PrefectApi:
    """The REST API of a Prefect server."""

    def __init__(self, url: str, login: str | None = None, key: str | None = None) -> None:
        """Remember where it is.

        Args:
            url: As in PREFECT_API_URL.
            login: As in PREFECT_API_AUTH_STRING; None if the server asks for none.
            key: As in PREFECT_API_KEY, which Prefect Cloud asks for.
        """
        self._url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        elif login:
            self._headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"

    def find(self, kind: str, **body: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (JSON)
        """Return the objects of a kind that match a filter.

        Args:
            kind: Such as `flow_runs`.
            **body: The filter, order and limit.

        Raises:
            OSError: The server does not answer, or refuses.
        """
        request = urllib.request.Request(  # noqa: S310 (the address of Prefect's API)
            f"{self._url}/{kind}/filter", json.dumps(body).encode(), self._headers
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            return json.load(answer)


def prefect_facts(api: PrefectApi, prefect: str) -> PrefectFacts:
    """Ask for the runs of the last seven days, the next run, schedules and pools.

    Args:
        api: The server.
        prefect: The command that reaches it, for advice.

    Raises:
        OSError: The server does not answer, or refuses.
    """
    now = datetime.now(UTC)
    ours = {"name": {"any_": list(FLOWS)}}
    with ThreadPoolExecutor(4) as pool:
        runs = pool.submit(
            api.find,
            "flow_runs",
            flows=ours,
            flow_runs={
                "expected_start_time": {
                    "after_": str(now - timedelta(days=_DAYS)),
                    "before_": str(now),
                }
            },
            sort="EXPECTED_START_TIME_DESC",
            limit=200,
        )
        coming = pool.submit(
            api.find,
            "flow_runs",
            flows=ours,
            flow_runs={"expected_start_time": {"after_": str(now)}},
            sort="EXPECTED_START_TIME_ASC",
            limit=1,
        )
        deployments = pool.submit(api.find, "deployments", flows=ours)
        pools = pool.submit(api.find, "work_pools", work_pools={"name": {"any_": list(POOLS)}})
        names = {d["id"]: d["name"] for d in deployments.result()}
        facts = PrefectFacts(
            runs=_open_or_bad(runs.result(), names),
            ended=Counter(r["state_name"] for r in runs.result() if r["state_type"] in _ENDED),
            next_run=_time(coming.result()[0]["expected_start_time"]) if coming.result() else None,
        )
        _schedules(facts, deployments.result())
        _pools(facts, pools.result(), prefect)
    return facts


def _open_or_bad(found: list[dict[str, Any]], deployments: dict[str, str]) -> list[Run]:
    """The runs that have not ended, and those that ended badly and were not run again."""
    runs, seen = [], set()
    for run in found:  # the latest first
        is_latest = run["name"] not in seen
        seen.add(run["name"])
        if run["state_type"] not in _ENDED or (run["state_type"] in _BAD and is_latest):
            at = run["end_time"] or run["start_time"] or run["expected_start_time"]
            runs.append(
                Run(
                    name=_name(run),
                    deployment=deployments.get(run["deployment_id"] or "", ""),
                    state=run["state_name"],
                    at=_time(at),
                    ended_badly=run["state_type"] in _BAD,
                    message=" ".join(((run["state"] or {}).get("message") or "").split())[:200],
                )
            )
    return runs


def _name(run: dict[str, Any]) -> str:
    """The name of a run. Until it starts, Prefect's is random; the batch date says which it is."""
    day, name = str(run["parameters"].get("batch_date") or "")[:10], run["name"]
    return name if name.startswith(day) else f"{day} ({name})"


def _schedules(facts: PrefectFacts, deployments: list[dict[str, Any]]) -> None:
    for deployment in deployments:
        for schedule in deployment["schedules"]:
            if schedule["active"] and not deployment["paused"]:
                facts.has_schedule = True
                continue
            what = f"the schedule {schedule['slug'] or ''} of the deployment {deployment['name']}"
            facts.paused.append(what)
            facts.problems.append(
                Problem(what=f"{what} is paused", do="resume it in the Prefect UI, Deployments")
            )


def _pools(facts: PrefectFacts, pools: list[dict[str, Any]], prefect: str) -> None:
    for pool in pools:
        name = pool["name"]
        if pool["is_paused"]:
            facts.paused.append(f"the work pool {name}")
            facts.problems.append(
                Problem(
                    what=f"the work pool {name} is paused, so no run starts",
                    do=f"{prefect} work-pool resume {name}",
                )
            )
        elif pool["status"] == "NOT_READY":
            facts.problems.append(
                Problem(
                    what=f"no worker of the pool {name} is online, so no run starts",
                    do=f"{prefect} worker start --pool {name}; on a laptop: olist up",
                )
            )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
