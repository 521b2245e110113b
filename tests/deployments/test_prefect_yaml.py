"""`deployments/prefect.yaml` matches the code: entrypoints, parameters, schedules."""

import pytest
import yaml
from prefect.client.schemas.schedules import CronSchedule
from prefect.flows import load_flow_from_entrypoint

from flows.deploy import TARGETS

DEPLOYMENTS = yaml.safe_load(TARGETS["local"].file.read_text())["deployments"]
_NAMES = [deployment["name"] for deployment in DEPLOYMENTS]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=_NAMES)
def test_deployment_entrypoint_and_parameters_match_the_code(deployment: dict) -> None:
    flow = load_flow_from_entrypoint(deployment["entrypoint"])
    known = flow.parameters.properties
    assert set(deployment["parameters"]) <= set(known)
    # the UI form shows a description for each parameter
    for name, parameter in known.items():
        assert parameter.get("description"), f"{flow.name}: {name} has no description"
    assert flow.description, flow.name


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=_NAMES)
def test_a_schedule_has_a_cron_and_a_time_zone_and_leaves_a_pause_alone(deployment: dict) -> None:
    slugs = [schedule["slug"] for schedule in deployment["schedules"]]
    assert len(slugs) == len(set(slugs))
    for schedule in deployment["schedules"]:
        assert CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
        assert "active" not in schedule


def test_writing_deployments_have_a_concurrency_limit_of_one() -> None:
    for deployment in DEPLOYMENTS:
        if deployment["name"] not in {"upload", "report"}:
            assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}


def test_the_daily_run_is_at_five_in_the_morning_in_sao_paulo() -> None:
    daily = next(d for d in DEPLOYMENTS if d["name"] == "daily")
    assert daily["schedules"] == [
        {"slug": "daily", "cron": "0 5 * * *", "timezone": "America/Sao_Paulo"}
    ]
    assert daily["parameters"] == {}  # so each run loads the day before it
