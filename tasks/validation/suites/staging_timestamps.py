"""Staging gate, continued: range, order and time zone of the times in orders, items and reviews.

The limits come from the real data, with a margin, as in `staging_plausibility`. Every time has a
lower and an upper limit: those of orders are the start of the business and the day of the batch,
the others follow from their order.
"""

from tasks.validation.check import Check, rows, share

BUSINESS_START = "2015-01-01"  # Olist was founded in 2015; the first order is of 2016-09-04


def timestamp_checks() -> list[Check]:
    """Checks of dates and times."""
    return [*_ranges(), *_sequence()]


def _ranges() -> list[Check]:
    items, reviews = "staging.order_items", "staging.order_reviews"
    start = f"CAST('{BUSINESS_START}' AS TIMESTAMP)"

    def against_order(condition: str) -> str:
        """Query for the rows of a table that match a condition on their order's purchase."""
        return f"""
            SELECT child.*, orders.order_purchase_timestamp
            FROM {{batch}} AS child
            INNER JOIN candidate.batch_orders AS orders
                ON child.order_id = orders.order_id AND child.batch_date = orders.batch_date
            WHERE {condition}
        """

    late = "child.shipping_limit_date > orders.order_purchase_timestamp + INTERVAL '{} days'"
    late_by_a_year = against_order(late.format(366))
    early_review = "child.review_creation_date < orders.order_purchase_timestamp"
    return [
        rows(
            "staging.orders",
            "purchase_after_start",
            f"SELECT * FROM {{batch}} WHERE order_purchase_timestamp < {start}",
            f"no order was placed before the business started ({BUSINESS_START})",
        ),
        rows(
            "staging.orders",
            "purchase_near_batch",
            """
            SELECT orders.*
            FROM {batch} AS orders
            INNER JOIN (
                SELECT batch_date, MAX(order_purchase_timestamp) AS newest
                FROM candidate.batch_orders
                GROUP BY batch_date
            ) AS batches ON orders.batch_date = batches.batch_date
            WHERE orders.order_purchase_timestamp < batches.newest - INTERVAL '1000 days'
            """,
            "no order is over 1,000 days older than the newest one of its batch",  # 773 days
            "warning",
        ),
        rows(
            "staging.orders",
            "shipped_near_purchase",
            """
            SELECT * FROM {batch}
            WHERE order_delivered_carrier_date < order_purchase_timestamp - INTERVAL '366 days'
            """,
            "no order is shipped over a year before it was placed",  # 171 days, by mistake
        ),
        rows(
            "staging.orders",
            "due_within_a_year",
            """
            SELECT * FROM {batch}
            WHERE order_estimated_delivery_date > order_purchase_timestamp + INTERVAL '366 days'
            """,
            "an order is due at most a year after it was placed",  # 155 days
        ),
        rows(
            items,
            "shipping_limit_within_five_years",
            against_order(late.format(1826)),
            "the shipping limit of an item is at most five years after its purchase",
        ),
        rows(
            items,
            "shipping_limit_near_batch",
            f"""
            SELECT * FROM {{batch}}
            WHERE shipping_limit_date < {start}
                OR shipping_limit_date > CAST(batch_date AS TIMESTAMP) + INTERVAL '1826 days'
            """,
            f"a shipping limit is between {BUSINESS_START} and five years after its batch",
        ),
        rows(
            items,
            "shipping_limit_within_a_year",
            f"""
            SELECT late.late_items
            FROM (
                SELECT COUNT(*) AS late_items
                FROM ({late_by_a_year}) AS found
            ) AS late
            WHERE late.late_items > 10
            """,
            # four items of 2017 are due in 2020
            "the shipping limits of at most ten items are over a year after their purchase",
            "warning",
            failing_rows=late_by_a_year,
        ),
        rows(
            reviews,
            "after_start",
            f"SELECT * FROM {{batch}} WHERE review_creation_date < {start}",
            f"no review is older than the business ({BUSINESS_START})",
        ),
        rows(
            reviews,
            "created_near_purchase",
            against_order(f"{early_review} - INTERVAL '366 days'"),
            "no review was created over a year before its order",  # 111 days, by mistake
        ),
        rows(
            reviews,
            "before_end_of_batch",
            """
            SELECT * FROM {batch}
            WHERE GREATEST(review_creation_date, review_answer_timestamp)
                >= CAST(batch_date AS TIMESTAMP) + INTERVAL '31 days'
            """,
            # a dump of orders may be older than the answers in it: 12 days in the real data
            "no review is over 30 days newer than its batch",
        ),
    ]


