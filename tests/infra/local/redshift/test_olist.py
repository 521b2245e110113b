"""Analysts' SQL on the real orders gives the same numbers as Polars on the files."""

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.infra.local.redshift.conftest import Database, Place
from tests.infra.local.redshift.ledger import documented

TABLES = {
    "customers": "customer_id VARCHAR(32), customer_unique_id VARCHAR(32), zip INTEGER, "
    "city VARCHAR(100), state VARCHAR(2)",
    "orders": "order_id VARCHAR(32), customer_id VARCHAR(32), status VARCHAR(20), "
    "bought TIMESTAMP, approved TIMESTAMP, handed_over TIMESTAMP, delivered TIMESTAMP, "
    "promised TIMESTAMP",
    "order_items": "order_id VARCHAR(32), item INTEGER, product_id VARCHAR(32), "
    "seller_id VARCHAR(32), ship_by TIMESTAMP, price DECIMAL(10, 2), freight DECIMAL(10, 2)",
    "order_payments": "order_id VARCHAR(32), sequential INTEGER, kind VARCHAR(20), "
    "installments INTEGER, value DECIMAL(10, 2)",
}


@pytest.fixture
def olist(db: Database, place: Place, sample: Path) -> Iterator[Database]:
    """Four tables of the real sample, loaded by COPY."""
    for table, columns in TABLES.items():
        body = (sample / f"olist_{table}_dataset.csv").read_bytes()
        url = place.put(f"olist/{table}.csv", body)
        db.run(f"DROP TABLE IF EXISTS {table}")
        db.run(f"CREATE TABLE {table} ({columns})")
        db.run(f"COPY {table} FROM '{url}' IAM_ROLE '{place.role}' CSV IGNOREHEADER 1")
    yield db
    for table in TABLES:
        db.run(f"DROP TABLE {table}")


@pytest.fixture
def files(sample: Path) -> dict[str, pl.DataFrame]:
    """The same files, read by Polars."""
    frames = {}
    for table, columns in TABLES.items():
        names = re.findall(r"(\w+) [A-Z]+", columns)
        frame = pl.read_csv(sample / f"olist_{table}_dataset.csv", infer_schema=False)
        frames[table] = frame.rename(dict(zip(frame.columns, names, strict=True)))
    items = frames["order_items"]
    frames["order_items"] = items.with_columns(pl.col("price", "freight").cast(pl.Decimal(10, 2)))
    payments = frames["order_payments"]
    frames["order_payments"] = payments.with_columns(pl.col("value").cast(pl.Decimal(10, 2)))
    orders = frames["orders"]
    moments = ["bought", "approved", "handed_over", "delivered", "promised"]
    frames["orders"] = orders.with_columns(pl.col(moments).str.to_datetime("%Y-%m-%d %H:%M:%S"))
    return frames


def _same(olist: Database, sql: str, expected: pl.DataFrame) -> None:
    found = pl.read_database(sql, olist.connection)
    assert found.height > 0
    assert_frame_equal(
        found, expected, check_dtypes=False, check_row_order=False, check_column_order=False
    )


@documented("r_FROM_clause30")
def test_sales_by_state_match_polars(olist: Database, files: dict[str, pl.DataFrame]) -> None:
    expected = (
        files["order_items"]
        .join(files["orders"], on="order_id")
        .join(files["customers"], on="customer_id")
        .group_by("state")
        .agg(pl.col("order_id").n_unique().alias("orders"), pl.col("price").sum().alias("sales"))
    )
    sql = (
        "SELECT state, COUNT(DISTINCT order_id) AS orders, SUM(price) AS sales FROM order_items "
        "JOIN orders USING (order_id) JOIN customers USING (customer_id) GROUP BY state"
    )
    _same(olist, sql, expected)


