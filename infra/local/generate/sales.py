"""Generate products, orders, order items, payments and reviews."""

import numpy as np
import polars as pl

from infra.local.generate.people import ids
from infra.local.generate.words import CATEGORIES, MESSAGES, TITLES, UNTRANSLATED

_STATUSES = {
    "delivered": 0.970, "shipped": 0.011, "canceled": 0.0063, "unavailable": 0.0061,
    "invoiced": 0.0032, "processing": 0.0030, "created": 0.0002, "approved": 0.0002,
}  # fmt: skip
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
# relative number of purchases by hour of the day, from midnight
_BY_HOUR = np.array([2, 1, 0.5, 0.3, 0.2, 0.2, 0.5, 1.2, 3, 5, *[6.3] * 11, 6, 5.5, 4])


def translations() -> pl.DataFrame:
    """Return the English names of the product categories; two categories have none."""
    return pl.DataFrame(
        {
            "product_category_name": list(CATEGORIES),
            "product_category_name_english": list(CATEGORIES.values()),
        }
    )


def products(rng: np.random.Generator, count: int) -> pl.DataFrame:
    """Generate products with a price; one in fifty has no category and no description."""
    names = np.array([*CATEGORIES, *UNTRANSLATED])
    weights = 1 / np.arange(2, len(names) + 2)
    described = rng.random(count) > 0.02

    def some(low: int, high: int) -> pl.Series:
        return pl.Series(rng.integers(low, high, count))

    return pl.DataFrame(
        {
            "product_id": ids(rng, count),
            "product_category_name": rng.choice(names, count, p=weights / weights.sum()),
            "product_name_lenght": some(20, 64),
            "product_description_lenght": some(50, 4000),
            "product_photos_qty": some(1, 8),
            "product_weight_g": some(50, 30_000),
            "product_length_cm": some(7, 105),
            "product_height_cm": some(2, 105),
            "product_width_cm": some(6, 118),
            "price": np.round(np.clip(rng.lognormal(4.3, 0.9, count), 0.85, 6735), 2),
        }
    ).with_columns(
        pl.when(pl.Series(described)).then(pl.col(name)).alias(name)
        for name in (
            "product_category_name",
            "product_name_lenght",
            "product_description_lenght",
            "product_photos_qty",
        )
    )


def orders(
    rng: np.random.Generator,
    order_ids: np.ndarray,
    customer_ids: pl.Series,
    period: tuple[np.datetime64, np.datetime64],
    dumped_at: np.datetime64,
) -> pl.DataFrame:
    """Generate one order per customer, in order of purchase; sales grow over the period.

    Args:
        rng: Source of random numbers.
        order_ids: One id per order.
        customer_ids: One customer per order.
        period: First day of purchases, and the day after the last one.
        dumped_at: No approval, shipping or delivery is later.
    """
    count = len(order_ids)
    first, last = (day.astype("datetime64[s]") for day in period)
    length = (last - first).astype(int)
    # the square root makes sales grow linearly over the period
    day = (first + (np.sqrt(rng.random(count)) * length).astype("timedelta64[s]")).astype(
        "datetime64[D]"
    )
    hour = rng.choice(24, count, p=_normal(_BY_HOUR))
    bought = np.sort(day + _seconds((hour + rng.random(count)) * _HOUR))
    status = rng.choice(list(_STATUSES), count, p=_normal(np.array(list(_STATUSES.values()))))
    approved = bought + _seconds(rng.exponential(10 * _HOUR, count))
    shipped = approved + _seconds(rng.gamma(2, 1.3 * _DAY, count))
    delivered = shipped + _seconds(rng.gamma(2, 4.5 * _DAY, count))
    approved, shipped, delivered = (
        np.minimum(moment, dumped_at) for moment in (approved, shipped, delivered)
    )
    promised = (bought + _seconds(rng.normal(24 * _DAY, 6 * _DAY, count).clip(4 * _DAY))).astype(
        "datetime64[D]"
    )
    was_approved = ~np.isin(status, ["created"]) & (rng.random(count) > 0.001)
    was_shipped = np.isin(status, ["delivered", "shipped"])
    was_delivered = (status == "delivered") & (rng.random(count) > 0.0001)
    return pl.DataFrame(
        {
            "order_id": order_ids,
            "customer_id": customer_ids,
            "order_status": status,
            "order_purchase_timestamp": _time(bought),
            "order_approved_at": _time(approved, was_approved),
            "order_delivered_carrier_date": _time(shipped, was_shipped),
            "order_delivered_customer_date": _time(delivered, was_delivered),
            "order_estimated_delivery_date": _time(promised),
        }
    )


