"""Results of the models on handmade rows. Each test name states a business rule."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from tests.conftest import DAY
from tests.load import Loader, id_of

Ask = Callable[[str], list[tuple]]
SHOP = {
    "products": [{"product_id": "product", "product_category_name": "livros"}],
    "sellers": [{"seller_id": "seller"}],
}


@pytest.fixture(autouse=True)
def _empty(load: Loader) -> None:
    load.clear()


def test_an_order_value_is_the_sum_of_its_items_despite_many_payments_and_reviews(
    load: Loader, ask: Ask
) -> None:
    """Two items, three payments and two reviews: a plain join would produce twelve rows."""
    load.rows(
        DAY,
        **SHOP,
        customers=[{"customer_id": "c", "customer_unique_id": "p"}],
        orders=[{"order_id": "o", "customer_id": "c"}],
        order_items=[{"order_id": "o"}, {"order_id": "o", "order_item_id": 2, "price": "20.00"}],
        order_payments=[{"order_id": "o", "payment_sequential": n} for n in (1, 2, 3)],
        order_reviews=[{"order_id": "o", "review_id": "r1"}, {"order_id": "o", "review_id": "r2"}],
    )
    assert ask("SELECT item_count, order_value, payment_value FROM analytics.fact_order") == [
        (2, Decimal("32.00"), Decimal("33.00"))
    ]
    assert ask("SELECT total_value FROM analytics.single_customer_view") == [(Decimal("32.00"),)]
    assert ask("SELECT total_value, average_order_value FROM analytics.sales_overview") == [
        (Decimal("32.00"), Decimal("32.00"))
    ]


def test_the_review_score_of_an_order_is_of_the_last_answered_review(
    load: Loader, ask: Ask
) -> None:
    load.rows(
        DAY,
        customers=[{"customer_id": "c", "customer_unique_id": "p"}],
        orders=[{"order_id": "o", "customer_id": "c"}],
        order_reviews=[
            {"order_id": "o", "review_id": "early", "review_score": 1},
            {
                "order_id": "o",
                "review_id": "late",
                "review_score": 4,
                "review_answer_timestamp": "2018-02-01 00:00:00",
            },
            # a review without an answer time is never the last one
            {
                "order_id": "o",
                "review_id": "never",
                "review_score": 2,
                "review_answer_timestamp": "",
            },
        ],
    )
    assert ask("SELECT review_score, review_count FROM analytics.fact_order") == [(4, 3)]


def test_a_person_with_several_customer_ids_is_one_row(load: Loader, ask: Ask) -> None:
    load.rows(
        DAY,
        **SHOP,
        customers=[{"customer_id": c, "customer_unique_id": "p"} for c in ("c1", "c2")],
        orders=[
            {"order_id": "o1", "customer_id": "c1"},
            {"order_id": "o2", "customer_id": "c2", "order_status": "canceled"},
        ],
        order_items=[{"order_id": "o1"}, {"order_id": "o2", "price": "5.00"}],
    )
    assert ask(
        "SELECT order_count, cancelled_order_count, total_value, net_value, average_order_value "
        "FROM analytics.single_customer_view"
    ) == [(2, 1, Decimal("17.00"), Decimal("11.00"), Decimal("8.50"))]


def test_a_person_who_moves_has_two_consecutive_address_versions(load: Loader, ask: Ask) -> None:
    load.rows(
        DAY,
        customers=[
            {"customer_id": "c1", "customer_unique_id": "p"},
            {"customer_id": "c2", "customer_unique_id": "p"},
            {"customer_id": "c3", "customer_unique_id": "p", "zip_code_prefix": "20010",
             "city": "Rio  de Janeiro", "state": "RJ"},
        ],
        orders=[
            {"order_id": "o1", "customer_id": "c1"},
            {"order_id": "o2", "customer_id": "c2",
             "order_purchase_timestamp": "2018-02-01 00:00:00"},
            {"order_id": "o3", "customer_id": "c3",
             "order_purchase_timestamp": "2018-03-01 08:00:00"},
        ],
    )  # fmt: skip
    moved = datetime(2018, 3, 1, 8)
    assert ask(
        "SELECT city, valid_from, valid_to, is_current FROM analytics.dim_customer "
        "WHERE customer_key <> -1 ORDER BY valid_from"
    ) == [
        ("sao paulo", datetime(1900, 1, 1), moved, False),
        ("rio de janeiro", moved, datetime(9999, 12, 31), True),
    ]
    # each order keeps the address that was valid when it was placed
    assert ask(
        "SELECT c.city FROM analytics.fact_order AS o INNER JOIN analytics.dim_customer AS c "
        "ON o.customer_key = c.customer_key ORDER BY o.purchased_at"
    ) == [("sao paulo",), ("sao paulo",), ("rio de janeiro",)]
    assert ask("SELECT city, order_count FROM analytics.single_customer_view") == [
        ("rio de janeiro", 3)
    ]


@pytest.mark.parametrize(
    ("delivered", "late"),
    [("2018-01-20 23:59:59", False), ("2018-01-21 00:00:01", True), ("", None)],
)
def test_a_delivery_is_late_after_the_estimated_day(
    load: Loader, ask: Ask, delivered: str, late: bool | None
) -> None:
    load.rows(
        DAY,
        customers=[{"customer_id": "c", "customer_unique_id": "p"}],
        orders=[{"order_id": "o", "customer_id": "c", "order_delivered_customer_date": delivered}],
    )
    assert ask("SELECT is_late FROM analytics.fact_order") == [(late,)]


def test_a_category_falls_back_to_portuguese_then_to_unknown(load: Loader, ask: Ask) -> None:
    load.rows(
        DAY,
        category_translation=[
            {"product_category_name": "livros", "product_category_name_english": "books"}
        ],
        products=[
            {"product_id": "1", "product_category_name": "livros"},
            {"product_id": "2", "product_category_name": "pc_gamer"},
            {"product_id": "3"},
        ],
    )
    assert ask(
        "SELECT category FROM analytics.dim_product WHERE product_key <> -1 ORDER BY category"
    ) == [("books",), ("pc_gamer",), ("unknown",)]


def test_a_zip_code_has_the_median_point_in_brazil_and_the_most_common_city(
    load: Loader, ask: Ask
) -> None:
    load.rows(
        DAY,
        geolocation=[
            {"zip_code_prefix": "01001", "lat": -23.0, "city": "São Paulo"},
            {"zip_code_prefix": "01001", "lat": -24.0, "city": "sao paulo"},
            {"zip_code_prefix": "01001", "lat": -23.2, "city": "sp"},
            {"zip_code_prefix": "01001", "lat": 41.6, "lng": -8.4, "city": "sp"},  # in Portugal
        ],
        sellers=[{"seller_id": "s", "zip_code_prefix": "99999", "city": "Ijuí", "state": "RS"}],
    )
    assert ask(
        "SELECT zip_code_prefix, city, latitude, point_count FROM analytics.dim_geography "
        "WHERE geography_key <> -1 ORDER BY zip_code_prefix"
    ) == [("01001", "sao paulo", -23.2, 3), ("99999", "ijui", None, 0)]


def test_missing_references_use_the_unknown_member(load: Loader, ask: Ask) -> None:
    load.rows(
        DAY,
        customers=[{"customer_id": "c", "customer_unique_id": "p"}],
        orders=[{"order_id": "o", "customer_id": "c"}],
        order_items=[{"order_id": "o"}],
    )
    assert ask("SELECT product_key, seller_key FROM analytics.fact_order_item") == [(-1, -1)]
    assert ask("SELECT delivered_date_key FROM analytics.fact_order") == [(-1,)]
    assert ask("SELECT favourite_category FROM analytics.single_customer_view") == [("unknown",)]


def test_the_date_dimension_has_weekends_and_holidays_of_brazil(load: Loader, ask: Ask) -> None:
    load.rows(
        DAY,
        customers=[{"customer_id": "c", "customer_unique_id": "p"}],
        orders=[{"order_id": "o", "customer_id": "c"}],
    )
    assert ask(
        "SELECT iso_weekday, is_weekend, is_holiday FROM analytics.dim_date "
        "WHERE date_key IN (20180330, 20180331, 20180401) ORDER BY date_key"
    ) == [(5, False, True), (6, True, False), (7, True, False)]  # Good Friday to Easter Sunday
    assert ask("SELECT COUNT(*) AS n FROM analytics.dim_date WHERE calendar_year = 2018") == [
        (365,)
    ]


def test_the_calendar_has_the_years_that_facts_name_whatever_one_date_is(
    load: Loader, ask: Ask
) -> None:
    """A wrong date adds its year; it neither moves the calendar nor stretches it."""
    load.rows(
        DAY,
        customers=[{"customer_id": c, "customer_unique_id": f"p{c}"} for c in "abc"],
        orders=[
            {"order_id": "a", "customer_id": "a"},
            {"order_id": "b", "customer_id": "b", "order_purchase_timestamp": "0001-01-01 00:00:00"},
            {"order_id": "c", "customer_id": "c", "order_estimated_delivery_date": "9999-12-31 00:00:00"},
        ],
    )  # fmt: skip
    assert ask(
        "SELECT calendar_year, COUNT(*) AS days FROM analytics.dim_date "
        "WHERE date_key <> -1 GROUP BY calendar_year ORDER BY calendar_year"
    ) == [(1, 365), (2018, 365), (9999, 365)]
    for column in ("purchase_date_key", "estimated_date_key", "delivered_date_key"):
        assert ask(
            f"SELECT COUNT(*) AS orders FROM analytics.fact_order INNER JOIN analytics.dim_date "
            f"ON fact_order.{column} = dim_date.date_key"
        ) == [(3,)]

    load.retract(DAY)
    assert ask("SELECT date_key FROM analytics.dim_date") == [(-1,)]


@pytest.mark.slow
def test_sums_of_the_largest_amounts_do_not_overflow(load: Loader, ask: Ask) -> None:
    largest = "9999999999.99"
    load.rows(
        DAY,
        customers=[{"customer_id": c, "customer_unique_id": "p"} for c in "ab"],
        orders=[{"order_id": o, "customer_id": o} for o in "ab"],
        order_items=[
            {"order_id": o, "order_item_id": i, "price": largest, "freight_value": largest}
            for o in "ab"
            for i in range(1, 4)
        ],
        order_payments=[
            {"order_id": o, "payment_sequential": i, "payment_value": largest}
            for o in "ab"
            for i in range(1, 4)
        ],
    )
    everything = Decimal(largest) * 12
    for table, column in (
        ("fact_order", "order_value"),
        ("single_customer_view", "total_value"),
        ("sales_overview", "total_value"),
    ):
        assert ask(f"SELECT SUM({column}) AS v FROM analytics.{table}") == [(everything,)]


@pytest.mark.slow
def test_a_city_has_one_name_however_it_is_spelled(load: Loader, ask: Ask) -> None:
    spellings = ["sao paulo", "sa\u0303o paulo", "sao\u00a0paulo", "São Paulo ", "sao\tpaulo", "sao\u200b paulo", "sao\u00ad paulo", "SÃO  PAULO", "\u2003são paulo"]  # fmt: skip
    load.rows(
        DAY,
        customers=[
            {"customer_id": str(n), "customer_unique_id": str(n), "city": spelling}
            for n, spelling in enumerate(spellings)
        ],
        orders=[{"order_id": str(n), "customer_id": str(n)} for n in range(len(spellings))],
    )
    assert ask("SELECT city, order_count FROM analytics.sales_overview") == [
        ("sao paulo", len(spellings))
    ]


def test_blanks_around_a_payment_type_or_category_do_not_make_another_one(
    load: Loader, ask: Ask
) -> None:
    load.rows(
        DAY,
        customers=[{"customer_id": o, "customer_unique_id": "p"} for o in "ab"],
        orders=[{"order_id": o, "customer_id": o} for o in "ab"],
        order_items=[{"order_id": o} for o in "ab"],
        order_payments=[
            {"order_id": "a", "payment_type": "credit_card "},
            {"order_id": "b", "payment_type": "\u00a0credit_card"},
        ],
        products=[{"product_id": "product", "product_category_name": "perfumaria "}],
        category_translation=[
            {"product_category_name": " perfumaria", "product_category_name_english": "perfumery "}
        ],
        sellers=[{"seller_id": "seller"}],
    )
    assert ask("SELECT DISTINCT payment_type FROM analytics.fact_payment") == [("credit_card",)]
    assert ask(
        "SELECT favourite_category, preferred_payment_type FROM analytics.single_customer_view"
    ) == [("perfumery", "credit_card")]


def test_a_later_batch_replaces_its_own_orders_and_keeps_the_others(load: Loader, ask: Ask) -> None:
    customers = [{"customer_id": c, "customer_unique_id": f"p{c}"} for c in ("c1", "c2")]
    load.rows(
        DAY.replace(day=1),
        **SHOP,
        customers=customers,
        orders=[
            {"order_id": "o1", "customer_id": "c1", "order_status": "shipped"},
            {"order_id": "o2", "customer_id": "c2"},
        ],
        order_items=[{"order_id": "o1"}, {"order_id": "o2"}],
    )
    # only the changed order is delivered again, without its product and seller
    load.rows(
        DAY.replace(day=2),
        orders=[{"order_id": "o1", "customer_id": "c1", "order_status": "delivered"}],
        order_items=[{"order_id": "o1", "price": "12.00"}],
    )
    assert sorted(ask("SELECT order_status, order_value FROM analytics.fact_order")) == [
        ("delivered", Decimal("11.00")),
        ("delivered", Decimal("13.00")),
    ]
    assert ask("SELECT SUM(total_value) AS v FROM analytics.single_customer_view") == [
        (Decimal("24.00"),)
    ]
    assert ask("SELECT SUM(total_value) AS v FROM analytics.sales_overview") == [
        (Decimal("24.00"),)
    ]
    assert (-1,) not in ask("SELECT product_key FROM analytics.fact_order_item")
    assert ask("SELECT customer_unique_id FROM analytics.dim_product AS d INNER JOIN "
               "analytics.fact_order_item AS i ON d.product_key = i.product_key "
               "INNER JOIN analytics.fact_order AS o ON i.order_id = o.order_id "
               f"WHERE o.order_id = '{id_of('o1')}'") == [(id_of("pc1"),)]  # fmt: skip


@pytest.mark.slow
def test_a_product_that_changes_has_two_versions(load: Loader, ask: Ask) -> None:
    load.rows(DAY.replace(day=1), products=[{"product_id": "x", "product_category_name": "a"}])
    load.rows(DAY.replace(day=2), products=[{"product_id": "x", "product_category_name": "a"}])
    load.rows(DAY.replace(day=3), products=[{"product_id": "x", "product_category_name": "b"}])
    assert ask(
        "SELECT category, valid_from, is_current FROM analytics.dim_product "
        "WHERE product_key <> -1 ORDER BY valid_from"
    ) == [("a", datetime(1900, 1, 1), False), ("b", datetime(2018, 10, 3), True)]


def test_a_redelivered_batch_removes_rows_that_it_no_longer_contains(
    load: Loader, ask: Ask
) -> None:
    """The second delivery lacks an order, a person, a product, a seller and a zip code."""
    both = {
        "category_translation": [
            {"product_category_name": "livros", "product_category_name_english": "books"}
        ],
        "customers": [
            {"customer_id": "c1", "customer_unique_id": "p1"},
            {"customer_id": "c2", "customer_unique_id": "p2", "zip_code_prefix": "99999"},
        ],
        "products": [
            {"product_id": n, "product_category_name": "livros"} for n in ("product", "other")
        ],
        "sellers": [{"seller_id": "seller"}, {"seller_id": "other"}],
        "orders": [{"order_id": f"o{n}", "customer_id": f"c{n}"} for n in (1, 2)],
        "order_items": [
            {"order_id": "o1"},
            {"order_id": "o2", "product_id": "other", "seller_id": "other"},
        ],
    }
    first = {table: rows[:1] for table, rows in both.items()} | {"category_translation": []}
    tables = ["fact_order", "fact_order_item", "single_customer_view", "sales_overview"]
    tables += ["dim_customer", "dim_product", "dim_seller", "dim_geography"]

    def published() -> dict[str, list[tuple]]:
        return {t: sorted(ask(f"SELECT * FROM analytics.{t}"), key=repr) for t in tables}

    load.rows(DAY, **first)
    wanted = published()
    load.clear()
    load.rows(DAY, **both)
    assert ask("SELECT COUNT(*) AS n FROM analytics.fact_order") == [(2,)]
    load.rows(DAY, **first)
    assert published() == wanted
