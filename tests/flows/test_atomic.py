"""I3: a reader that polls during publishes sees only complete states."""

import threading
import time
from datetime import date
from pathlib import Path

import pytest

from infra.local.extract import extract
from infra.local.generate import generate
from infra.settings import Settings
from infra.warehouse import transaction
from tests.history import play, published_state, slices
from tests.load import Loader


# one statement over all layers: its result is one state of the warehouse
@pytest.mark.full
def test_readers_see_only_complete_states_during_publishes(stack: Settings, tmp_path: Path) -> None:
    load = Loader(stack, tmp_path)
    generate(tmp_path / "dump", 60, seed=3)
    extract(tmp_path / "dump", tmp_path / "out", every="8mo")
    seen: list[tuple] = []
    problems: list[BaseException] = []
    done = threading.Event()

    def poll() -> None:
        try:
            while not done.is_set():
                seen.append(published_state(stack))
        except BaseException as error:  # noqa: BLE001 (asserted below)
            problems.append(error)

    readers = [threading.Thread(target=poll) for _ in range(3)]
    for reader in readers:
        reader.start()
    whole = {published_state(stack)}
    try:
        for batch in [*slices(tmp_path / "out"), (date(2017, 1, 1), tmp_path / "dump")]:
            play(load, [[batch]])
            whole.add(published_state(stack))
    finally:
        time.sleep(0.2)
        done.set()
        for reader in readers:
            reader.join()
    assert problems == []
    assert set(seen) <= whole
    assert len(set(seen)) > 3, "the readers were too slow to see anything change"


def test_all_statements_of_a_transaction_read_the_same_snapshot(
    stack: Settings, tmp_path: Path
) -> None:
    load = Loader(stack, tmp_path)
    load.clear()
    with transaction(stack, read_only=True) as work:
        before = work.value("SELECT COUNT(*) AS n FROM analytics.fact_order")
        load.rows(
            date(2018, 1, 1),
            customers=[{"customer_id": "c", "customer_unique_id": "p"}],
            orders=[{"order_id": "o", "customer_id": "c"}],
        )
        assert work.value("SELECT COUNT(*) AS n FROM analytics.fact_order") == before
        assert work.value("SELECT COUNT(*) AS n FROM analytics.single_customer_view") == 0
    with transaction(stack, read_only=True) as work:
        assert work.value("SELECT COUNT(*) AS n FROM analytics.single_customer_view") == 1
