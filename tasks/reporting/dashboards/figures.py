"""What each figure of the dashboards is: title, definition, and the query that recomputes it.

`{where}` and `{and}` stand for the filters that are set in the page, `{months}` for that of months
alone: charts that compare states show all of them, and make the chosen one stand out. A test runs
every query, with and without filters, and compares it with what the page shows.
"""

from dataclasses import dataclass, field

_ORDERS = (
    "FROM analytics.fact_order\n"
    "INNER JOIN analytics.dim_customer ON fact_order.customer_key = dim_customer.customer_key"
)
_STATE = "COALESCE(dim_customer.state, '??')"
_SALES = "Sales are price and freight of all items ordered, cancelled orders included"


@dataclass(frozen=True)
class Figure:
    """A tile or a chart of a page."""

    id: str
    title: str
    definition: str
    sql: str
    shape: str = ""  # wide: all the width; tall: as high as two others


@dataclass(frozen=True)
class Dashboard:
    """A page: its figures, and the columns that its filters are about."""

    file: str
    title: str
    question: str
    tiles: tuple[Figure, ...]
    table: Figure | None = field(default=None, kw_only=True)
    charts: tuple[Figure, ...]
    cubes: tuple[str, ...]
    state_column: str
    month_column: str | None = None


REGIONAL = Dashboard(
    file="regional-sales.html",
    title="Regional Sales & Performance Trends",
    question="Where do we sell, is it growing, and do parcels arrive in time?",
    cubes=("sales_by_place", "sales_by_category", "payments"),
    state_column="dim_customer.state",
    month_column="fact_order.purchased_at",
    tiles=(
        Figure(
            "sales",
            "Sales",
            f"{_SALES}; by month of purchase and the customer's state.",
            f"SELECT SUM(fact_order.order_value) AS sales\n{_ORDERS}{{where}}",
        ),
        Figure(
            "orders",
            "Orders",
            "Every order counts, whatever became of it.",
            f"SELECT COUNT(*) AS orders\n{_ORDERS}{{where}}",
        ),
        Figure(
            "average_order",
            "Average order",
            "Sales divided by orders, orders without items included.",
            "SELECT ROUND(CAST(SUM(fact_order.order_value) AS DECIMAL(18, 2))\n"
            f"    / CAST(COUNT(*) AS DECIMAL(10, 0)), 2) AS average_order\n{_ORDERS}{{where}}",
        ),
        Figure(
            "late",
            "Delivered late",
            "Share of the orders with a delivery that came after the day that was promised.",
            "SELECT CAST(SUM(CASE WHEN fact_order.is_late THEN 1 ELSE 0 END) AS DOUBLE PRECISION)\n"
            f"    / NULLIF(COUNT(fact_order.is_late), 0) AS late_share\n{_ORDERS}{{where}}",
        ),
        Figure(
            "days",
            "Days to the customer",
            "Average days from purchase to delivery, of delivered orders.",
            "SELECT CAST(SUM(fact_order.delivery_days) AS DOUBLE PRECISION)\n"
            "    / NULLIF(COUNT(fact_order.delivery_days), 0) AS delivery_days\n"
            f"{_ORDERS}{{where}}",
        ),
        Figure(
            "review",
            "Review score",
            "Average of 1 to 5; an order counts once, with its review answered last.",
            "SELECT CAST(SUM(fact_order.review_score) AS DOUBLE PRECISION)\n"
            "    / NULLIF(COUNT(fact_order.review_score), 0) AS review_score\n"
            f"{_ORDERS}{{where}}",
        ),
    ),
    charts=(
        Figure(
            "months",
            "Sales per month, ten largest states",
            f"{_SALES}. "
            "States by sales in the chosen months, each on a scale of its own; the dashed line is "
            "the linear trend.",
            f"SELECT {_STATE} AS state,\n"
            "    CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE) AS sales_month,\n"
            f"    SUM(fact_order.order_value) AS sales\n{_ORDERS}{{months}}\n"
            f"GROUP BY {_STATE}, CAST(DATE_TRUNC('month', fact_order.purchased_at) AS DATE)\n"
            "ORDER BY state, sales_month",
            shape="wide",
        ),
        Figure(
            "average",
            "Average order value, ten largest states",
            "Sales divided by orders; the ten states with most sales in the chosen months, and the "
            "chosen one.",
            f"SELECT {_STATE} AS state,\n"
            "    ROUND(CAST(SUM(fact_order.order_value) AS DECIMAL(18, 2))\n"
            "        / CAST(COUNT(*) AS DECIMAL(10, 0)), 2) AS average_order,\n"
            f"    SUM(fact_order.order_value) AS sales\n{_ORDERS}{{months}}\n"
            f"GROUP BY {_STATE}\nORDER BY sales DESC",
        ),
        Figure(
            "cities",
            "Orders by customer's city, top 10",
            "The city of the address that the order went to.",
            f"SELECT {_STATE} AS state, dim_customer.city, COUNT(*) AS orders\n{_ORDERS}{{where}}\n"
            f"GROUP BY {_STATE}, dim_customer.city\nORDER BY orders DESC\nLIMIT 10",
        ),
        Figure(
            "delivery",
            "Days to the customer by state; darker is later",
            "Average days from purchase to delivery; the share delivered after the promised day.",
            f"SELECT {_STATE} AS state,\n"
            "    CAST(SUM(fact_order.delivery_days) AS DOUBLE PRECISION)\n"
            "        / NULLIF(COUNT(fact_order.delivery_days), 0) AS delivery_days,\n"
            "    CAST(SUM(CASE WHEN fact_order.is_late THEN 1 ELSE 0 END) AS DOUBLE PRECISION)\n"
            f"        / NULLIF(COUNT(fact_order.is_late), 0) AS late_share\n{_ORDERS}{{months}}\n"
            f"GROUP BY {_STATE}\nORDER BY delivery_days",
            shape="tall",
        ),
        Figure(
            "categories",
            "Sales by category, top 10",
            "Price and freight of the items of a category, in English where it is translated.",
            "SELECT dim_product.category,\n"
            "    SUM(fact_order_item.price + fact_order_item.freight_value) AS sales\n"
            "FROM analytics.fact_order_item\n"
            "INNER JOIN analytics.fact_order ON fact_order_item.order_id = fact_order.order_id\n"
            "INNER JOIN analytics.dim_product\n"
            "    ON fact_order_item.product_key = dim_product.product_key\n"
            "INNER JOIN analytics.dim_customer\n"
            "    ON fact_order.customer_key = dim_customer.customer_key{where}\n"
            "GROUP BY dim_product.category\nORDER BY sales DESC\nLIMIT 10",
        ),
        Figure(
            "payments",
            "How people pay",
            "Value of payments by means. It differs from sales by interest of instalments and "
            "vouchers.",
            "SELECT fact_payment.payment_type, SUM(fact_payment.payment_value) AS paid\n"
            "FROM analytics.fact_payment\n"
            "INNER JOIN analytics.fact_order ON fact_payment.order_id = fact_order.order_id\n"
            "INNER JOIN analytics.dim_customer\n"
            "    ON fact_order.customer_key = dim_customer.customer_key{where}\n"
            "GROUP BY fact_payment.payment_type\nORDER BY paid DESC",
        ),
    ),
)

