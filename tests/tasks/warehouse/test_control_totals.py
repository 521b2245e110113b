"""Running totals of the staging rows in force: recorded by each publish, proven once a week."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from infra.warehouse import transaction
from tasks.validation.check import Scope
from tasks.validation.gate import run_gate
from tasks.warehouse.control_totals import PROOF, open_control_totals, proof_is_due
from tests.history import rebuild, require_invariants
from tests.load import Loader
from tests.tasks.warehouse.test_altered_keys import REFERENCE, _order, day

Ask = Callable[[str], list[tuple]]
RUNNING = (
    "SELECT table_name || '.' || measure AS name, SUM(change) AS total FROM audit.control_totals "
    "GROUP BY table_name, measure"
)
PROVEN = "SELECT table_name, measure FROM audit.proven_totals WHERE proven_total <> running_total"


@pytest.fixture
def empty(load: Loader) -> Loader:
    load.clear()
    return load


def test_each_publish_records_by_how_much_it_changes_the_rows_in_force(
    empty: Loader, ask: Ask
) -> None:
    empty.rows(day(1), **REFERENCE, **_order("one"))
    empty.rows(day(2), **_order("two"))
    changes = ask(
        "SELECT publish_number, change FROM audit.control_totals "
        "WHERE table_name = 'order_items' AND measure = 'price' ORDER BY publish_number"
    )
    assert changes == [(1, Decimal("10.00")), (2, Decimal("10.00"))]
    # the first order is delivered again, dearer, and its customer turns out to be another person
    later = _order("one")
    later["order_items"][0]["price"] = "12.50"
    later["customers"][0]["customer_unique_id"] = "ptwo"
    empty.rows(day(3), **later)
    assert dict(ask(RUNNING)) == {
        "customers.rows": 2,
        "customers.persons": 1,
        "orders.rows": 2,
        "order_items.rows": 2,
        "order_items.price": Decimal("22.50"),
        "order_items.freight_value": Decimal("2.00"),
    }
    require_invariants(empty.settings)
    empty.retract(day(3))
    running = dict(ask(RUNNING))
    assert (running["order_items.price"], running["customers.persons"]) == (20, 2)
    require_invariants(empty.settings)


@pytest.mark.slow
def test_staging_that_was_changed_by_hand_is_found_and_a_rebuild_renews_the_totals(
    empty: Loader, ask: Ask
) -> None:
    empty.rows(day(1), **REFERENCE, **_order("one"))
    with transaction(empty.settings) as work:
        work.run("UPDATE staging.order_items SET freight_value = freight_value + 0.01")
    assert ask(PROVEN) == [("order_items", "freight_value")]
    rebuild(empty, from_lake=False)
    assert ask(PROVEN) == []
    with transaction(empty.settings) as work:  # as in a warehouse of an earlier version
        work.run("DELETE FROM audit.control_totals")
        open_control_totals(work)
        open_control_totals(work)
    assert ask("SELECT DISTINCT publish_number FROM audit.control_totals") == [(0,)]
    assert ask(PROVEN) == []


def test_the_gate_reads_all_of_staging_once_a_week(empty: Loader) -> None:
    empty.rows(day(1), **REFERENCE, **_order("one"))
    settings = empty.settings
    assert proof_is_due(settings)
    without = run_gate(settings, "reconciliation", Scope((day(1),), proves_history=False), "r0")
    assert PROOF not in {result.id for result in without.results}
    assert proof_is_due(settings)
    proven = run_gate(settings, "reconciliation", Scope((day(1),)), "r1")
    assert PROOF in {result.id for result in proven.results if result.passed}
    assert not proof_is_due(settings)
    for changed in ("passed = FALSE", f"validated_at = GETDATE() - {_days(8)}"):
        with transaction(settings) as work:
            work.run(f"UPDATE audit.validations SET {changed} WHERE expectation_id = '{PROOF}'")
        assert proof_is_due(settings)
        with transaction(settings) as work:
            work.run("UPDATE audit.validations SET passed = TRUE")


def _days(count: int) -> str:
    return f"INTERVAL '{timedelta(days=count).days} days'"
