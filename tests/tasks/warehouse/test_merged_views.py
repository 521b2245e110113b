"""`candidate.merged_<model>` is what `analytics.<model>` will be after the publish."""

from collections.abc import Callable
from datetime import date

import pytest

from tasks.warehouse.models import published_models
from tests.load import Loader


@pytest.mark.slow
def test_a_merged_model_equals_the_published_model_after_the_publish(
    load: Loader, ask: Callable[[str], list[tuple]]
) -> None:
    """The second batch changes an order, a product and a place, and leaves others as they are."""
    product = {"product_id": "product", "product_category_name": "telefonia"}
    load.rows(
        date(2018, 1, 1),
        customers=[
            {"customer_id": "c", "unique_id": "u"},
            {"customer_id": "d", "unique_id": "v", "zip_code_prefix": "20000"},
        ],
        orders=[{"order_id": "o", "customer_id": "c"}, {"order_id": "q", "customer_id": "d"}],
        order_items=[{"order_id": "o"}, {"order_id": "q", "price": "7.77"}],
        products=[product],
        sellers=[{"seller_id": "seller"}],
    )
    load.open_rows(
        date(2018, 1, 2),
        orders=[{"order_id": "o", "customer_id": "c", "order_status": "canceled"}],
        order_items=[{"order_id": "o", "price": "3.33"}],
        products=[product | {"product_category_name": "pet_shop"}],
    )
    merged = {
        model.name: sorted(map(repr, ask(_all(model, f"candidate.merged_{model.name}"))))
        for model in published_models()
    }
    before = {m.name: sorted(map(repr, ask(_all(m, f"analytics.{m.name}")))) for m in _MODELS}
    load.publish()
    after = {m.name: sorted(map(repr, ask(_all(m, f"analytics.{m.name}")))) for m in _MODELS}
    assert merged == after
    assert before != after


_MODELS = published_models()


def _all(model, relation: str) -> str:
    return f"SELECT {model.table.column_list} FROM {relation}"