_PERSONS = "FROM analytics.single_customer_view"
CUSTOMERS = Dashboard(
    file="top-customers.html",
    title="Top Customers & Geographic Insights",
    question="Who are our customers, where do they live, and do they come back?",
    cubes=("customers_by_place", "top_customers", "segments", "cohorts", "reviews_by_delay"),
    state_column="state",
    tiles=(
        Figure(
            "persons",
            "Customers",
            "Persons, not accounts: one row of the single customer view each.",
            f"SELECT COUNT(*) AS persons\n{_PERSONS}{{where}}",
        ),
        Figure(
            "value",
            "Ordered by them",
            f"{_SALES}, by the state where the person lives now.",
            f"SELECT SUM(total_value) AS value\n{_PERSONS}{{where}}",
        ),
        Figure(
            "repeat",
            "Ordered again",
            "Share of persons with more than one order.",
            "SELECT CAST(SUM(CASE WHEN order_count > 1 THEN 1 ELSE 0 END) AS DOUBLE PRECISION)\n"
            f"    / NULLIF(COUNT(*), 0) AS repeat_share\n{_PERSONS}{{where}}",
        ),
        Figure(
            "top_share",
            "Held by the top 5 %",
            "Share of the value that the top 5 % of all persons, by value, have ordered for.",
            "SELECT SUM(CASE WHEN 20 * (place_in_line - 1) < customer_count\n"
            "        THEN total_value ELSE 0 END) AS top_value,\n"
            "    SUM(total_value) AS value\nFROM (\n"
            "    SELECT state, total_value, COUNT(*) OVER () AS customer_count,\n"
            "        ROW_NUMBER() OVER (ORDER BY total_value DESC, customer_unique_id ASC)\n"
            "            AS place_in_line\n"
            "    FROM analytics.single_customer_view\n) AS persons{where}",
        ),
    ),
    table=Figure(
        "top_ten",
        "Top 10 customers by what they ordered",
        "Persons by products and shipping of all their orders; their average review is of 5. "
        "Ids are cut; hold the pointer over a row for all of one.",
        "SELECT customer_unique_id, state, city, order_count, product_value, freight_value,\n"
        f"    total_value, average_review_score, segment\n{_PERSONS}{{where}}\n"
        "ORDER BY total_value DESC, customer_unique_id ASC\nLIMIT 10",
    ),
    charts=(
        Figure(
            "everybody",
            "Where customers live",
            "A circle a city, as large as it has customers.",
            f"SELECT state, city, COUNT(*) AS persons\n{_PERSONS}{{where}}\n"
            "GROUP BY state, city\nORDER BY persons DESC\nLIMIT 10",
        ),
        Figure(
            "spenders",
            "Where the top 5 % live",
            "The 5 % of all persons who ordered for most; a circle is as large as their orders.",
            "SELECT state, city, COUNT(*) AS persons, SUM(total_value) AS value\nFROM (\n"
            "    SELECT state, city, total_value, COUNT(*) OVER () AS customer_count,\n"
            "        ROW_NUMBER() OVER (ORDER BY total_value DESC, customer_unique_id ASC)\n"
            "            AS place_in_line\n"
            "    FROM analytics.single_customer_view\n) AS persons\n"
            "WHERE 20 * (place_in_line - 1) < customer_count{and}\n"
            "GROUP BY state, city\nORDER BY value DESC\nLIMIT 10",
        ),
        Figure(
            "segments",
            "Customers by segment",
            "RFM: how recently, how often and for how much a person ordered, by fixed steps; loyal "
            "and at risk ordered more than once, lapsed not for half a year.",
            f"SELECT segment, COUNT(*) AS persons, SUM(total_value) AS value\n{_PERSONS}{{where}}\n"
            "GROUP BY segment\nORDER BY persons DESC",
        ),
        Figure(
            "delay",
            "Review score by delay of the delivery",
            "Average score of delivered orders by whole days between promise and delivery; the "
            "outer bars hold all that is beyond.",
            "SELECT GREATEST(-14, LEAST(21, DATEDIFF(DAY, fact_order.estimated_delivery_at,\n"
            "        fact_order.delivered_at))) AS delay_days,\n"
            "    COUNT(*) AS orders,\n"
            "    CAST(SUM(fact_order.review_score) AS DOUBLE PRECISION) / COUNT(*) AS score\n"
            f"{_ORDERS}\n"
            "WHERE fact_order.delivered_at IS NOT NULL\n"
            "    AND fact_order.review_score IS NOT NULL{and}\n"
            "GROUP BY GREATEST(-14, LEAST(21, DATEDIFF(DAY, fact_order.estimated_delivery_at,\n"
            "        fact_order.delivered_at)))\nORDER BY delay_days",
        ),
        Figure(
            "cohorts",
            "Who comes back, by month of the first order",
            "Share of the persons of a month who ordered again so many months later; darkest is "
            "1 % and more.",
            "SELECT cohort_month, months_since, COUNT(DISTINCT customer_unique_id) AS persons\n"
            "FROM (\n"
            "    SELECT persons.state, persons.customer_unique_id,\n"
            "        CAST(DATE_TRUNC('month', persons.first_order_at) AS DATE) AS cohort_month,\n"
            "        DATEDIFF(MONTH, persons.first_order_at, fact_order.purchased_at)\n"
            "            AS months_since\n"
            "    FROM analytics.fact_order\n"
            "    INNER JOIN analytics.single_customer_view AS persons\n"
            "        ON fact_order.customer_unique_id = persons.customer_unique_id\n) AS months"
            "{where}\nGROUP BY cohort_month, months_since\nORDER BY cohort_month, months_since",
            shape="wide",
        ),
    ),
)
DASHBOARDS = (REGIONAL, CUSTOMERS)
