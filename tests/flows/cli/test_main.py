"""The command line, run as a user runs it."""

import csv
import io
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest
from prefect.settings import PREFECT_API_URL

from flows.cli.exit_codes import ExitCode
from infra.local.generate import generate
from infra.local.services import running
from infra.settings import PROJECT, Settings
from tests.flows.cli.conftest import Ended, in_a_process


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """An OLIST_HOME with a loaded batch, whose services run; and the output of the run."""
    home = tmp_path_factory.mktemp("home")
    source = tmp_path_factory.mktemp("source") / "2018-10-18"
    generate(source, 200, seed=3)
    done = in_a_process(home, "run", OLIST_SOURCE=str(source), OLIST_EXPORTS="false")
    assert done.returncode == 0, done.stderr + done.stdout
    with running(Settings(home=home)):
        yield home, done.stdout


def test_the_run_command_prints_steps_seconds_gates_and_reconciliation(
    loaded: tuple[Path, str],
) -> None:
    _, printed = loaded
    assert "Batch 2018-10-18 is published" in printed  # the folder name is the batch date
    for word in ("] upload ", "] gate: staging ", "Reconciliation", "Where to look next"):
        assert word in printed
    assert "DIFFERS" not in printed
    assert "Finished in state" not in printed, "Prefect's log is for --verbose"


def test_run_json_beside_the_page_has_the_documented_form(loaded: tuple[Path, str]) -> None:
    home, _ = loaded
    facts = json.loads((home / "reports" / "2018-10-18" / "run.json").read_text())
    jsonschema.validate(facts, json.loads((PROJECT / "docs" / "run.schema.json").read_text()))
    assert facts["state"] == "reconciled"
    assert {"copy", "gate: staging"} <= {step["name"] for step in facts["steps"]}
    results = [result for gate in facts["gates"] for result in gate["results"]]
    assert "staging.orders.status_known" in {result["id"] for result in results}


@pytest.mark.slow
def test_a_failure_is_told_once_and_its_acceptance_as_json(
    loaded: tuple[Path, str], tmp_path: Path
) -> None:
    home, _ = loaded
    generate(tmp_path / "2018-10-19", 200, seed=4)
    orders = tmp_path / "2018-10-19" / "olist_orders_dataset.csv"
    orders.write_text(orders.read_text().replace(",delivered,", ",teleported,", 2))
    run = ["run", "--source", str(tmp_path / "2018-10-19")]
    failed = in_a_process(home, *run, COLUMNS="80", OLIST_EXPORTS="false")
    printed = failed.stdout + failed.stderr
    assert failed.returncode == ExitCode.GATE
    assert printed.count("violated: the order status is a known one") == 1
    assert "Traceback" not in printed
    accepted = in_a_process(
        *(home, *run, "--accept", "staging.orders.status_known", "--accepted-by", "A. Person"),
        *("--because", "a new status of the shop", "--log-format", "json"),
        OLIST_EXPORTS="false",
    )
    assert accepted.returncode == 0, accepted.stderr
    *_, result = events = [json.loads(line) for line in accepted.stdout.splitlines()]
    assert result["event"] == "result"
    assert result["accepted"] == ["staging.orders.status_known"]
    assert [e["step"] for e in events if e["event"] == "step_ended"][:2] == ["prepare", "upload"]


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_each_command_has_help(olist: Callable[..., Ended], tmp_path: Path, option: str) -> None:
    assert "--verbose" in olist(tmp_path, "backfill", option).stdout
    assert "--version" in olist(tmp_path, option).stdout


def test_the_version_is_that_of_the_project(olist: Callable[..., Ended], tmp_path: Path) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert olist(tmp_path, "--version").stdout == f"olist-elt {project['version']}\n"


def test_a_wrong_date_is_refused_before_any_service_starts(
    olist: Callable[..., Ended], tmp_path: Path
) -> None:
    done = olist(tmp_path / "home", "report", "2018-10-99")
    assert done.returncode == ExitCode.USAGE
    assert "'2018-10-99' is not a date" in done.stderr
    assert not (tmp_path / "home").exists()


def test_all_state_is_under_home(loaded: tuple[Path, str]) -> None:
    home, _ = loaded
    assert {p.name for p in home.iterdir()} >= {"s3", "redshift", "prefect", "reports", "gx"}


def test_nobody_else_may_read_the_state(loaded: tuple[Path, str]) -> None:
    """The run began with the umask of this process, which lets others read."""
    home, _ = loaded
    open_to_others = [
        path
        for path in (home, *home.rglob("*"))
        if not path.is_symlink() and path.exists() and path.stat().st_mode & 0o077
    ]
    assert open_to_others == []


def test_query_prints_csv(loaded: tuple[Path, str], olist: Callable[..., Ended]) -> None:
    home, _ = loaded
    sql = "SELECT COUNT(*) AS orders, SUM(order_value) AS value FROM analytics.fact_order"
    done = olist(home, "query", sql, "--format", "csv")
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert row["orders"] == "200"


def test_trace_names_the_file_and_the_run_behind_a_row(
    loaded: tuple[Path, str], olist: Callable[..., Ended]
) -> None:
    home, _ = loaded
    sql = "SELECT order_id FROM analytics.fact_order LIMIT 1"
    order = olist(home, "query", sql, "--format", "csv").stdout.split()[-1]
    done = in_a_process(home, "trace", "fact_order", order, COLUMNS="400")
    assert "olist_orders_dataset.csv" in done.stdout
    assert "Runs that published it" in done.stdout
    missing = olist(home, "trace", "fact_order", "nobody")
    assert missing.returncode == ExitCode.USAGE
    assert "has no row with order_id = nobody" in missing.stderr


