"""Staging gate, continued: no table is empty or far too small for its batch, and none shrinks.

A table is compared with the orders of its own batch, with earlier batches
(`sql/metrics/drift.sql`), and with the published rows of an earlier delivery of the same batch.
"""

from tasks.validation.check import Check, rows, share
from tasks.validation.suites.staging_drift import DRIFT

REDELIVERED = "candidate.redelivered"


def proportion_checks() -> list[Check]:
    """Checks of the number of rows of each table."""
    return [*_per_order(), *_redelivered(), _in_force()]


def _per_order() -> list[Check]:
    unreviewed = (
        "order_status = 'delivered' AND order_delivered_customer_date "
        "< CAST(batch_date AS TIMESTAMP) - INTERVAL '30 days' "
        "AND order_id NOT IN (SELECT order_id FROM candidate.history_order_reviews)"
    )
    return [
        share(
            "staging.orders",
            "delivered_orders_reviewed",
            unreviewed,
            20,
            # 0.7 %; on no day of the real data more than three orders
            "at most 20 % of the orders were delivered over 30 days ago and have no review: "
            "otherwise reviews are missing",
            "critical",
        ),
        rows(
            "staging.orders",
            "batch_paid",
            """
            SELECT counted.batch_date, counted.order_count
            FROM (
                SELECT orders.batch_date, COUNT(DISTINCT orders.order_id) AS order_count,
                    COUNT(payments.order_id) AS payment_count
                FROM {batch} AS orders
                LEFT JOIN candidate.history_order_payments AS payments
                    ON orders.order_id = payments.order_id
                GROUP BY orders.batch_date
            ) AS counted
            WHERE counted.order_count >= 5 AND counted.payment_count = 0
            """,
            "a batch of five orders or more has a payment",
        ),
        rows(
            DRIFT,
            "ratio",
            """
            SELECT batch_date, metric, value, typical, low_bound FROM {batch}
            WHERE kind = 'ratio' AND value < low_bound
            """,
            "items, payments and reviews per order are at least a third of the lowest of the last "
            "30 batches: otherwise the file is incomplete",
            "critical",
            "source",
        ),
    ]


def _redelivered() -> list[Check]:
    return [
        rows(
            REDELIVERED,
            "rows_removed",
            "SELECT * FROM {batch} WHERE rows_removed > 0",
            "a new delivery of a batch removes no published row",
            "warning",
            "source",
        ),
        rows(
            REDELIVERED,
            "most_rows_removed",
            """
            SELECT * FROM {batch}
            WHERE (rows_now = 0 AND rows_before > 0)
                OR (rows_removed > 10 AND rows_removed * 2 > rows_before)
            """,
            "a new delivery of a batch keeps at least half of the published rows of each table",
            "critical",
            "source",
        ),
    ]


def _in_force() -> Check:
    """Check against batches outside this run: those of one run may contain each other's orders."""
    return rows(
        "staging.orders",
        "batch_in_force",
        """
        SELECT counted.batch_date, counted.order_count
        FROM (
            SELECT arrived.batch_date, COUNT(DISTINCT arrived.order_id) AS order_count,
                COUNT(DISTINCT later.order_id) AS later_count
            FROM {batch} AS arrived
            LEFT JOIN (
                SELECT order_id, batch_date FROM candidate.history_orders
                WHERE batch_date NOT IN (SELECT open_batch.batch_date FROM audit.open_batch)
            ) AS later
                ON arrived.order_id = later.order_id AND arrived.batch_date < later.batch_date
            GROUP BY arrived.batch_date
        ) AS counted
        WHERE counted.order_count = counted.later_count
        """,
        "the batch changes an order: if later batches contain all of its orders, it changes none",
        "warning",
    )
