"""What a profile finds wrong in raw data, and what the data says about the business."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

Tables = Mapping[str, pl.LazyFrame]
_SOLD = ("canceled", "unavailable")


@dataclass(frozen=True)
class Finding:
    """Rows that do what one would not expect, and how the pipeline treats them."""

    what: str
    count: int
    of: int
    treated: str

    @property
    def percent(self) -> float:
        """Share of the rows, in percent."""
        return 100 * self.count / self.of if self.of else 0.0


@dataclass(frozen=True)
class Business:
    """Key figures and series."""

    figures: list[tuple[str, str]]
    sales: list[tuple[str, float, str]] = field(default_factory=list)
    delivery_days: list[tuple[str, float, str]] = field(default_factory=list)
    late: list[tuple[str, float, str]] = field(default_factory=list)
    scores: list[tuple[str, float, str]] = field(default_factory=list)
    states: list[tuple[str, float]] = field(default_factory=list)
    categories: list[tuple[str, float]] = field(default_factory=list)


def inconsistencies(tables: Tables) -> list[Finding]:
    """Known kinds of trouble, counted."""
    orders, items, payments = tables["orders"], tables["order_items"], tables["order_payments"]
    placed, approved, shipped, delivered, due = (
        pl.col(name)
        for name in (
            "order_purchase_timestamp",
            "order_approved_at",
            "order_delivered_carrier_date",
            "order_delivered_customer_date",
            "order_estimated_delivery_date",
        )
    )
    totals = (
        items.group_by("order_id")
        .agg((pl.col("price") + pl.col("freight_value")).sum().alias("items"))
        .join(
            payments.group_by("order_id").agg(pl.col("payment_value").sum().alias("paid")),
            on="order_id",
        )
    )
    points, customers, reviews = tables["geolocation"], tables["customers"], tables["order_reviews"]
    lat, lng = pl.col("geolocation_lat"), pl.col("geolocation_lng")
    asked = [
        ("an order was handed over before it was approved", orders, approved > shipped, "info"),
        ("an order was handed over before it was placed", orders, placed > shipped, "info"),
        ("an order was delivered before it was handed over", orders, shipped > delivered, "info"),
        ("an order was delivered before it was placed", orders, placed > delivered, "stops"),
        ("an order is due before it was placed", orders, placed > due, "stops"),
        (
            "an order is delivered, but nobody knows when",
            orders,
            (pl.col("order_status") == "delivered") & delivered.is_null(),
            "no delivery days, not counted as late",
        ),
        (
            "an order has no items",
            orders.join(
                items.select("order_id", pl.lit(1).alias("known")).unique(),
                on="order_id",
                how="left",
            ),
            pl.col("known").is_null(),
            "worth R$ 0.00",
        ),
        (
            "what was paid differs from the items by more than a cent",
            totals,
            (pl.col("items") - pl.col("paid")).abs() > 0.01,
            "an order is worth its items; payments are kept beside",
        ),
        (
            "a payment is of R$ 0.00",
            payments,
            pl.col("payment_value") == 0,
            "kept",
        ),
        (
            "a review id stands at several orders",
            reviews,
            pl.col("review_id").is_duplicated(),
            "kept with each order",
        ),
        (
            "an order has several reviews",
            reviews,
            pl.col("order_id").is_duplicated(),
            "the latest answered one counts",
        ),
        (
            "a product has no category",
            tables["products"],
            pl.col("product_category_name").is_null(),
            "category “unknown”",
        ),
        (
            "a point lies outside Brazil",
            points,
            ~(lat.is_between(-33.8, 5.3) & lng.is_between(-74.0, -32.3)),
            "left out of the middle of its zip code",
        ),
        ("a point is listed twice or more", points, pl.struct(pl.all()).is_duplicated(), "median"),
        (
            "a customer's zip code has no point",
            customers.join(
                points.select(
                    pl.col("geolocation_zip_code_prefix").alias("customer_zip_code_prefix"),
                    pl.lit(1).alias("known"),
                ).unique(),
                on="customer_zip_code_prefix",
                how="left",
            ),
            pl.col("known").is_null(),
            "no position",
        ),
    ]
    found = pl.collect_all(
        [
            frame.select(wrong.fill_null(value=False).sum().alias("count"), pl.len().alias("of"))
            for _, frame, wrong, _ in asked
        ]
    )
    return [
        Finding(what, counts["count"].item(), counts["of"].item(), treated)
        for (what, _, _, treated), counts in zip(asked, found, strict=True)
    ]


def business(tables: Tables) -> Business:
    """Sales, delivery and reviews; an order is worth the price and freight of its items."""
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
    cancelled = orders.filter(pl.col("order_status").is_in(_SOLD))
    scored = reviews.select((pl.col("review_score") * pl.col("len")).sum() / pl.col("len").sum())
    return Business(
        figures=[
            ("orders", f"{orders.height:,}"),
            ("persons", f"{persons.height:,}"),
            ("of them order again", f"{100 * _mean(persons, 'again'):.1f} %"),
            ("R$ of all items and their freight", f"{orders['value'].sum():,.2f}"),
            ("R$ of cancelled and unavailable orders", f"{cancelled['value'].sum():,.2f}"),
            ("R$ an order", f"{float(orders['value'].sum()) / orders.height:,.2f}"),
            ("days to deliver (median)", f"{orders['days'].median() or 0:,.0f}"),
            ("of the delivered came late", f"{100 * _mean(orders, 'late'):.1f} %"),
            ("average score of 5", f"{scored.item() or 0:.2f}"),
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
