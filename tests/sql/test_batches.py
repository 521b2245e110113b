"""Several batches: late, corrected and retracted ones; orders that change across days."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pytest

from infra.lake import Lake
from tests.history import checksums, require_invariants
from tests.load import Loader, id_of

Ask = Callable[[str], list[tuple]]
SHOP = {
    "products": [{"product_id": "product", "product_category_name": "livros"}],
    "sellers": [{"seller_id": "seller"}],
}
PERSON = {"customers": [{"customer_id": "c", "customer_unique_id": "p"}]}
ORDER = {"order_id": "o", "customer_id": "c"}


def day(number: int) -> date:
    return date(2018, 10, number)


@pytest.fixture(autouse=True)
def _empty(load: Loader) -> None:
    load.clear()


@pytest.mark.full
def test_an_order_that_changes_five_times_is_one_row_with_its_last_state(
    load: Loader, ask: Ask
) -> None:
    load.rows(day(1), **SHOP, **PERSON, orders=[{**ORDER, "order_status": "created"}])
    for number in range(2, 7):
        load.rows(
            day(number),
            orders=[{**ORDER, "order_status": "delivered" if number == 6 else "shipped"}],
            order_items=[{"order_id": "o", "price": f"{number}.00"}],
        )
    assert ask("SELECT order_status, order_value FROM analytics.fact_order") == [
        ("delivered", Decimal("7.00"))
    ]
    assert ask("SELECT COUNT(*) AS n FROM staging.orders") == [(6,)]
    require_invariants(load.settings)


def test_a_late_batch_does_not_undo_a_later_one(load: Loader, ask: Ask) -> None:
    load.rows(day(3), **SHOP, **PERSON, orders=[ORDER], order_items=[{"order_id": "o"}])
    load.rows(
        day(2),
        orders=[{**ORDER, "order_status": "created"}],
        order_items=[{"order_id": "o", "price": "99.00"}],
        order_payments=[{"order_id": "o"}],
    )
    assert ask("SELECT order_status, order_value, payment_value FROM analytics.fact_order") == [
        ("delivered", Decimal("11.00"), Decimal("11.00"))  # the late batch still adds the payment
    ]
    require_invariants(load.settings)


@pytest.mark.full
def test_a_batch_with_reviews_only_changes_only_review_scores(load: Loader, ask: Ask) -> None:
    load.rows(day(1), **SHOP, **PERSON, orders=[ORDER], order_items=[{"order_id": "o"}])
    load.rows(day(2), order_reviews=[{"order_id": "o", "review_id": "r", "review_score": 4}])
    assert ask("SELECT review_score, order_value FROM analytics.fact_order") == [
        (4, Decimal("11.00"))
    ]
    assert ask("SELECT average_review_score FROM analytics.single_customer_view") == [(4.0,)]
    require_invariants(load.settings)


@pytest.mark.full
def test_an_address_change_in_a_later_batch_leaves_old_orders_at_the_old_address(
    load: Loader, ask: Ask
) -> None:
    load.rows(day(1), **SHOP, **PERSON, orders=[ORDER], order_items=[{"order_id": "o"}])
    load.rows(
        day(2),
        customers=[
            {"customer_id": "c2", "customer_unique_id": "p", "zip_code_prefix": "20010",
             "city": "rio de janeiro", "state": "RJ"}
        ],
        orders=[{"order_id": "o2", "customer_id": "c2",
                 "order_purchase_timestamp": "2018-03-01 08:00:00"}],
        order_items=[{"order_id": "o2"}],
    )  # fmt: skip
    assert ask(
        "SELECT d.city FROM analytics.fact_order AS o INNER JOIN analytics.dim_customer AS d "
        "ON o.customer_key = d.customer_key ORDER BY o.purchased_at"
    ) == [("sao paulo",), ("rio de janeiro",)]
    assert ask("SELECT city, total_value FROM analytics.single_customer_view") == [
        ("rio de janeiro", Decimal("22.00"))
    ]
    require_invariants(load.settings)


@pytest.mark.full
def test_a_product_category_change_leaves_old_sales_in_the_old_category(
    load: Loader, ask: Ask
) -> None:
    """SCD2 by batch: sales on or after the day of the change have the new category."""
    load.rows(day(1), **SHOP, **PERSON, orders=[ORDER], order_items=[{"order_id": "o"}])
    load.rows(
        day(5),
        products=[{"product_id": "product", "product_category_name": "jogos"}],
        customers=[{"customer_id": "c2", "customer_unique_id": "p"}],
        orders=[{"order_id": "o2", "customer_id": "c2",
                 "order_purchase_timestamp": "2018-10-05 08:00:00"}],
        order_items=[{"order_id": "o2"}],
    )  # fmt: skip
    assert ask(
        "SELECT d.category, d.valid_from FROM analytics.fact_order_item AS i "
        "INNER JOIN analytics.dim_product AS d ON i.product_key = d.product_key "
        "INNER JOIN analytics.fact_order AS o ON i.order_id = o.order_id ORDER BY o.purchased_at"
    ) == [("livros", datetime(1900, 1, 1)), ("jogos", datetime(2018, 10, 5))]
    require_invariants(load.settings)


@pytest.mark.full
def test_a_late_version_is_inserted_between_the_existing_versions(load: Loader, ask: Ask) -> None:
    for number, category in ((1, "a"), (9, "c"), (5, "b")):
        load.rows(day(number), products=[{"product_id": "x", "product_category_name": category}])
    assert ask(
        "SELECT category, valid_to FROM analytics.dim_product WHERE product_key <> -1 "
        "ORDER BY valid_from"
    ) == [
        ("a", datetime(2018, 10, 5)),
        ("b", datetime(2018, 10, 9)),
        ("c", datetime(9999, 12, 31)),
    ]


@pytest.mark.slow
def test_recency_of_all_persons_changes_with_the_last_purchase(load: Loader, ask: Ask) -> None:
    """Recency also changes for persons that the batch does not affect."""
    load.rows(day(1), **SHOP, **PERSON, orders=[ORDER], order_items=[{"order_id": "o"}])
    load.rows(
        day(2),
        customers=[{"customer_id": "c2", "customer_unique_id": "p2"}],
        orders=[{"order_id": "o2", "customer_id": "c2",
                 "order_purchase_timestamp": "2018-04-11 10:00:00"}],
    )  # fmt: skip
    assert ask(
        "SELECT recency_days, recency_score FROM analytics.single_customer_view "
        f"WHERE customer_unique_id = '{id_of('p')}'"
    ) == [(100, 3)]


# ------------------------------------------------------------------------------- corrections


def _three_days(load: Loader, second: dict) -> dict[str, str]:
    load.clear()
    load.rows(day(1), **SHOP, **PERSON, orders=[ORDER], order_items=[{"order_id": "o"}])
    if second:
        load.rows(day(2), **second)
    load.rows(day(3), order_reviews=[{"order_id": "o", "review_id": "r"}])
    return checksums(load.settings)


WRONG = {
    "customers": [{"customer_id": "c9", "customer_unique_id": "p9", "zip_code_prefix": "88000"}],
    "products": [{"product_id": "product", "product_category_name": "errado"}],
    "orders": [{**ORDER, "order_status": "canceled"}, {"order_id": "o9", "customer_id": "c9"}],
    "order_items": [{"order_id": "o", "price": "1000.00"}, {"order_id": "o9"}],
}
RIGHT = {"orders": [{**ORDER, "order_status": "shipped"}], "order_items": [{"order_id": "o"}]}


@pytest.mark.slow
def test_a_retract_restores_the_state_without_the_batch(load: Loader, ask: Ask) -> None:
    expected = _three_days(load, {})
    assert _three_days(load, WRONG) != expected
    load.retract(day(2))
    assert checksums(load.settings) == expected
    assert ask("SELECT COUNT(*) AS n FROM audit.loads WHERE batch_date = '2018-10-02'") == [(0,)]
    assert ask("SELECT action FROM audit.batches ORDER BY publish_number DESC LIMIT 1") == [
        ("retract",)
    ]
    require_invariants(load.settings)


@pytest.mark.full
def test_a_retracted_batch_can_be_loaded_again(load: Loader) -> None:
    expected = _three_days(load, RIGHT)
    load.retract(day(2))
    load.rows(day(2), **RIGHT)
    assert checksums(load.settings) == expected


@pytest.mark.full
def test_a_corrected_batch_replaces_the_wrong_one_and_the_lake_keeps_both(
    load: Loader, ask: Ask
) -> None:
    expected = _three_days(load, RIGHT)
    _three_days(load, WRONG)
    lake = Lake(load.settings)
    wrong = set(lake.keys("raw/orders/batch_date=2018-10-02/"))
    load.rows(day(2), **RIGHT)
    assert checksums(load.settings) == expected
    assert wrong <= set(lake.keys("raw/orders/batch_date=2018-10-02/"))
    (in_force,) = ask(
        "SELECT manifest FROM audit.loads WHERE table_name = 'orders' AND batch_date = '2018-10-02'"
    )[0]
    assert lake.key(in_force) in set(lake.keys("raw/orders/batch_date=2018-10-02/"))
    assert len({key.split("/")[3] for key in wrong}) > 1
    require_invariants(load.settings)


@pytest.mark.full
def test_an_unpublished_batch_is_discarded_by_the_next_batch(
    load: Loader, ask: Ask, tmp_path
) -> None:
    """After a failed gate or a kill, the next batch discards the unpublished rows."""
    from tests.load import write_source

    expected = _three_days(load, {})
    load.clear()
    load.rows(day(1), **SHOP, **PERSON, orders=[ORDER], order_items=[{"order_id": "o"}])
    load.stage(day(2), write_source(tmp_path / "wrong", WRONG))
    load.compute()  # the batch is not published
    load.rows(day(3), order_reviews=[{"order_id": "o", "review_id": "r"}])
    assert checksums(load.settings) == expected
    assert ask("SELECT COUNT(*) AS n FROM staging.orders WHERE batch_date = '2018-10-02'") == [(0,)]
    require_invariants(load.settings)


@pytest.mark.full
def test_the_lake_index_lists_the_current_batches_and_receipts(load: Loader) -> None:
    """Staging can be restored from the lake, without retracted or superseded batches."""
    from tasks.warehouse.restore import indexed_days, indexed_receipts

    _three_days(load, WRONG)
    load.rows(day(2), **RIGHT)
    load.retract(day(3))
    assert indexed_days(load.settings) == [day(1), day(2)]
    items = [r for r in indexed_receipts(load.settings) if r.table == "order_items"]
    assert [sum(r.money_loaded.values()) for r in items] == [Decimal("11.00"), Decimal("11.00")]


@pytest.mark.slow
def test_only_the_months_of_affected_orders_are_computed(load: Loader, ask: Ask) -> None:
    def order(name: str, month: int) -> dict[str, str]:
        return {**ORDER, "order_id": name, "order_purchase_timestamp": f"2018-0{month}-05 10:00:00"}

    persons = [{"customer_id": c, "customer_unique_id": f"p{c}"} for c in ("c", "d")]
    load.rows(day(1), customers=persons, orders=[order("o1", 1), order("o2", 2)])
    mine = {**order("o3", 2), "customer_id": "d"}
    load.open_rows(day(2), orders=[mine])
    assert ask("SELECT DISTINCT sales_month FROM candidate.sales_overview") == [(date(2018, 2, 1),)]
    load.publish()
    # an order that moves to another month counts there, and no more in the month before
    load.rows(day(3), orders=[{**mine, "order_purchase_timestamp": "2018-03-05 10:00:00"}])
    counts = "SELECT sales_month, SUM(order_count) AS n FROM analytics.sales_overview GROUP BY 1"
    assert sorted(ask(counts)) == [(date(2018, month, 1), 1) for month in (1, 2, 3)]
    load.retract(day(3))
    assert sorted(ask(counts)) == [(date(2018, 1, 1), 1), (date(2018, 2, 1), 2)]
    require_invariants(load.settings)
