"""Staging gate, continued: order and time zone of the times in orders, items and reviews.

The limits come from the real data, with a margin, as in `staging_plausibility`.
"""

from tasks.validation.check import Check, rows, share


def timestamp_checks() -> list[Check]:
    """Checks of dates and times."""
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
