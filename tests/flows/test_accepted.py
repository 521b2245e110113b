"""What a person accepts is published: no later gate stops it, and none blames the pipeline."""

from datetime import date
from pathlib import Path

import pytest

from flows.daily_elt import daily_elt_flow
from infra.settings import Settings
from tasks.receipts import Acceptance
from tasks.validation.gate import GateError
from tests.conftest import DAY
from tests.load import write_source

pytestmark = [pytest.mark.usefixtures("prefect_api"), pytest.mark.slow]

_ORDERS = "abcdefghijk"
# one fault a row, and one row for each critical expectation about values that may be accepted
ROWS = {
    "customers": [{"customer_id": o, "customer_unique_id": f"p{o}"} for o in _ORDERS],
    "products": [{"product_id": "product"}],
    "sellers": [
        {"seller_id": "seller"},
        {"seller_id": "no state", "state": "XX"},
        {"seller_id": "no zip", "zip_code_prefix": "1001"},
    ],
    "orders": [
        {"order_id": "a", "customer_id": "a", "order_status": "lost"},
        {"order_id": "b", "customer_id": "b", "order_purchase_timestamp": "1899-12-30 00:00:00", "order_estimated_delivery_date": "1899-12-31 00:00:00"},
        {"order_id": "c", "customer_id": "c", "order_estimated_delivery_date": "9999-12-31 00:00:00"},
        {"order_id": "d", "customer_id": "d", "order_delivered_customer_date": "2017-01-01 00:00:00"},
        {"order_id": "e", "customer_id": "e", "order_delivered_carrier_date": "1970-01-01 00:00:00"},
        {"order_id": "f", "customer_id": "f", "order_estimated_delivery_date": "2018-01-20 03:00:00"},
        {"order_id": "g", "customer_id": "g", "order_status": "canceled"},
        {"order_id": "h", "customer_id": "h"},
        {"order_id": "i", "customer_id": "i"},
        {"order_id": "j", "customer_id": "j", "order_delivered_customer_date": "2018-12-24 00:00:00"},
        {"order_id": "k", "customer_id": "k"},  # delivered, and without an item
    ],
    "order_items": [
        *({"order_id": o} for o in "abcdef"),
        {"order_id": "g", "price": "-50.00"},
        {"order_id": "h", "price": "9999999999.99"},
        {"order_id": "h", "order_item_id": 2, "price": "9999999999.99"},
        {"order_id": "i", "shipping_limit_date": "9999-12-31 00:00:00"},
        {"order_id": "j", "shipping_limit_date": "1970-01-01 00:00:00"},
    ],
    "order_payments": [
        {"order_id": "a", "payment_type": "pix"},
        {"order_id": "b", "payment_value": "-11.00"},
        {"order_id": "h", "payment_value": "9999999999.99"},
        *({"order_id": o} for o in "cdefgijk"),
    ],
    "order_reviews": [
        {"review_id": "1", "order_id": "a", "review_score": 8},
        {"review_id": "2", "order_id": "b", "review_score": 0},
        {"review_id": "3", "order_id": "c", "review_creation_date": "1970-01-01 00:00:00"},
        {"review_id": "4", "order_id": "d", "review_answer_timestamp": "2017-06-01 00:00:00"},
        {"review_id": "5", "order_id": "e", "review_answer_timestamp": "2099-01-01 00:00:00"},
    ],
    "geolocation": [{"zip_code_prefix": "01001"}],
}  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "source", ROWS)


@pytest.mark.full
def test_every_fault_of_the_source_that_may_be_accepted_is_published_when_accepted(
    stack: Settings, source: Path, monkeypatch: pytest.MonkeyPatch, ask
) -> None:
    monkeypatch.setenv("OLIST_DASHBOARDS", "true")
    with pytest.raises(GateError) as stopped:
        daily_elt_flow(DAY, str(source))
    blocking = stopped.value.receipt.blocking
    assert {result.owner for result in blocking} == {"source"}
    assert all(result.acceptable for result in blocking)
    # order k has no item, order d is delivered before it was placed, and so on: one of each kind
    assert len(blocking) >= 18, sorted(result.id for result in blocking)

    accept = Acceptance(
        expectations=[result.id for result in blocking],
        by="Ana Souza",
        because="a test of everything that may be accepted",
    )
    receipt = daily_elt_flow(DAY, str(source), accept)
    assert [gate.verdict for gate in receipt.gates if gate.blocking] == []
    assert ask("SELECT COUNT(*) AS orders FROM analytics.fact_order") == [(len(_ORDERS),)]
    days = ask(
        "SELECT calendar_year FROM analytics.dim_date WHERE date_key <> -1 "
        "GROUP BY calendar_year ORDER BY calendar_year"
    )
    assert [year for (year,) in days] == [1899, 1970, 2017, 2018, 2099, 9999]
    assert date(2018, 1, 1).year in {year for (year,) in days}
