"""I10: any published row can be traced to its batches, files, run and validation."""

from datetime import date
from pathlib import Path

import pytest

from infra.settings import Settings
from infra.sql_files import statements
from infra.warehouse import transaction
from tasks.warehouse.data_dictionary import UNDER, VIEW
from tasks.warehouse.lineage import TraceError, _key_columns, trace, traceable_models
from tests.history import READ
from tests.load import Loader, id_of

FIRST, SECOND, THIRD = (date(2018, 10, day) for day in (1, 2, 3))


@pytest.fixture(scope="module", autouse=True)
def loaded(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Loader:
    """An order delivered on two days, and only its review on the third."""
    load = Loader(stack, tmp_path_factory.mktemp("loads"))
    order = {"order_id": "o", "customer_id": "c"}
    load.rows(
        FIRST,
        products=[{"product_id": "product"}],
        sellers=[{"seller_id": "seller"}],
        geolocation=[{"zip_code_prefix": "01001"}],
        customers=[{"customer_id": "c", "customer_unique_id": "p"}],
        orders=[{**order, "order_status": "created"}],
        order_items=[{"order_id": "o"}],
        order_payments=[{"order_id": "o"}],
    )
    load.rows(SECOND, orders=[order], order_items=[{"order_id": "o"}])
    load.rows(THIRD, order_reviews=[{"order_id": "o", "review_id": "r"}])
    return load


def test_a_trace_returns_the_latest_batch_of_each_source_table(stack: Settings) -> None:
    found = trace(stack, "fact_order", (id_of("o"),))
    assert [(day, table) for day, table, *_ in found.files] == [
        (FIRST, "customers"),
        (SECOND, "order_items"),
        (FIRST, "order_payments"),
        (THIRD, "order_reviews"),
        (SECOND, "orders"),
    ]
    (orders,) = (file for file in found.files if file[1] == "orders")
    assert orders[2].endswith("olist_orders_dataset.csv")
    assert len(orders[3]) == 64  # sha256
    assert orders[5].startswith(f"s3://{stack.bucket}/raw/orders/batch_date=2018-10-02/")
    assert {run[1] for run in found.runs} == {FIRST, SECOND, THIRD}


@pytest.mark.parametrize("model", traceable_models())
def test_every_row_of_every_model_can_be_traced(stack: Settings, model: str) -> None:

    columns = list(_key_columns(statements(f"trace/{UNDER if model == VIEW else model}.sql")[0]))
    with transaction(stack, read_only=True) as work:
        shown = ", ".join(f"CAST({column} AS VARCHAR(256)) AS {column}" for column in columns)
        known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        rows = work.query(f"SELECT {shown} FROM analytics.{model} WHERE {known} LIMIT 3")
    for key in rows:
        if key != ("-1",):  # the unknown member has no source file
            assert trace(stack, model, key).files, key


def test_every_readable_model_has_a_trace_query() -> None:
    assert set(traceable_models()) == set(READ)


def test_a_trace_of_an_unknown_table_or_key_raises_an_error(
    stack: Settings, tmp_path: Path
) -> None:
    with pytest.raises(TraceError, match="there are customer_totals, dim_customer"):
        trace(stack, "orders", ("x",))
    with pytest.raises(TraceError, match="the key of fact_review is review_id, order_id"):
        trace(stack, "fact_review", ("x",))
    with pytest.raises(TraceError, match=r"analytics\.fact_order has no row with order_id = x"):
        trace(stack, "fact_order", ("x",))
