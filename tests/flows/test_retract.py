"""Retracting batches: those that others depend on, and a retraction that was interrupted."""

from datetime import date

import pytest

from flows.corrections import CorrectionError, retract_flow
from infra.lake import Lake
from infra.local.generate import generate
from infra.settings import Settings
from tasks.reporting.run_history import last_run_of
from tasks.validation.gate import GateError
from tests.history import checksums, published_state
from tests.load import Loader

pytestmark = [pytest.mark.usefixtures("prefect_api"), pytest.mark.slow]
BASE, FIRST, SECOND = date(2018, 9, 1), date(2018, 10, 1), date(2018, 10, 2)
ORDER = {"orders": [{"order_id": "o", "customer_id": "c"}], "order_items": [{"order_id": "o"}]}


@pytest.fixture(scope="module")
def before(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Checksums before two batches: the first has the customer of the order in the second."""
    folder = tmp_path_factory.mktemp("source")
    generate(folder / "base", 30, seed=3)
    load = Loader(stack, folder)
    load.stage(BASE, folder / "base")
    load.compute()
    load.publish()
    found = checksums(stack)
    shop = {"products": [{"product_id": "product"}], "sellers": [{"seller_id": "seller"}]}
    customer = {"customers": [{"customer_id": "c", "customer_unique_id": "p"}]}
    load.rows(FIRST, **shop, **customer, **ORDER)
    load.rows(SECOND, **ORDER)
    load.release()
    return found


@pytest.fixture(autouse=True)
def _published(before: dict[str, str]) -> None:
    """The three batches, as far as earlier tests have not retracted them."""


def test_a_batch_that_later_ones_depend_on_is_refused_with_their_names(stack: Settings) -> None:
    seen = published_state(stack)
    with pytest.raises(GateError) as refused:
        retract_flow(FIRST)
    told = str(refused.value)
    assert "staging.orders.customer_id_stays_in_customers" in told
    assert "rows by batch: 2018-10-02 (1)" in told
    assert "customer_id=" in told
    again = "olist retract 2018-10-01 2018-10-02"
    assert f"refer to the removed rows as well: {again}" in told
    assert "deliver the rows that they refer to in another batch" in told
    report = last_run_of(Lake(stack), FIRST)
    assert report is not None
    assert again in report.advice
    assert published_state(stack) == seen


def test_batches_are_retracted_together(stack: Settings, before: dict[str, str]) -> None:
    receipt = retract_flow(FIRST, [SECOND])
    assert receipt.published.batch_dates == [FIRST, SECOND]
    assert checksums(stack) == before


def test_a_retraction_that_was_interrupted_goes_on_when_it_is_repeated(
    stack: Settings, before: dict[str, str]
) -> None:
    """The publish has committed; the run ended before the gate of the totals and the pages."""
    receipt = retract_flow(FIRST)
    assert [gate.gate for gate in receipt.gates][-1] == "reconciliation"
    assert not any(gate.blocking for gate in receipt.gates)
    assert checksums(stack) == before


def test_a_batch_that_was_never_published_is_refused() -> None:
    with pytest.raises(CorrectionError, match="Batch 1999-01-01 is not published; there are 1,"):
        retract_flow(date(1999, 1, 1))