@documented("r_WITH_clause")
def test_payments_that_differ_from_the_items_match_polars(
    olist: Database, files: dict[str, pl.DataFrame]
) -> None:
    items = files["order_items"].group_by("order_id").agg(
        (pl.col("price").sum() + pl.col("freight").sum()).alias("due")
    )  # fmt: skip
    paid = files["order_payments"].group_by("order_id").agg(pl.col("value").sum().alias("paid"))
    expected = items.join(paid, on="order_id").filter(pl.col("due") != pl.col("paid"))
    sql = (
        "WITH due AS (SELECT order_id, SUM(price + freight) AS due FROM order_items "
        "GROUP BY order_id), paid AS (SELECT order_id, SUM(value) AS paid FROM order_payments "
        "GROUP BY order_id) SELECT due.order_id, due, paid FROM due "
        "JOIN paid ON due.order_id = paid.order_id WHERE due <> paid"
    )
    _same(olist, sql, expected)


@documented("c_Window_functions")
def test_the_most_expensive_item_of_each_order_matches_polars(
    olist: Database, files: dict[str, pl.DataFrame]
) -> None:
    expected = (
        files["order_items"]
        .sort("price", "item", descending=[True, False])
        .group_by("order_id", maintain_order=True)
        .first()
        .select("order_id", "product_id", "price")
    )
    sql = (
        "SELECT order_id, product_id, price FROM (SELECT order_id, product_id, price, "
        "ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY price DESC, item) AS place "
        "FROM order_items) AS ranked WHERE place = 1"
    )
    _same(olist, sql, expected)


@documented("r_DATE_TRUNC")
def test_late_orders_by_month_match_polars(olist: Database, files: dict[str, pl.DataFrame]) -> None:
    late = pl.col("delivered") > pl.col("promised")
    expected = (
        files["orders"]
        .filter(pl.col("delivered").is_not_null())
        .group_by(pl.col("bought").dt.truncate("1mo").alias("month"))
        .agg(pl.len().alias("orders"), late.sum().alias("late"))
    )
    sql = (
        "SELECT DATE_TRUNC('month', bought) AS month, COUNT(*) AS orders, "
        "SUM(CASE WHEN delivered > promised THEN 1 ELSE 0 END) AS late FROM orders "
        "WHERE delivered IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    _same(olist, sql, expected)


@documented("r_correlated_subqueries")
def test_repeat_customers_match_polars(olist: Database, files: dict[str, pl.DataFrame]) -> None:
    joined = files["orders"].join(files["customers"], on="customer_id")
    again = joined.group_by("customer_unique_id").agg(pl.len().alias("n")).filter(pl.col("n") > 1)
    expected = pl.DataFrame({"people": [again.height], "orders": [int(again["n"].sum() or 0)]})
    sql = (
        "SELECT COUNT(DISTINCT c.customer_unique_id) AS people, COUNT(*) AS orders "
        "FROM orders AS o, customers AS c WHERE o.customer_id = c.customer_id AND EXISTS "
        "(SELECT 1 FROM customers AS d WHERE d.customer_unique_id = c.customer_unique_id "
        "AND d.customer_id <> c.customer_id)"
    )
    _same(olist, sql, expected)


@documented("r_PERCENTILE_CONT")
def test_days_to_delivery_match_polars(olist: Database, files: dict[str, pl.DataFrame]) -> None:
    days = (
        files["orders"]
        .filter(pl.col("delivered").is_not_null())
        .select((pl.col("delivered").dt.date() - pl.col("bought").dt.date()).dt.total_days())
        .to_series()
    )
    expected = pl.DataFrame({"average": [days.sum() // days.len()], "median": [days.median()]})
    sql = (
        "SELECT AVG(DATEDIFF(day, bought, delivered)) AS average, "  # integers: truncated
        "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CAST(DATEDIFF(day, bought, delivered) "
        "AS DOUBLE PRECISION)) AS median FROM orders WHERE delivered IS NOT NULL"
    )
    _same(olist, sql, expected)
