"""Staging gate, continued: the values of the batch are plausible.

The limits come from the real data, with a margin: the real data passes, and values that no
marketplace would send fail. Comments beside checks state their frequency in 99,441 real orders.
"""

import great_expectations.expectations as gxe

from tasks.validation.check import Check, Severity, check, rows, share

# UTF-8 read as Latin-1 (`São` becomes `SÃ£o`), and the character that replaces unreadable bytes
_MOJIBAKE = ("Ã£", "Ã§", "Ã©", "Ã¡", "Ã³", "Ãª", "Ã­", "Ãº", "Ã¢", "Ãµ", "\ufffd")

_AMOUNTS = (
    ("staging.order_items", "price"),
    ("staging.order_items", "freight_value"),
    ("staging.order_payments", "payment_value"),
)
_AMOUNT_LIMIT = 1_000_000  # R$; the largest amount of the real data is 13,664.08


def plausibility_checks() -> list[Check]:
    """Checks of money, texts, people and places."""
    return [*_money(), *_texts(), *_people_and_places()]


def _money() -> list[Check]:
    items, payments = "staging.order_items", "staging.order_payments"
    # a batch has all items and payments of its orders, so both sums are complete
    compared = """
        FROM (
            SELECT order_id, batch_date, SUM(price) + SUM(freight_value) AS item_total
            FROM {batch} AS batch_items
            GROUP BY order_id, batch_date
        ) AS items
        INNER JOIN (
            SELECT order_id, batch_date, SUM(payment_value) AS payment_total
            FROM candidate.batch_order_payments
            GROUP BY order_id, batch_date
        ) AS payments
            ON items.order_id = payments.order_id AND items.batch_date = payments.batch_date
    """
    differ = "ABS(items.item_total - payments.payment_total) > 0.01"
    failing_rows = f"""
        SELECT items.order_id, items.item_total, payments.payment_total {compared} WHERE {differ}
    """

    def paid(percent: int, severity: Severity) -> Check:
        return rows(
            items,
            f"payment_difference_share_{percent}",
            f"""
            SELECT counted.differing, counted.order_count
            FROM (
                SELECT SUM(CASE WHEN {differ} THEN 1 ELSE 0 END) AS differing,
                    COUNT(*) AS order_count
                {compared}
            ) AS counted
            WHERE counted.differing > 10
                AND counted.differing * 100 > counted.order_count * {percent}
            """,
            f"the payments of at most {percent} % of the orders differ from their items",
            severity,
            failing_rows=failing_rows,
        )

    return [
        rows(
            items,
            "payments_equal_items",
            failing_rows,
            # 0.3 % differ: interest on instalments, vouchers
            "the payments of an order are the price and freight of its items",
            "info",
        ),
        paid(2, "warning"),
        paid(10, "critical"),
        share(
            items,
            "freight_below_price",
            "freight_value >= price",
            50,
            "freight is below the price for most items: otherwise the columns are swapped",  # 3.7 %
            "critical",
            at_least=20,
        ),
        *(_limit(*amount) for amount in _AMOUNTS),
        _between(items, "price", 0.01, 10_000, "a price is from R$ 0.01 to 10,000"),
        _between(items, "freight_value", 0, 1_000, "freight of an item is at most R$ 1,000"),
        _between(payments, "payment_value", 0, 20_000, "a payment is at most R$ 20,000"),
        _between(payments, "payment_installments", 0, 24, "there are at most 24 instalments"),
        _between(items, "order_item_id", 1, 50, "items of an order are numbered from 1 to 50"),
        _between(
            payments, "payment_sequential", 1, 50, "payments of an order are numbered from 1 to 50"
        ),
        share(
            payments,
            "zero_payment_share",
            "payment_value = 0",
            2,
            "at most 2 % of the payments are of R$ 0.00",  # 9 of them, by voucher
            "warning",
        ),
    ]


def _limit(dataset: str, column: str) -> Check:
    return check(
        dataset,
        f"{column}_limit",
        gxe.ExpectColumnValuesToBeBetween,
        f"an amount is at most R$ {_AMOUNT_LIMIT:,}",
        column=column,
        max_value=_AMOUNT_LIMIT,
    )


def _between(dataset: str, column: str, low: float, high: float, reason: str) -> Check:
    return check(
        dataset,
        f"{column}_range",
        gxe.ExpectColumnValuesToBeBetween,
        reason,
        "warning",
        column=column,
        min_value=low,
        max_value=high,
    )


def _texts() -> list[Check]:
    texts = [
        ("customers", "customer_city"),
        ("sellers", "seller_city"),
        ("order_reviews", "review_comment_message"),
        ("products", "product_category_name"),
    ]
    limits: list[tuple[int, int, Severity, str]] = [
        (0, 0, "warning", "no letters such as Ã£"),
        (1, 5, "critical", "letters such as Ã£ in at most 1 % of the rows"),
    ]
    checks = []
    for table, column in texts:
        wrong = " OR ".join(f"{column} LIKE '%{letters}%'" for letters in _MOJIBAKE)
        checks += [
            share(
                f"staging.{table}",
                f"{column}_encoding_share_{percent}" if percent else f"{column}_encoding",
                wrong,
                percent,
                f"{column} has the right encoding: {how}",
                severity,
                at_least=least,
            )
            for percent, least, severity, how in limits
        ]
    return checks


def _people_and_places() -> list[Check]:
    outside = (
        "geolocation_lat NOT BETWEEN -33.8 AND 5.3 OR geolocation_lng NOT BETWEEN -74.0 AND -32.3"
    )
    return [
        rows(
            "staging.customers",
            "customers_per_person",
            """
            SELECT counted.persons, counted.customers
            FROM (
                SELECT COUNT(DISTINCT customer_unique_id) AS persons,
                    COUNT(DISTINCT customer_id) AS customers
                FROM {batch}
            ) AS counted
            WHERE counted.customers >= 50 AND counted.persons * 2 < counted.customers
            """,
            "there is at least one person for every two customer ids",  # 97 %
        ),
        share(
            "staging.geolocation",
            "points_outside_brazil",
            outside,
            1,
            "at most 1 % of the points are outside Brazil",  # 31 of a million
            "warning",
        ),
        share(
            "staging.geolocation",
            "points_swapped",
            outside,
            20,
            "at most 20 % of the points are outside Brazil: else lat and lng are swapped",
            "critical",
        ),
        share(
            "staging.products",
            "category_missing_share",
            "product_category_name IS NULL",
            10,
            "at most 10 % of the products have no category",  # 1.9 %
            "warning",
        ),
        rows(
            "staging.products",
            "size_and_weight",
            """
            SELECT product_id, product_weight_g, product_length_cm, product_height_cm,
                product_width_cm
            FROM {batch}
            WHERE product_weight_g > 60000 OR product_length_cm > 200
                OR product_height_cm > 200 OR product_width_cm > 200
            """,
            "a product weighs at most 60 kg and measures at most 2 m",
            "warning",
        ),
        rows(
            "staging.products",
            "category_translated",
            """
            SELECT DISTINCT products.product_category_name
            FROM {batch} AS products
            LEFT JOIN candidate.history_category_translation AS translation
                ON products.product_category_name = translation.product_category_name
            WHERE products.product_category_name IS NOT NULL
                AND translation.product_category_name IS NULL
            """,
            "every category has an English name",  # two have none
            "info",
            "analytics",
        ),
    ]
