"""Known inconsistencies in the raw data."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

Tables = Mapping[str, pl.LazyFrame]


@dataclass(frozen=True)
class Finding:
    """Rows with an unexpected property, and how the pipeline treats them."""

    what: str
    count: int
    of: int
    treated: str

    @property
    def percent(self) -> float:
        """Share of the rows, in percent."""
        return 100 * self.count / self.of if self.of else 0.0


def inconsistencies(tables: Tables) -> list[Finding]:
    """Count the rows of each known inconsistency."""
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
            "an order is delivered, but has no delivery time",
            orders,
            (pl.col("order_status") == "delivered") & delivered.is_null(),
            "delivery days are empty; not counted as late",
        ),
        (
            "an order has no items",
            orders.join(
                items.select("order_id", pl.lit(1).alias("known")).unique(),
                on="order_id",
                how="left",
            ),
            pl.col("known").is_null(),
            "order value R$ 0.00",
        ),
        (
            "the payments of an order differ from its items by more than a cent",
            totals,
            (pl.col("items") - pl.col("paid")).abs() > 0.01,
            "the order value is that of its items; payments are kept separately",
        ),
        (
            "a payment is R$ 0.00",
            payments,
            pl.col("payment_value") == 0,
            "kept",
        ),
        (
            "a review id belongs to several orders",
            reviews,
            pl.col("review_id").is_duplicated(),
            "kept with each order",
        ),
        (
            "an order has several reviews",
            reviews,
            pl.col("order_id").is_duplicated(),
            "the most recently answered review counts",
        ),
        (
            "a product has no category",
            tables["products"],
            pl.col("product_category_name").is_null(),
            "its category is “unknown”",
        ),
        (
            "a point is outside Brazil",
            points,
            ~(lat.is_between(-33.8, 5.3) & lng.is_between(-74.0, -32.3)),
            "excluded from the position of its zip code",
        ),
        (
            "a point is listed twice or more",
            points,
            pl.struct(pl.all()).is_duplicated(),
            "kept; the position of a zip code is the median",
        ),
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
            "the zip code has no position",
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
