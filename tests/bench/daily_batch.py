"""Time a daily batch on a history and on one ten times as long, and a weekly backfill.

Run with `make bench`. The histories are generated (`--orders` sets the shorter one). Each batch
has orders of its day and delivers the reference tables whole again; products and sellers gain
those of its orders. The
backfill loads the real sample if it exists, else 3,000 generated orders. The Prefect API is up
before any timing starts, and the first batch of each history, which includes the imports, is not
counted.
"""

import argparse
import statistics
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from prefect.testing.utilities import prefect_test_harness

from infra.contracts import contracts
from infra.local.extract import extract
from infra.local.generate import generate
from infra.local.services import running
from infra.settings import Settings
from tests.conftest import REAL_DATA
from tests.history import play
from tests.load import Loader

_BATCH_ORDERS = 200
_WHOLE = ("products", "sellers", "geolocation", "category_translation")  # delivered every day
_GROWING = _WHOLE[:2]
_FIRST = date(2018, 10, 19)


def main() -> None:
    """Print both daily times with their ratio, and seconds per batch of the backfill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=30_000)
    orders = parser.parse_args().orders
    with (
        tempfile.TemporaryDirectory(prefix="olist-bench-") as scratch,
        prefect_test_harness(server_startup_timeout=120),
    ):
        folder = Path(scratch)
        once, tenfold = (_daily(folder / str(n), n) for n in (orders, 10 * orders))
        print(f"daily batch of {_BATCH_ORDERS} orders on {orders:>9,} orders  {once:6.2f} s")
        print(
            f"daily batch of {_BATCH_ORDERS} orders on {10 * orders:>9,} orders  {tenfold:6.2f} s"
        )
        print(f"ratio (target 1.3)                              {tenfold / once:6.2f} x")
        for together, weeks in ((1, 10), (13, 1000)):
            count, seconds = _backfill(folder / f"backfill-{together}", together, weeks)
            print(
                f"backfill of {count} weekly batches, {together:>2} a publish      "
                f"{seconds / count:6.2f} s a batch (target 1)"
            )


def _daily(folder: Path, orders: int) -> float:
    """Median seconds of daily runs after a history of `orders` orders."""
    generate(folder / "history", orders, seed=1)
    batches = [_batch(folder, number) for number in range(4)]
    with running(Settings(home=folder / "home")) as settings:
        from flows.daily_elt import daily_elt_flow

        load = Loader(settings, folder)
        play(load, [[(date(2018, 10, 18), folder / "history")]])
        load.release()
        seconds = []
        for number, batch in enumerate(batches):
            begun = time.perf_counter()
            daily_elt_flow(_FIRST + timedelta(days=number), str(batch))
            seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds[1:])


def _batch(folder: Path, number: int) -> Path:
    """Generate a batch that delivers the reference tables of the history again."""
    batch = folder / f"batch-{number}"
    # the generator delivers all orders of a period: those of a day are known 51 days later
    day = _FIRST + timedelta(days=number - 51)
    generate(batch, _BATCH_ORDERS, seed=1000 + number, first=day, last=day)
    for table in _WHOLE:
        file = contracts()[table].source_file
        gained = (batch / file).read_bytes().partition(b"\n")[2] if table in _GROWING else b""
        (batch / file).write_bytes((folder / "history" / file).read_bytes() + gained)
    return batch


def _backfill(folder: Path, together: int, weeks: int) -> tuple[int, float]:
    """Number of batches (at most `weeks`) and total seconds of the backfill."""
    dump = REAL_DATA / "olist_sample"
    if not dump.is_dir():
        dump = folder / "dump"
        generate(dump, 3_000, seed=1)
    days = extract(dump, folder / "weeks", every="7d")
    with running(Settings(home=folder / "home")):
        from flows.backfill import backfill_flow

        done = backfill_flow(
            str(folder / "weeks"), last=days[:weeks][-1], batches_per_publish=together
        )
    return len(done.published), done.seconds


if __name__ == "__main__":
    main()
