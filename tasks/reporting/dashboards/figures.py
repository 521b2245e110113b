"""The figures of the dashboards: title, definition, and the query that recomputes each figure.

`{where}` and `{and}` are placeholders for the filters that are set in the page, `{months}` for the
filter of months alone: charts that compare states show all states, and highlight the selected one.
A test runs every query, with and without filters, and compares its result with the page.
"""

from dataclasses import dataclass, field
from typing import Literal

_ORDERS = (
    "FROM analytics.fact_order\n"
    "INNER JOIN analytics.dim_customer ON fact_order.customer_key = dim_customer.customer_key"
)
_STATE = "COALESCE(dim_customer.state, '??')"
_SALES = "Sales are price and freight of all items ordered, cancelled orders included"


@dataclass(frozen=True)
class Bars:
    """A bar chart of money, which needs no code of its own: one bar for each value of a column.

    The page sums the rows of a packed query for the chosen filters and draws the ten largest bars.
    """

    rows: str  # the query: a file in sql/dashboards, without its ending
    by: str  # the column that names the bars
    money: str  # the column that is summed, in R$
    count: str  # the column with the number of things behind the money
    noun: str  # what these rows are: items
    says: (
        str  # sentence above the chart; {first} is the largest bar, {share} its share of the total
    )
    labels: Literal["money", "share"] = "money"  # the label at the end of a bar


@dataclass(frozen=True)
class Figure:
    """A tile or a chart of a page."""

    id: str
    title: str
    definition: str
    sql: str
    bars: Bars | None = None  # None: charts.py and page/*.js draw it
    shape: str = ""  # wide: full width; tall: two rows high


@dataclass(frozen=True)
class Dashboard:
    """A page: its figures, and the columns that its filters apply to."""

    file: str
    title: str
    question: str
    tiles: tuple[Figure, ...]
    table: Figure | None = field(default=None, kw_only=True)
    charts: tuple[Figure, ...]
    queries: tuple[str, ...]  # files in sql/dashboards, without those of `bars`
    state_column: str
    month_column: str | None = None

    @property
    def all_queries(self) -> tuple[str, ...]:
        """The queries of all its figures."""
        return tuple(dict.fromkeys([*self.queries, *(f.bars.rows for f in self.charts if f.bars)]))


REGIONAL = Dashboard(
    file="regional-sales.html",
    title="Regional Sales & Performance Trends",
    question="Where do we sell, is it growing, and do parcels arrive in time?",
    queries=("sales_by_place",),
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
            "All orders, whatever their status.",
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
            "Share of the delivered orders that arrived after the promised day.",
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
            "Average from 1 to 5; an order counts once, with its most recently answered review.",
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
            "The ten states with most sales in the selected months, each on its own scale; the "
            "dashed line is the linear trend.",
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
            "Sales divided by orders; the ten states with most sales in the selected months, and "
            "the selected state.",
            f"SELECT {_STATE} AS state,\n"
            "    ROUND(CAST(SUM(fact_order.order_value) AS DECIMAL(18, 2))\n"
            "        / CAST(COUNT(*) AS DECIMAL(10, 0)), 2) AS average_order,\n"
            f"    SUM(fact_order.order_value) AS sales\n{_ORDERS}{{months}}\n"
            f"GROUP BY {_STATE}\nORDER BY sales DESC",
        ),
        Figure(
            "cities",
            "Orders by customer's city, top 10",
            "The city of the order's delivery address.",
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
            "Price and freight of the items of a category; its name is in English if translated.",
            "SELECT dim_product.category,\n"
            "    SUM(fact_order_item.price + fact_order_item.freight_value) AS sales\n"
            "FROM analytics.fact_order_item\n"
            "INNER JOIN analytics.fact_order ON fact_order_item.order_id = fact_order.order_id\n"
            "INNER JOIN analytics.dim_product\n"
            "    ON fact_order_item.product_key = dim_product.product_key\n"
            "INNER JOIN analytics.dim_customer\n"
            "    ON fact_order.customer_key = dim_customer.customer_key{where}\n"
            "GROUP BY dim_product.category\nORDER BY sales DESC\nLIMIT 10",
            bars=Bars(
                rows="sales_by_category",
                by="category",
                money="total_value",
                count="item_count",
                noun="items",
                says="{first} leads with {share} of sales.",
            ),
        ),
        Figure(
            "payments",
            "How customers pay",
            "Value of the payments by payment type. It differs from sales by the interest on "
            "instalments and by vouchers.",
            "SELECT fact_payment.payment_type, SUM(fact_payment.payment_value) AS paid\n"
            "FROM analytics.fact_payment\n"
            "INNER JOIN analytics.fact_order ON fact_payment.order_id = fact_order.order_id\n"
            "INNER JOIN analytics.dim_customer\n"
            "    ON fact_order.customer_key = dim_customer.customer_key{where}\n"
            "GROUP BY fact_payment.payment_type\nORDER BY paid DESC",
            bars=Bars(
                rows="payments",
                by="payment_type",
                money="payment_value",
                count="payment_count",
                noun="payments",
                says="{first} pays {share} of the value.",
                labels="share",
            ),
        ),
    ),
)

_PERSONS = "FROM analytics.single_customer_view"
CUSTOMERS = Dashboard(
    file="top-customers.html",
    title="Top Customers & Geographic Insights",
    question="Who are our customers, where do they live, and do they come back?",
    queries=("customers_by_place", "top_customers", "segments", "cohorts", "reviews_by_delay"),
    state_column="state",
    tiles=(
        Figure(
            "persons",
            "Customers",
            "Persons, not accounts: one row per person in the single customer view.",
            f"SELECT COUNT(*) AS persons\n{_PERSONS}{{where}}",
        ),
        Figure(
            "value",
            "Order value",
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
            "Share of the top 5 %",
            "Share of the order value of the 5 % of all persons with the highest value.",
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
        "Top 10 customers by order value",
        "Persons by price and shipping of all their orders; the average review is from 1 to 5. "
        "Ids are shortened; hold the pointer over a row to see the full id.",
        "SELECT customer_unique_id, state, city, order_count, product_value, freight_value,\n"
        f"    total_value, average_review_score, segment\n{_PERSONS}{{where}}\n"
        "ORDER BY total_value DESC, customer_unique_id ASC\nLIMIT 10",
    ),
    charts=(
        Figure(
            "everybody",
            "Where customers live",
            "One circle per city; its size is the number of customers.",
            f"SELECT state, city, COUNT(*) AS persons\n{_PERSONS}{{where}}\n"
            "GROUP BY state, city\nORDER BY persons DESC\nLIMIT 10",
        ),
        Figure(
            "spenders",
            "Where the top 5 % live",
            "The 5 % of all persons with the highest order value; circles are sized by it.",
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
            "RFM: how recently, how often and for how much a person ordered, in fixed steps. Loyal "
            "and at risk: more than one order. Lapsed: no order for half a year.",
            f"SELECT segment, COUNT(*) AS persons, SUM(total_value) AS value\n{_PERSONS}{{where}}\n"
            "GROUP BY segment\nORDER BY persons DESC",
        ),
        Figure(
            "delay",
            "Review score by delay of the delivery",
            "Average score of delivered orders by whole days between promised and actual delivery; "
            "the outer bars include all values beyond them.",
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
            "Share of a month's first-time customers who ordered again, by months since then; "
            "darkest is 1 % and more.",
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