_ASK_THE_SERVER_OF_A_COMMAND = """
import asyncio, httpx
from flows.cli.prefect_server import prefect_server
from infra.settings import Settings
with prefect_server(Settings()) as server:
    server.start()
    server.wait_until_ready()
    from prefect.client.orchestration import get_client

    async def ask():
        async with get_client() as client:
            address = f"{str(client.api_url).rstrip('/')}/flows/filter"
            print(len(await client.read_flows()), httpx.post(address, json={}).status_code)
            asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
            answer = httpx.options(address, headers=asked)
            print(answer.headers.get("access-control-allow-origin"))

    asyncio.run(ask())
"""


@pytest.mark.slow
def test_the_prefect_server_of_a_command_answers_that_command_only(tmp_path: Path) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OLIST_", "PREFECT_"))}
    done = subprocess.run(
        [sys.executable, "-c", _ASK_THE_SERVER_OF_A_COMMAND],
        env={**clean, "OLIST_HOME": str(tmp_path)},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    assert done.stdout.split() == ["0", "401", "None"]


@pytest.mark.slow
@pytest.mark.usefixtures("prefect_api")
def test_extract_and_backfill_load_a_whole_history(tmp_path: Path) -> None:
    server = str(PREFECT_API_URL.value())  # use the running server: starting one takes seconds
    generate(tmp_path / "dump", 20, seed=1)
    weeks = tmp_path / "weeks"
    made = in_a_process(
        tmp_path / "home", "extract", str(tmp_path / "dump"), str(weeks), "--every", "1y"
    )
    assert "Load them: olist backfill" in " ".join(made.stdout.split())
    count = len(list(weeks.iterdir()))
    done = in_a_process(
        tmp_path / "home",
        "backfill",
        "--source",
        str(weeks),
        "--batches-per-publish",
        "9",
        PREFECT_API_URL=server,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert f"{count} published now" in done.stdout
    assert "[1/1] " in done.stdout
    sql = "SELECT COUNT(*) AS orders FROM analytics.fact_order"
    assert in_a_process(tmp_path / "home", "query", sql, "--format", "csv").stdout.split() == [
        "orders",
        "20",
    ]


def test_the_report_command_rewrites_the_page_of_a_batch(
    loaded: tuple[Path, str], olist: Callable[..., Ended]
) -> None:
    home, printed = loaded
    page = home / "reports" / "2018-10-18" / "index.html"
    assert str(page) in printed.replace("\n", "")
    page.unlink()
    done = olist(home, "report", "2018-10-18", "--no-open")
    assert done.returncode == 0, done.stderr
    assert "every gate passed" in page.read_text()
    unknown = olist(home, "report", "1999-01-01", "--no-open")
    assert "No run of 1999-01-01 is known; known batches: 2018-10-18" in unknown.stderr


def test_an_acceptance_needs_a_name_and_a_reason(
    tmp_path: Path, olist: Callable[..., Ended]
) -> None:
    done = olist(
        tmp_path, "run", "--source", str(tmp_path), "--accept", "staging.orders.status_known"
    )
    assert done.returncode == 2
    assert "go together" in done.stderr
    source = ["run", "--source", str(tmp_path), "--accept", "staging.orders.status_known"]
    for by, because in (("YOUR NAME", "a reason that is long enough"), ("Ana", "short")):
        done = olist(tmp_path, *source, "--accepted-by", by, "--because", because)
        assert done.returncode == 2
        assert "takes the name of the person" in done.stderr


def test_an_error_is_text_and_not_a_traceback(tmp_path: Path, olist: Callable[..., Ended]) -> None:
    done = olist(tmp_path, "run", "--source", str(tmp_path / "nowhere"))
    assert done.returncode == ExitCode.SOURCE
    assert "the source folder does not exist" in done.stderr


def test_an_invalid_batch_date_is_refused(tmp_path: Path, olist: Callable[..., Ended]) -> None:
    done = olist(tmp_path, "run", "--source", str(tmp_path), "--batch-date", "yesterday")
    assert done.returncode == 2
    assert "is not a date" in done.stderr


def test_generated_orders_never_take_the_place_of_own_data(
    tmp_path: Path, olist: Callable[..., Ended]
) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "history.json").write_text("[]", encoding="utf-8")
    refused = olist(tmp_path, "run")
    assert refused.returncode == 2
    assert "holds your own data" in " ".join(refused.stderr.replace("│", " ").split())
    assert not (tmp_path / "made-up").exists()


def test_generate_does_not_overwrite(tmp_path: Path, olist: Callable[..., Ended]) -> None:
    first = olist(tmp_path, "generate", str(tmp_path / "data"), "--orders", "5")
    again = olist(tmp_path, "generate", str(tmp_path / "data"), "--orders", "5")
    assert (first.returncode, again.returncode) == (0, ExitCode.USAGE)
    assert "exists" in again.stderr


def test_fetch_without_network_prints_a_remedy(tmp_path: Path, olist: Callable[..., Ended]) -> None:
    # an unreachable proxy simulates a missing network
    done = olist(tmp_path, "fetch", str(tmp_path / "real"), HTTPS_PROXY="http://127.0.0.1:9")
    assert done.returncode == ExitCode.INFRASTRUCTURE
    assert "kaggle.com/datasets/olistbr/brazilian-ecommerce" in done.stderr