def _sequence() -> list[Check]:
    orders, day = "staging.orders", "CAST(batch_date AS TIMESTAMP) + INTERVAL '1 day'"
    late = " OR ".join(
        f"{moment} >= {day}"
        for moment in (
            "order_purchase_timestamp",
            "order_approved_at",
            "order_delivered_carrier_date",
            "order_delivered_customer_date",
        )
    )
    out_of_order = (
        "order_approved_at > order_delivered_carrier_date"
        " OR order_purchase_timestamp > order_delivered_carrier_date"
        " OR order_delivered_carrier_date > order_delivered_customer_date"
    )
    return [
        rows(
            orders,
            "after_purchase",
            """
            SELECT order_id, order_purchase_timestamp, order_approved_at,
                order_delivered_customer_date, order_estimated_delivery_date
            FROM {batch}
            WHERE order_approved_at < order_purchase_timestamp
                OR order_delivered_customer_date < order_purchase_timestamp
                OR order_estimated_delivery_date < order_purchase_timestamp
            """,
            "an order is approved, delivered and due after it was placed",
        ),
        rows(
            orders,
            "before_end_of_batch",
            f"SELECT * FROM {{batch}} WHERE {late}",
            "no timestamp of an order is after the day of its batch",
        ),
        rows(
            orders,
            "events_in_order",
            f"SELECT * FROM {{batch}} WHERE {out_of_order}",
            "an order is purchased, approved, shipped and delivered in this sequence",  # 1.4 %
            "info",
        ),
        share(
            orders,
            "events_out_of_order_share",
            out_of_order,
            10,
            "at most 10 % of the orders have timestamps out of sequence",
            "warning",
        ),
        rows(
            orders,
            "due_at_midnight",
            """
            SELECT order_id, order_estimated_delivery_date FROM {batch}
            WHERE order_estimated_delivery_date
                <> DATE_TRUNC('day', order_estimated_delivery_date)
            """,
            "the estimated delivery is at midnight: another hour means another time zone",
        ),
        share(
            orders,
            "night_share",
            "DATE_PART(HOUR, order_purchase_timestamp) BETWEEN 1 AND 6",
            20,
            # 3 % in the real data
            "at most 20 % of the orders are placed from 1:00 to 7:00: more means another time zone",
            "warning",
            at_least=20,
        ),
        rows(
            "staging.order_items",
            "shipping_limit_after_purchase",
            """
            SELECT items.order_id, items.shipping_limit_date, orders.order_purchase_timestamp
            FROM {batch} AS items
            INNER JOIN candidate.batch_orders AS orders
                ON items.order_id = orders.order_id AND items.batch_date = orders.batch_date
            WHERE items.shipping_limit_date < orders.order_purchase_timestamp
            """,
            "the shipping limit of an item is after its purchase",
        ),
        rows(
            "staging.order_reviews",
            "answered_after_creation",
            """
            SELECT review_id, order_id, review_creation_date, review_answer_timestamp
            FROM {batch}
            WHERE review_answer_timestamp < review_creation_date
            """,
            "a review is answered after it was created",
        ),
        share(
            orders,
            "delivered_orders_dated",
            "order_status = 'delivered' AND order_delivered_customer_date IS NULL",
            1,
            "at most 1 % of the delivered orders have no delivery time",  # 8 orders
            "warning",
        ),
    ]
