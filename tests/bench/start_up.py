"""Time from the submission of a deployed run to its first task. Needs `make up`.

python -m tests.bench.start_up [--runs 5]
"""

import argparse
import asyncio
import os
import statistics

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.cli.prefect_server import require_known_server
from infra.settings import Settings


async def _seconds() -> float:
    """Seconds from the worker's pick-up of the run to the start of its first task."""
    async with get_client() as client:
        validate = await client.read_deployment_by_name("validate/validate")
        run = await client.create_flow_run_from_deployment(
            validate.id, parameters={"layers": ["reconciliation"]}
        )
        while not (found := await client.read_flow_run(run.id)).state.is_final():
            await asyncio.sleep(0.5)
        states = await client.read_flow_run_states(run.id)
        taken = next(s.timestamp for s in states if s.type == StateType.PENDING)
        only = FlowRunFilter.model_validate({"id": {"any_": [str(found.id)]}})
        tasks = await client.read_task_runs(flow_run_filter=only)
        return (min(t.start_time for t in tasks if t.start_time) - taken).total_seconds()


def main() -> None:
    """Print the median and the maximum."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    require_known_server(Settings())
    with temporary_settings({PREFECT_API_URL: os.environ["PREFECT_API_URL"]}):
        found = [asyncio.run(_seconds()) for _ in range(runs)]
    print(
        f"first task after {statistics.median(found):.1f} s (worst {max(found):.1f} s, {runs} runs)"
    )


if __name__ == "__main__":
    main()
