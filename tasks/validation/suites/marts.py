"""Marts gate: one row per person, and the same money as in the facts."""

from tasks.validation.check import Layer, Scope, columns, grain, rows, total

_PERSONS = "candidate.customer_totals"
_SALES = "candidate.sales_overview"


def layer(scope: Scope) -> Layer:
    """The gate between transform and publish, for the marts that the dashboards read."""
    del scope  # candidate tables contain only what this run computed
    checks = [
        columns(_PERSONS),
        columns(_SALES),
        grain(_PERSONS, ["customer_unique_id"], "one row per person"),
        rows(
            _PERSONS,
            "every_person",
            """
            SELECT known.customer_unique_id
            FROM candidate.latest_customers AS known
            LEFT JOIN {batch} AS persons ON known.customer_unique_id = persons.customer_unique_id
            WHERE persons.customer_unique_id IS NULL
            """,
            "every person that the batch affects has a row",
        ),
        total(
            _PERSONS,
            "total_value_total",
            "SUM(total_value)",
            "SELECT SUM(price) + SUM(freight_value) FROM candidate.fact_order_item",
            "total values of persons add up to the items, to the cent",
        ),
        rows(
            _PERSONS,
            "figures_consistent",
            """
            SELECT customer_unique_id FROM {batch}
            WHERE total_value <> product_value + freight_value
                OR delivered_order_count + cancelled_order_count > order_count
                OR late_order_count > order_count
                OR first_order_at > last_order_at
                OR (order_count = 0 AND total_value <> 0)
            """,
            "the values of a person are consistent",
        ),
        total(
            _PERSONS,
            "order_count_total",
            "SUM(order_count)",
            "SELECT COUNT(*) FROM candidate.fact_order",
            "every order belongs to exactly one person",
        ),
        total(
            _PERSONS,
            "payment_total",
            "SUM(payment_value)",
            "SELECT SUM(payment_value) FROM candidate.fact_payment",
            "payment values of persons add up to the payments, to the cent",
        ),
        rows(
            _PERSONS,
            "average_order_value_definition",
            """
            SELECT customer_unique_id, total_value, order_count, average_order_value FROM {batch}
            WHERE ABS(average_order_value * order_count - total_value) > 0.01 * order_count
            """,
            "the average order value of a person is total value divided by orders",
            owner="analytics",
        ),
        rows(
            _PERSONS,
            "average_review_score_of_orders",
            """
            SELECT persons.customer_unique_id, persons.average_review_score, scores.lowest,
                scores.highest
            FROM {batch} AS persons
            INNER JOIN (
                SELECT customer_unique_id, MIN(review_score) AS lowest,
                    MAX(review_score) AS highest
                FROM candidate.fact_order
                GROUP BY customer_unique_id
            ) AS scores ON persons.customer_unique_id = scores.customer_unique_id
            WHERE persons.average_review_score < scores.lowest
                OR persons.average_review_score > scores.highest
                OR (persons.average_review_score IS NULL) <> (scores.lowest IS NULL)
            """,
            "the average review score of a person is between the scores of their orders",
        ),
        total(
            _PERSONS,
            "net_value_total",
            "SUM(net_value)",
            "SELECT SUM(CASE WHEN is_cancelled THEN 0 ELSE order_value END) "
            "FROM candidate.fact_order",
            "net values of persons add up to the orders that are not cancelled, to the cent",
        ),
        grain(_SALES, ["sales_month", "state", "city"], "one row per month, state and city"),
        total(
            _SALES,
            "net_value_total",
            "SUM(net_value)",
            "SELECT SUM(CASE WHEN is_cancelled THEN 0 ELSE order_value END) "
            "FROM candidate.merged_fact_order "
            "WHERE CAST(DATE_TRUNC('month', purchased_at) AS DATE) "
            "IN (SELECT sales_month FROM candidate.affected_month)",
            "net values of the affected months add up to the orders that are not cancelled, to the "
            "cent",
        ),
        rows(
            _SALES,
            "figures_consistent",
            """
            SELECT sales_month, state, city FROM {batch}
            WHERE total_value <> product_value + freight_value OR customer_count > order_count
            """,
            "the values of a month and city are consistent",
        ),
        rows(
            _SALES,
            "late_share_range",
            """
            SELECT sales_month, state, city FROM {batch}
            WHERE late_share < 0 OR late_share > 1
            """,
            "a share is between 0 and 1",
        ),
    ]
    return Layer("marts", dict.fromkeys((_PERSONS, _SALES), "table"), checks)
