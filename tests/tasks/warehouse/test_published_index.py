"""The order of publishes, and the index of the lake, do not depend on clocks."""

from collections.abc import Callable
from datetime import date

import pytest

from infra.lake import Lake, LakeError
from infra.warehouse import transaction
from tasks.validation.check import Scope
from tasks.validation.gate import run_gate
from tasks.warehouse.published_index import is_reconciled, last_publish, repair_index
from tasks.warehouse.restore import find_receipts, indexed_days
from tests.load import Loader

ORDERS = {
    "products": [{"product_id": "product"}],
    "sellers": [{"seller_id": "seller"}],
    "customers": [{"customer_id": "c", "customer_unique_id": "p"}],
    "orders": [{"order_id": "o", "customer_id": "c"}],
    "order_items": [{"order_id": "o"}],
}
FIRST, SECOND = date(2018, 10, 1), date(2018, 10, 2)


@pytest.fixture(autouse=True)
def _two_publishes_with_the_clock_back_an_hour(load: Loader) -> None:
    """The second batch is published at an earlier time than the first."""
    load.clear()
    load.rows(FIRST, **ORDERS)
    with transaction(load.settings) as work:
        work.run("UPDATE audit.batches SET published_at = DATEADD(hour, 1, published_at)")
    load.rows(SECOND, orders=ORDERS["orders"], order_items=ORDERS["order_items"])


def test_the_last_publish_is_the_last_one_whatever_its_time(load: Loader) -> None:
    found = last_publish(load.settings)
    assert found is not None
    assert found[1] == SECOND
    assert indexed_days(load.settings) == [FIRST, SECOND]


def test_a_missing_a_wrong_and_a_left_over_entry_are_repaired(
    load: Loader, ask: Callable[[str], list[tuple]]
) -> None:
    assert repair_index(load.settings) == []
    lake = Lake(load.settings)
    entries = {day: lake.get_json(f"published/batch_date={day}.json") for day in (FIRST, SECOND)}
    lake.delete(f"published/batch_date={FIRST}.json")
    lake.put_json(f"published/batch_date={SECOND}.json", entries[FIRST])
    assert repair_index(load.settings) == [FIRST, SECOND]
    for day, entry in entries.items():
        assert lake.get_json(f"published/batch_date={day}.json") == entry

    load.retract(SECOND)
    assert ask("SELECT COUNT(*) AS n FROM audit.loads WHERE batch_date = '2018-10-02'") == [(0,)]
    lake.put_json(f"published/batch_date={SECOND}.json", entries[SECOND])  # as after a kill
    assert repair_index(load.settings) == [SECOND]
    assert indexed_days(load.settings) == [FIRST]


def test_a_batch_that_only_the_lake_knows_stays_in_the_index(load: Loader) -> None:
    with transaction(load.settings) as work:
        work.run("DELETE FROM audit.batches")
        work.run("DELETE FROM audit.loads")
    assert repair_index(load.settings) == []
    assert indexed_days(load.settings) == [FIRST, SECOND]


def test_a_restore_without_the_entry_of_a_batch_is_refused(load: Loader) -> None:
    Lake(load.settings).delete(f"published/batch_date={SECOND}.json")
    with pytest.raises(LakeError, match="no index entry of 2018-10-02, so a rebuild"):
        find_receipts.fn([FIRST, SECOND])


def test_a_publish_is_reconciled_by_gates_that_ran_after_it(load: Loader) -> None:
    assert not is_reconciled(load.settings)
    run_gate(load.settings, "reconciliation", Scope((SECOND,), ()), "validate")
    assert is_reconciled(load.settings)
    with transaction(load.settings) as work:  # the times of results do not matter
        work.run("UPDATE audit.validations SET validated_at = DATEADD(day, -9, validated_at)")
    assert is_reconciled(load.settings)
    load.rows(FIRST, **ORDERS)
    assert not is_reconciled(load.settings)
