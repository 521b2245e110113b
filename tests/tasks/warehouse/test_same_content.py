"""A file that repeats the one before is not stored again, and every batch keeps its content."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.lake import Lake
from infra.warehouse import transaction
from tasks.warehouse.same_content import (
    Delivery,
    Expansion,
    Plan,
    plan_arrivals,
    plan_retraction,
)
from tests.history import checksums, rebuild, require_invariants
from tests.load import Loader
from tests.tasks.warehouse.test_altered_keys import REFERENCE, _order, day

Ask = Callable[[str], list[tuple]]


class Table:
    """A staging table as the plans leave it, beside what was delivered."""

    def __init__(self) -> None:
        self.delivered: dict[date, str] = {}
        self.staging: dict[date, str] = {}
        self.known: dict[date, Delivery] = {}

    def load(self, arrivals: dict[date, str]) -> None:
        plan: Plan = plan_arrivals(self.known, arrivals.items())
        self._expand(plan.expansions)
        for batch, content in arrivals.items():
            self.delivered[batch] = content
            self.known[batch] = Delivery(content, plan.stands.get(batch))
            self.staging.pop(batch, None)
            if batch not in plan.stands:
                self.staging[batch] = content

    def retract(self, days: set[date]) -> None:
        self._expand(plan_retraction(self.known, days))
        for batch in days:
            for held in (self.delivered, self.staging, self.known):
                held.pop(batch, None)

    def _expand(self, expansions: list[Expansion]) -> None:
        for expansion in expansions:
            self.staging[expansion.day] = self.staging[expansion.stood]
            for batch, delivery in self.known.items():
                if batch == expansion.day:
                    self.known[batch] = Delivery(delivery.content_hash, None)
                elif delivery.same_as == expansion.stood and batch > expansion.day:
                    self.known[batch] = Delivery(delivery.content_hash, expansion.day)

    def require_whole(self) -> None:
        assert self.known.keys() == self.delivered.keys()
        own = {batch for batch, delivery in self.known.items() if delivery.same_as is None}
        assert self.staging.keys() == own
        for batch, content in self.delivered.items():
            stands = self.known[batch].same_as or batch
            assert self.staging[stands] == content
            # otherwise a batch between the two would be taken for the later one
            between = [d for d in self.known if stands < d < batch]
            assert all(self.delivered[d] == content for d in between)


days = st.integers(1, 8).map(day)
loads = st.dictionaries(days, st.sampled_from("AB"), min_size=1, max_size=4)


@given(st.lists(st.one_of(loads, st.sets(days, min_size=1, max_size=2)), max_size=14))
def test_each_batch_has_its_content_whatever_arrives_or_is_retracted(
    steps: list[dict[date, str] | set[date]],
) -> None:
    table = Table()
    for step in steps:
        if isinstance(step, dict):
            table.load(step)
        else:
            table.retract(step)
        table.require_whole()


# ------------------------------------------------------------------------------- the warehouse


@pytest.fixture
def empty(load: Loader) -> Loader:
    load.clear()
    return load


def _stored(ask: Ask, table: str = "geolocation") -> dict[date, int]:
    return dict(ask(f"SELECT batch_date, COUNT(*) AS n FROM staging.{table} GROUP BY batch_date"))


def _same_as(ask: Ask) -> dict[date, date | None]:
    return dict(ask("SELECT batch_date, same_as FROM audit.loads WHERE table_name = 'geolocation'"))


def test_a_repeated_reference_table_is_stored_once(empty: Loader, ask: Ask) -> None:
    for number in (1, 2, 3):
        empty.rows(day(number), **REFERENCE, **_order(f"o{number}"))
    assert _stored(ask) == {day(1): 4}
    assert _same_as(ask) == {day(1): None, day(2): day(1), day(3): day(1)}
    parquet = [k for k in Lake(empty.settings).keys("raw/geolocation/") if k.endswith(".parquet")]
    assert len(parquet) == 1, "the lake stores nothing again, either"
    assert ask("SELECT COUNT(*) AS n FROM analytics.fact_order") == [(3,)]
    require_invariants(empty.settings)


@pytest.mark.slow
def test_a_batch_between_and_a_retraction_leave_each_batch_its_rows(
    empty: Loader, ask: Ask
) -> None:
    for number in (1, 3, 5):
        empty.rows(day(number), **REFERENCE, **_order(f"o{number}"))
    late = {**REFERENCE, "geolocation": REFERENCE["geolocation"][:1]}
    empty.rows(day(2), **late, **_order("o2"))
    assert _stored(ask) == {day(1): 4, day(2): 1, day(3): 4}
    assert _same_as(ask) == {day(1): None, day(2): None, day(3): None, day(5): day(3)}
    require_invariants(empty.settings)
    empty.retract(day(3))
    assert _stored(ask) == {day(1): 4, day(2): 1, day(5): 4}
    require_invariants(empty.settings)
    before = checksums(empty.settings)
    for from_lake in (False, True):
        rebuild(empty, from_lake=from_lake)
        assert checksums(empty.settings) == before
        assert _stored(ask) == {day(1): 4, day(2): 1, day(5): 4}


@pytest.mark.slow
def test_an_older_content_that_comes_again_is_copied_with_its_own_date(
    empty: Loader, ask: Ask
) -> None:
    other = {**REFERENCE, "geolocation": REFERENCE["geolocation"][:1]}
    for number, tables in enumerate((REFERENCE, other, REFERENCE), 1):
        empty.rows(day(number), **tables, **_order(f"o{number}"))
    assert _stored(ask) == {day(1): 4, day(2): 1, day(3): 4}
    with transaction(empty.settings, read_only=True) as work:
        manifests = work.query(
            "SELECT COUNT(DISTINCT manifest) AS n FROM audit.loads WHERE table_name = 'geolocation'"
        )
    assert manifests == [(3,)]
    require_invariants(empty.settings)
