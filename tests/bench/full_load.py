"""Full-size load, every step and gate, against one DuckDB script over the same files.

Run with `make bench`: uses the real data if it exists (`OLIST_REAL_DATA`), else 100,000 generated
orders. The Prefect API starts before the timing; the flow runs in a separate process, as a worker
would run it, so the import time is included.
"""

import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from infra.contracts import contracts
from infra.local.generate import generate
from infra.local.services import running
from infra.settings import PROJECT, Settings

_LIMIT = PROJECT / "tests" / "bench" / "limit.sql"
_FLOW = """
import json, sys, time
begun = float(sys.argv[2])
from datetime import date
from flows.daily_elt import daily_elt_flow
ready = time.time() - begun
receipt = daily_elt_flow(date(2018, 10, 18), sys.argv[1])
print(json.dumps({"import": ready, **receipt.seconds}), file=sys.stderr)
"""


def main() -> None:
    """Run the DuckDB script, then the flow; print both times and their ratio."""
    with tempfile.TemporaryDirectory(prefix="olist-bench-") as scratch:
        source = _source(Path(scratch))
        limit = min(_limit(source) for _ in range(3))
        print(f"limit: one DuckDB script, best of three  {limit:6.2f} s")
        steps, wall = _flow(source, Path(scratch) / "home")
    for step, seconds in steps.items():
        print(f"  {step:<38} {seconds:6.2f} s  {seconds / limit:5.1f} x")
    work = sum(steps[s] for s in ("upload", "copy", "transform"))
    gates = sum(seconds for step, seconds in steps.items() if step.startswith("gate"))
    flow = sum(seconds for step, seconds in steps.items() if step != "import")
    print(f"upload + copy + transform                {work:6.2f} s  {work / limit:5.1f} x")
    print(
        f"gates                                    {gates:6.2f} s  {gates / flow:5.0%} of the flow"
    )
    print(f"flow, from its first to its last step    {flow:6.2f} s  {flow / limit:5.1f} x")
    print(f"process of the flow, start to end        {wall:6.2f} s  {wall / limit:5.1f} x")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"largest process                          {peak:6.0f} MB")


def _source(scratch: Path) -> Path:
    """Uncompressed full-size CSV files."""
    real = (
        Path(os.environ.get("OLIST_REAL_DATA", PROJECT.parent / "shared" / "data")) / "olist_full"
    )
    source = scratch / "source"
    if not real.is_dir():
        print("no real data here: 100,000 generated orders")
        generate(source, 100_000, seed=1)
        return source
    source.mkdir()
    for contract in contracts().values():
        with (
            gzip.open(real / f"{contract.source_file}.gz") as packed,
            (source / contract.source_file).open("wb") as plain,
        ):
            shutil.copyfileobj(packed, plain)
    return source


def _limit(source: Path) -> float:
    begun = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute(_LIMIT.read_text().replace("$source", str(source)))
    return time.perf_counter() - begun


def _flow(source: Path, home: Path) -> tuple[dict[str, float], float]:
    from prefect.testing.utilities import prefect_test_harness

    os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["PREFECT_HOME"] = str(home / "prefect")
    home.mkdir()
    with prefect_test_harness(server_startup_timeout=120), running(Settings(home=home)):
        from prefect.settings import PREFECT_API_URL

        begun = time.time()
        done = subprocess.run(
            [sys.executable, "-c", _FLOW, str(source), str(begun)],
            env={**os.environ, "PREFECT_API_URL": PREFECT_API_URL.value()},
            cwd=PROJECT,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        wall = time.time() - begun
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stderr.strip().splitlines()[-1]), wall


if __name__ == "__main__":
    main()
