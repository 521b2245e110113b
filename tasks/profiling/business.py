"""Business figures of the raw data: sales, delivery, reviews."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

Tables = Mapping[str, pl.LazyFrame]
_NOT_SOLD = ("canceled", "unavailable")


@dataclass(frozen=True)
class Business:
    """Key figures as (label, text), and series of bars as (label, value[, tone]).

    Sales, states and categories are in R$; `late` is in percent; `scores` counts reviews.
    """

    figures: list[tuple[str, str]]
    sales: list[tuple[str, float, str]] = field(default_factory=list)
    delivery_days: list[tuple[str, float, str]] = field(default_factory=list)
    late: list[tuple[str, float, str]] = field(default_factory=list)
    scores: list[tuple[str, float, str]] = field(default_factory=list)
    states: list[tuple[str, float]] = field(default_factory=list)
    categories: list[tuple[str, float]] = field(default_factory=list)


def business(tables: Tables) -> Business:
    """Compute sales, delivery and review figures.

    The value of an order is the price and freight of its items, in R$.

    Args:
        tables: The source tables by name, typed by their contracts.
    """
    orders = (
        tables["orders"]
        .join(
            tables["order_items"]
            .group_by("order_id")
            .agg((pl.col("price") + pl.col("freight_value")).sum().alias("value")),
            on="order_id",
            how="left",
        )
        .join(tables["customers"], on="customer_id", how="left")
        .with_columns(
            pl.col("value").fill_null(0),
            pl.col("order_purchase_timestamp").dt.strftime("%Y-%m").alias("month"),
            (pl.col("order_delivered_customer_date") - pl.col("order_purchase_timestamp"))
            .dt.total_days()
            .alias("days"),
            (
                pl.col("order_delivered_customer_date").dt.date()
                > pl.col("order_estimated_delivery_date").dt.date()
            ).alias("late"),
        )
        .collect()
    )
    if orders.is_empty():
        return Business(figures=[("orders", "0")])
    months = (
        orders.group_by("month")
        .agg(pl.col("value").sum(), pl.col("days").median(), pl.col("late").mean() * 100)
        .sort("month")
    )
    persons = orders.group_by("customer_unique_id").agg((pl.len() > 1).alias("again"))
    reviews = tables["order_reviews"].group_by("review_score").len().sort("review_score").collect()
    cancelled = orders.filter(pl.col("order_status").is_in(_NOT_SOLD))
    scored = reviews.select((pl.col("review_score") * pl.col("len")).sum() / pl.col("len").sum())
    return Business(
        figures=[
            ("orders", f"{orders.height:,}"),
            ("persons", f"{persons.height:,}"),
            ("of persons ordered again", f"{100 * _mean(persons, 'again'):.1f} %"),
            ("R$ of all items and their freight", f"{orders['value'].sum():,.2f}"),
            ("R$ of cancelled and unavailable orders", f"{cancelled['value'].sum():,.2f}"),
            ("R$ per order", f"{float(orders['value'].sum()) / orders.height:,.2f}"),
            ("days to deliver (median)", f"{orders['days'].median() or 0:,.0f}"),
            ("of delivered orders were late", f"{100 * _mean(orders, 'late'):.1f} %"),
            ("average review score (1 to 5)", f"{scored.item() or 0:.2f}"),
        ],
        sales=[(m, float(v), "plain") for m, v in months.select("month", "value").iter_rows()],
        delivery_days=[(m, d or 0, "plain") for m, d in months.select("month", "days").iter_rows()],
        late=[(m, p or 0, "plain") for m, p in months.select("month", "late").iter_rows()],
        scores=[(str(score), count, "plain") for score, count in reviews.iter_rows()],
        states=_top(orders, "customer_state"),
        categories=_top(
            tables["order_items"]
            .join(tables["products"], on="product_id", how="left")
            .select(
                pl.col("product_category_name").fill_null("unknown"),
                (pl.col("price") + pl.col("freight_value")).alias("value"),
            )
            .collect(),
            "product_category_name",
        ),
    )


def _top(frame: pl.DataFrame, column: str) -> list[tuple[str, float]]:
    totals = frame.group_by(column).agg(pl.col("value").sum()).sort("value", descending=True)
    return [(str(name)[:16], float(value)) for name, value in totals.head(10).iter_rows()]


def _mean(frame: pl.DataFrame, column: str) -> float:
    return frame.select(pl.col(column).mean().fill_null(0)).item()