def items(
    rng: np.random.Generator, sold: pl.DataFrame, goods: pl.DataFrame, seller_ids: pl.Series
) -> pl.DataFrame:
    """Generate items, mostly one per order; unavailable and many canceled orders have none."""
    status = sold["order_status"].to_numpy()
    per_order = rng.choice([1, 2, 3, 4, 6], sold.height, p=[0.88, 0.08, 0.025, 0.01, 0.005])
    per_order[status == "unavailable"] = 0
    per_order[(status == "canceled") & (rng.random(sold.height) < 0.25)] = 0
    order = np.repeat(np.arange(sold.height), per_order)
    number = np.arange(len(order)) - np.repeat(np.cumsum(per_order) - per_order, per_order) + 1
    # some products sell far better than others; a product has one seller
    product = (rng.random(len(order)) ** 2 * goods.height).astype(int)
    seller = (product * 7919) % len(seller_ids)
    return pl.DataFrame(
        {
            "order_id": sold["order_id"].gather(order),
            "order_item_id": number,
            "product_id": goods["product_id"].gather(product),
            "seller_id": seller_ids.gather(seller),
            "shipping_limit_date": sold["order_purchase_timestamp"].gather(order)
            + _span(rng.uniform(2 * _DAY, 8 * _DAY, len(order))),
            "price": _money(goods["price"].to_numpy()[product]),
            "freight_value": _money(rng.gamma(3, 6.7, len(order))),
        }
    )


def payments(rng: np.random.Generator, order_ids: pl.Series, lines: pl.DataFrame) -> pl.DataFrame:
    """Generate payments of the item totals; some are split with a voucher or include interest.

    One order has no payment. Orders without items have a payment of R$ 0.00 of type `not_defined`.
    """
    totals = (
        lines.group_by("order_id", maintain_order=True)
        .agg((pl.col("price") + pl.col("freight_value")).sum().alias("total"))
        .join(order_ids.to_frame(), on="order_id", how="right", maintain_order="right")
    )
    cents = (totals["total"].fill_null(0).cast(pl.Float64).to_numpy() * 100).round().astype(int)
    count = len(cents)
    kind = rng.choice(
        ["credit_card", "boleto", "voucher", "debit_card"], count, p=[0.755, 0.195, 0.035, 0.015]
    )
    kind[cents == 0] = "not_defined"
    card = kind == "credit_card"
    instalments = np.where(card, rng.integers(1, 11, count), 1)
    interest = card & (instalments > 6) & (rng.random(count) < 0.01)
    cents = np.where(interest, (cents * 1.03).astype(int), cents)
    split = card & (rng.random(count) < 0.03) & (cents > 100)
    voucher = np.where(split, cents // 3, 0)
    table = pl.DataFrame(
        {
            "order_id": totals["order_id"],
            "payment_sequential": 1,
            "payment_type": kind,
            "payment_installments": instalments,
            "cents": cents - voucher,
        }
    ).with_row_index()
    vouchers = table.filter(pl.Series(split)).with_columns(
        pl.lit(2).alias("payment_sequential").cast(pl.Int32),
        pl.lit("voucher").alias("payment_type"),
        pl.lit(1).alias("payment_installments").cast(pl.Int64),
        pl.Series("cents", voucher[split]),
    )
    unpaid = rng.integers(0, count)  # the real data has one order without a payment, too
    both = pl.concat([table, vouchers]).sort("index", "payment_sequential")
    if count > 1:
        both = both.filter(pl.col("index") != unpaid)
    return both.with_columns((pl.col("cents") / 100).cast(pl.Decimal(12, 2)).alias("payment_value"))


def reviews(rng: np.random.Generator, sold: pl.DataFrame) -> pl.DataFrame:
    """Generate reviews: most orders have one, a few have two, and some share a review id."""
    draw = rng.random(sold.height)
    per_order = np.where(draw < 0.008, 0, np.where(draw > 0.995, 2, 1))
    order = np.repeat(np.arange(sold.height), per_order)
    count = len(order)
    review_ids = ids(rng, count)
    shared = np.flatnonzero((rng.random(count) < 0.008) & (np.arange(count) > 0))
    shared = shared[order[shared] != order[shared - 1]]
    review_ids[shared] = review_ids[shared - 1]
    score = rng.choice([1, 2, 3, 4, 5], count, p=[0.115, 0.032, 0.082, 0.193, 0.578])
    end = sold["order_estimated_delivery_date"].gather(order)
    created = end + _span(rng.integers(-10, 3, count) * _DAY)
    answered = created + _span(rng.exponential(2 * _DAY, count))
    has_title, has_message = rng.random(count) < 0.12, rng.random(count) < 0.41
    return pl.DataFrame(
        {
            "review_id": review_ids,
            "order_id": sold["order_id"].gather(order),
            "review_score": score,
            "review_comment_title": pl.Series(rng.choice(TITLES, count)),
            "review_comment_message": pl.Series(rng.choice(MESSAGES, count)),
            "review_creation_date": created,
            "review_answer_timestamp": answered,
        }
    ).with_columns(
        pl.when(pl.Series(has_title)).then("review_comment_title").alias("review_comment_title"),
        pl.when(pl.Series(has_message))
        .then("review_comment_message")
        .alias("review_comment_message"),
    )


def _normal(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()


def _seconds(values: np.ndarray) -> np.ndarray:
    return values.astype(int).astype("timedelta64[s]")


def _span(seconds: np.ndarray) -> pl.Series:
    return pl.Series(_seconds(seconds).astype("timedelta64[ms]"))


def _time(moments: np.ndarray, present: np.ndarray | None = None) -> pl.Series:
    series = pl.Series(moments.astype("datetime64[ms]"))
    if present is None:
        return series
    return pl.DataFrame({"t": series}).select(pl.when(pl.Series(present)).then("t")).to_series()


def _money(values: np.ndarray) -> pl.Series:
    return pl.Series(np.round(values, 2)).cast(pl.Decimal(12, 2))
