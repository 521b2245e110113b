"""Defects planted into the real data, one at a time, and the check that finds each.

`make docs` generates `docs/mutations.md` from this module.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from infra.contracts import contracts

Text = Callable[[str], str]
Edited = dict[str, pl.DataFrame]


class Frames:
    """The tables of a source as text, each read on access."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, table: str) -> pl.DataFrame:
        return pl.read_csv(self._folder / contracts()[table].source_file, infer_schema=False)


@dataclass(frozen=True)
class Mutation:
    """A defect, and the expectation that finds it: gate, severity and reason.

    One of `edit` (columns of tables), `text` (a file as text) and `sql` plants the defect.
    """

    defect: str
    gate: str  # or "source" if the files are refused before the upload
    found_by: str  # id of the expectation; where the files are refused, words of the message
    severity: str = "critical"
    edit: Callable[[Frames], Edited] | None = None
    text: tuple[str, Text] | None = None
    sql: str = ""  # runs before the gate; for star and marts, after the models are computed
    undo: str = ""  # removes rows that `sql` has published
    history: bool = False  # needs ten published batches similar to the clean one


def write(mutation: Mutation, clean: Path, folder: Path) -> Path:
    """The files with the defect, in a new folder."""
    folder.mkdir()
    for contract in contracts().values():
        (folder / contract.source_file).symlink_to(clean / contract.source_file)
    if mutation.edit:
        before = Frames(clean)
        for table, frame in mutation.edit(before).items():
            path = folder / contracts()[table].source_file
            path.unlink()
            frame.write_csv(path)
    if mutation.text:
        table, change = mutation.text
        path = folder / contracts()[table].source_file
        old = path.read_text()
        path.unlink()
        if new := change(old):
            path.write_text(new)
    return folder


def _set(table: str, **columns: pl.Expr) -> Callable[[Frames], Edited]:
    return lambda frames: {table: frames[table].with_columns(**columns)}


def _where(condition: pl.Expr, column: str, value: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(value).otherwise(pl.col(column))


def _moved(column: str, by: str) -> pl.Expr:
    form = "%Y-%m-%d %H:%M:%S"
    return pl.col(column).str.to_datetime(form).dt.offset_by(by).dt.strftime(form)


def _all_moved(by: str) -> Callable[[Frames], Edited]:
    columns = [
        "order_purchase_timestamp", "order_approved_at", "order_delivered_carrier_date",
        "order_delivered_customer_date", "order_estimated_delivery_date",
    ]  # fmt: skip
    return _set("orders", **{column: _moved(column, by) for column in columns})


def _times(column: str, factor: float) -> pl.Expr:
    return (
        (pl.col(column).cast(pl.Float64) * factor).round(2).cast(pl.Decimal(12, 2)).cast(pl.String)
    )


def _half_is(column: str, value: str) -> pl.Expr:
    return _where(pl.int_range(pl.len()) % 2 == 0, column, pl.lit(value))


def _more(table: str, rows: int, **columns: pl.Expr) -> Callable[[Frames], Edited]:
    def edit(frames: Frames) -> Edited:
        extra = frames[table].head(rows).with_columns(**columns)
        return {table: pl.concat([frames[table], extra])}

    return edit


def _first_orders(rows: int) -> Callable[[Frames], Edited]:
    """Keep the first orders with all that belongs to them, so that no proportion changes."""

    def edit(frames: Frames) -> Edited:
        orders = frames["orders"].head(rows)
        parts = {
            table: frames[table].join(orders.select("order_id"), on="order_id", how="semi")
            for table in ("order_items", "order_payments", "order_reviews")
        }
        return {"orders": orders, **parts}

    return edit


def _mojibake(text: str) -> str:
    return text.encode().decode("latin-1")


_NEW = pl.concat_str(pl.lit("f" * 24), pl.int_range(pl.len()).cast(pl.String).str.zfill(8))
_NUMBER = pl.int_range(pl.len())
_FIFTH = _NUMBER == 5
_PAID = "staging.order_items.payment_difference_share_10"
_ORDERED = "staging.orders.after_purchase"
_STARTED = "staging.orders.purchase_after_start"
_TWICE = "raw.files.keys_unique"
_QUARANTINE = "raw.files.quarantine_share"
_IN_QUARANTINE = "raw.files.quarantine_empty"

FILES = [
    Mutation("a file is missing", "source", "missing", text=("order_items", lambda _: "")),
    Mutation("a column is renamed", "source", "column order_status is missing", text=("orders", lambda t: t.replace("order_status", "status", 1))),
    Mutation("a file is cut off inside a quoted text", "source", "opened and never closed", text=("order_reviews", lambda t: t[: t.rindex('"', 0, len(t) // 2) + 1] + '\nx,y,5,"cut')),
    Mutation("an index column that pandas wrote", "source", "the first column has no name", text=("sellers", lambda t: "\n".join(f"{n or ''},{line}" for n, line in enumerate(t.splitlines())))),
    Mutation("a quote that is opened and not closed", "raw", _IN_QUARANTINE, "warning", text=("order_reviews", lambda t: t.replace(",,,2018", ',,",2018', 1))),
    Mutation("a quote in a text that is not doubled", "raw", _IN_QUARANTINE, "warning", text=("order_reviews", lambda t: t.replace(",,,2018", ',,tv 42" ok,2018', 1))),
    Mutation("two files are joined, with both headers", "raw", _QUARANTINE, text=("category_translation", lambda t: t + t.splitlines()[0] + "\n")),
    Mutation("a NUL character", "raw", _IN_QUARANTINE, "warning", text=("order_reviews", lambda t: t.replace(",,,2018", ",,a\0b,2018", 1))),
    Mutation("a second 60", "raw", _IN_QUARANTINE, "warning", edit=_set("order_reviews", review_creation_date=_where(_NUMBER == 5, "review_creation_date", pl.lit("2018-01-01 10:59:60")))),
    Mutation("digits of another script", "raw", _IN_QUARANTINE, "warning", edit=_set("order_reviews", review_score=_where(_NUMBER == 5, "review_score", pl.lit("\uff15")))),
    Mutation("decimal commas instead of points", "raw", _QUARANTINE, text=("order_payments", lambda t: "\n".join(f'{line.rpartition(".")[0]},{line.rpartition(".")[2]}' if "." in line else line for line in t.splitlines()))),
    Mutation("dates as day/month/year", "raw", _QUARANTINE, edit=_set("orders", order_purchase_timestamp=pl.col("order_purchase_timestamp").str.to_datetime().dt.strftime("%d/%m/%Y %H:%M"))),
    Mutation("ids are empty in 2 % of the rows", "raw", _QUARANTINE, edit=_set("order_items", product_id=_where(_NUMBER % 50 == 0, "product_id", pl.lit(None)))),
    Mutation("thousands separators in prices", "raw", _QUARANTINE, edit=_set("order_items", price=pl.concat_str(pl.lit("1,"), pl.col("price")))),
    Mutation("one row in 3,000 does not fit", "raw", _IN_QUARANTINE, "warning", edit=_set("order_reviews", review_score=_where(_NUMBER == 5, "review_score", pl.lit("five")))),
    Mutation("the rows of a file are there twice", "raw", _TWICE, edit=lambda f: {"orders": pl.concat([f["orders"], f["orders"]])}),
    Mutation("one payment is listed twice", "raw", _TWICE, edit=_more("order_payments", 1)),
    Mutation("all files hold their header only", "raw", "raw.files.batch_has_rows", edit=lambda f: {t: f[t].clear() for t in contracts()}),
]  # fmt: skip

ROWS = [
    Mutation("the items file holds its header only", "staging", "staging.orders.delivered_in_order_items", edit=lambda f: {"order_items": f["order_items"].clear()}),
    Mutation("the items file is cut off at a line", "staging", "staging.orders.delivered_in_order_items", edit=lambda f: {"order_items": f["order_items"].head(2000)}),
    Mutation("the orders file is cut off at a line", "staging", "staging.order_items.order_id_in_orders", edit=lambda f: {"orders": f["orders"].head(2000)}),
    Mutation("the payments file is cut off at a line", "staging", "staging.orders.delivered_orders_paid", edit=lambda f: {"order_payments": f["order_payments"].head(2000)}),
    Mutation("orphan items", "staging", "staging.order_items.order_id_in_orders", edit=_more("order_items", 3, order_id=_NEW)),
    Mutation("orphan payments", "staging", "staging.order_payments.order_id_in_orders", edit=_more("order_payments", 3, order_id=_NEW)),
    Mutation("reviews of unknown orders", "staging", "staging.order_reviews.order_id_in_orders", edit=_set("order_reviews", order_id=_where(_NUMBER % 100 == 0, "order_id", _NEW))),
    Mutation("customers are missing", "staging", "staging.orders.customer_id_in_customers", edit=lambda f: {"customers": f["customers"].head(1000)}),
    Mutation("customer_id and customer_unique_id are swapped", "raw", _TWICE, edit=_set("customers", customer_id=pl.col("customer_unique_id"), customer_unique_id=pl.col("customer_id"))),
    Mutation("one person for all customers", "staging", "staging.customers.customers_per_person", edit=_set("customers", customer_unique_id=pl.col("customer_unique_id").first())),
    Mutation("sellers are missing", "staging", "staging.order_items.seller_id_in_sellers", "warning", edit=lambda f: {"sellers": f["sellers"].head(100)}),
    Mutation("products are missing", "staging", "staging.order_items.product_id_in_products", "warning", edit=lambda f: {"products": f["products"].head(100)}),
    Mutation("ids in capitals", "staging", "staging.products.product_id_format", edit=_set("products", product_id=pl.col("product_id").str.to_uppercase())),
    Mutation("zip codes without their leading zero", "staging", "staging.customers.customer_zip_code_prefix_format", edit=_set("customers", customer_zip_code_prefix=pl.col("customer_zip_code_prefix").str.strip_chars_start("0"))),
    Mutation("a state that is none", "staging", "staging.sellers.seller_state_known", edit=_set("sellers", seller_state=_where(_NUMBER == 0, "seller_state", pl.lit("ZZ")))),
    Mutation("a status that nobody knows", "staging", "staging.orders.status_known", edit=_set("orders", order_status=_where(_NUMBER == 0, "order_status", pl.lit("teleported")))),
    Mutation("a means of payment that nobody knows", "staging", "staging.order_payments.payment_type_known", edit=_set("order_payments", payment_type=_where(_NUMBER == 0, "payment_type", pl.lit("pix")))),
    Mutation("review scores are doubled", "staging", "staging.order_reviews.review_score_range", edit=_set("order_reviews", review_score=(pl.col("review_score").cast(pl.Int32) * 2).cast(pl.String))),
    Mutation("a negative price", "staging", "staging.order_items.price_not_negative", edit=_set("order_items", price=_where(_NUMBER == 0, "price", pl.lit("-1.00")))),
    Mutation("prices in cents", "staging", _PAID, edit=_set("order_items", price=_times("price", 100))),
    Mutation("payments in another currency", "staging", _PAID, edit=_set("order_payments", payment_value=_times("payment_value", 0.25))),
    Mutation("a join multiplied the items in the source", "staging", _PAID, edit=_more("order_items", 1000, order_item_id=(pl.col("order_item_id").cast(pl.Int32) + 25).cast(pl.String))),
    Mutation("price and freight are swapped", "staging", "staging.order_items.freight_below_price", edit=_set("order_items", price=pl.col("freight_value"), freight_value=pl.col("price"))),
    Mutation("prices of three in a hundred orders are wrong", "staging", "staging.order_items.payment_difference_share_2", "warning", edit=_set("order_items", price=_where(_NUMBER % 30 == 0, "price", pl.lit("1.00")))),
    Mutation("an absurd price", "staging", "staging.order_items.price_range", "warning", edit=_set("order_items", price=_where(_NUMBER == 0, "price", pl.lit("99999.00")))),
    Mutation("dates are a year ahead", "staging", "staging.orders.before_end_of_batch", edit=_all_moved("1y")),
    Mutation("times are three hours late: another time zone", "staging", "staging.orders.due_at_midnight", edit=_all_moved("3h")),
    Mutation("purchases are in another time zone", "staging", "staging.orders.night_share", "warning", edit=_set("orders", order_purchase_timestamp=_moved("order_purchase_timestamp", "-10h"))),
    Mutation("purchase and delivery are swapped", "staging", _ORDERED, edit=_set("orders", order_purchase_timestamp=pl.coalesce("order_delivered_customer_date", "order_purchase_timestamp"), order_delivered_customer_date=pl.col("order_purchase_timestamp"))),
    Mutation("the dates of the carrier are wrong", "staging", "staging.orders.events_out_of_order_share", "warning", edit=_set("orders", order_delivered_carrier_date=_moved("order_delivered_carrier_date", "-20d"))),
    Mutation("shipping limits are of another year", "staging", "staging.order_items.shipping_limit_after_purchase", edit=_set("order_items", shipping_limit_date=_moved("shipping_limit_date", "-1y"))),
    Mutation("answers before their reviews", "staging", "staging.order_reviews.answered_after_creation", edit=_set("order_reviews", review_answer_timestamp=_moved("review_answer_timestamp", "-60d"))),
    Mutation("delivery dates are lost", "staging", "staging.orders.delivered_orders_dated", "warning", edit=_set("orders", order_delivered_customer_date=pl.lit(None, pl.String))),
    Mutation("all orders are of 1970-01-01: times were lost", "staging", _STARTED, edit=_set("orders", order_purchase_timestamp=pl.lit("1970-01-01 00:00:00"))),
    Mutation("one order is of Excel's day zero", "staging", _STARTED, edit=_set("orders", order_purchase_timestamp=_where(_FIFTH, "order_purchase_timestamp", pl.lit("1899-12-30 00:00:00")))),
    Mutation("one order is of another year", "staging", "staging.orders.purchase_near_batch", "warning", edit=_set("orders", order_purchase_timestamp=_where(_FIFTH, "order_purchase_timestamp", pl.lit("2015-06-01 10:00:00")), order_estimated_delivery_date=_where(_FIFTH, "order_estimated_delivery_date", pl.lit("2015-06-20 00:00:00")))),
    Mutation("one order is due in the year 9999", "staging", "staging.orders.due_within_a_year", edit=_set("orders", order_estimated_delivery_date=_where(_FIFTH, "order_estimated_delivery_date", pl.lit("9999-12-31 00:00:00")))),
    Mutation("one order was shipped in 1970", "staging", "staging.orders.shipped_near_purchase", edit=_set("orders", order_delivered_carrier_date=_where(_FIFTH, "order_delivered_carrier_date", pl.lit("1970-01-01 00:00:00")))),
    Mutation("one shipping limit is in the year 9999", "staging", "staging.order_items.shipping_limit_within_five_years", edit=_set("order_items", shipping_limit_date=_where(_FIFTH, "shipping_limit_date", pl.lit("9999-12-31 00:00:00")))),
    Mutation("one shipping limit is in 1970", "staging", "staging.order_items.shipping_limit_near_batch", edit=_set("order_items", shipping_limit_date=_where(_FIFTH, "shipping_limit_date", pl.lit("1970-01-01 00:00:00")))),
    Mutation("shipping limits are two years late", "staging", "staging.order_items.shipping_limit_within_a_year", "warning", edit=_set("order_items", shipping_limit_date=_moved("shipping_limit_date", "2y"))),
    Mutation("one review is of 1970", "staging", "staging.order_reviews.after_start", edit=_set("order_reviews", review_creation_date=_where(_FIFTH, "review_creation_date", pl.lit("1970-01-01 00:00:00")))),
    Mutation("reviews are two years older than their orders", "staging", "staging.order_reviews.created_near_purchase", edit=_set("order_reviews", review_creation_date=_moved("review_creation_date", "-2y"))),
    Mutation("answers are of the next year", "staging", "staging.order_reviews.before_end_of_batch", edit=_set("order_reviews", review_answer_timestamp=_moved("review_answer_timestamp", "2y"))),
    Mutation("the reviews file holds its header only", "staging", "staging.orders.delivered_orders_reviewed", edit=lambda f: {"order_reviews": f["order_reviews"].clear()}),
    Mutation("the payments file holds its header only", "staging", "staging.orders.batch_paid", edit=lambda f: {"order_payments": f["order_payments"].clear()}),
    Mutation("a price that sums cannot hold", "staging", "staging.order_items.price_limit", edit=_set("order_items", price=_where(_FIFTH, "price", pl.lit("9999999999.99")))),
    Mutation("mojibake: UTF-8 read as Latin-1", "staging", "staging.order_reviews.review_comment_message_encoding_share_1", text=("order_reviews", _mojibake)),
    Mutation("latitude and longitude are swapped", "staging", "staging.geolocation.points_swapped", edit=_set("geolocation", geolocation_lat=pl.col("geolocation_lng"), geolocation_lng=pl.col("geolocation_lat"))),
    Mutation("categories are lost", "staging", "staging.products.category_missing_share", "warning", edit=_set("products", product_category_name=_half_is("product_category_name", ""))),
]  # fmt: skip

LOADED = [
    Mutation("COPY loaded a file twice", "staging", "staging.geolocation.row_count", sql="INSERT INTO candidate.batch_geolocation SELECT * FROM candidate.batch_geolocation"),
    Mutation("COPY lost a row", "staging", "staging.sellers.row_count", sql="DELETE FROM candidate.batch_sellers WHERE seller_id = (SELECT MIN(seller_id) FROM candidate.batch_sellers)"),
    Mutation("a new delivery of a batch lacks most of its reviews", "staging", "staging.redelivered.most_rows_removed", sql="INSERT INTO staging.order_reviews SELECT * FROM candidate.batch_order_reviews; DELETE FROM candidate.batch_order_reviews WHERE review_score > 3", undo="DELETE FROM staging.order_reviews"),
    Mutation("a new delivery of a batch lacks one seller", "staging", "staging.redelivered.rows_removed", "warning", sql="INSERT INTO staging.sellers SELECT * FROM candidate.batch_sellers; INSERT INTO staging.sellers SELECT 'ffffffffffffffffffffffffffffffff', '01001', 'recife', 'PE', MAX(batch_date) FROM candidate.batch_sellers", undo="DELETE FROM staging.sellers"),
    Mutation("later batches contain all orders of the batch", "staging", "staging.orders.batch_in_force", "warning", sql="INSERT INTO staging.orders SELECT order_id, customer_id, order_status, order_purchase_timestamp, order_approved_at, order_delivered_carrier_date, order_delivered_customer_date, order_estimated_delivery_date, batch_date + 1 FROM candidate.batch_orders", undo="DELETE FROM staging.orders"),
    Mutation("the warehouse has another column", "staging", "staging.sellers.columns", sql="ALTER TABLE candidate.batch_sellers ADD COLUMN rating INTEGER"),
]  # fmt: skip

SINCE = [
    Mutation("far fewer rows than ever", "staging", "staging.drift.rows", "warning", history=True, edit=_first_orders(600)),
    Mutation("far fewer reviews per order than ever", "staging", "staging.drift.ratio", history=True, edit=lambda f: {"order_reviews": f["order_reviews"].head(900)}),
    Mutation("reviews lose their comments", "staging", "staging.drift.missing", "warning", history=True, edit=_set("order_reviews", review_comment_message=pl.lit(None, pl.String))),
    Mutation("all payments become boletos", "staging", "staging.drift.share", "warning", history=True, edit=_set("order_payments", payment_type=pl.lit("boleto"))),
    Mutation("all reviews get one star", "staging", "staging.drift.mean", "warning", history=True, edit=_set("order_reviews", review_score=pl.lit("1"))),
    Mutation("orders end two months early", "staging", "staging.drift.hours", "warning", history=True, edit=_all_moved("-60d")),
    Mutation("yesterday's file is delivered again", "staging", "staging.load.file_is_new", "warning", history=True),
]  # fmt: skip

COMPUTED = [
    Mutation("fan-out: items joined to payments", "star", "star.fact_order_item.grain", sql="INSERT INTO candidate.fact_order_item SELECT items.* FROM candidate.fact_order_item AS items INNER JOIN candidate.fact_payment AS payments ON items.order_id = payments.order_id WHERE payments.payment_sequential > 1"),
    Mutation("orders lose their payments", "star", "star.fact_payment.rows_as_staged", sql="DELETE FROM candidate.fact_payment WHERE payment_type = 'voucher'"),
    Mutation("a cent is lost in rounding", "star", "star.fact_order_item.price_as_staged", sql="UPDATE candidate.fact_order_item SET price = price - 0.01 WHERE order_item_id = 2"),
    Mutation("an order's value counts freight twice", "star", "star.fact_order.order_value_definition", sql="UPDATE candidate.fact_order SET order_value = order_value + freight_value"),
    Mutation("facts point to no customer", "star", "star.fact_order.customer_key_in_dim_customer", sql="UPDATE candidate.fact_order SET customer_key = 7"),
    Mutation("the new calendar lacks a day that a published payment names", "star", "star.fact_payment.purchase_date_key_in_dim_date", sql="INSERT INTO analytics.dim_date (date_key) VALUES (20150101); INSERT INTO analytics.fact_payment SELECT 'ffffffffffffffffffffffffffffffff', payment_sequential, customer_key, 20150101, payment_type, installments, payment_value FROM candidate.fact_payment LIMIT 1", undo="DELETE FROM analytics.dim_date; DELETE FROM analytics.fact_payment"),
    Mutation("the score of an order is of no review", "star", "star.fact_order.review_score_of_a_review", sql="UPDATE candidate.fact_order SET review_score = 7 WHERE review_score = 5"),
    Mutation("versions of a product overlap", "star", "star.dim_product.version_intervals", sql="UPDATE candidate.dim_product SET valid_to = CAST('2018-01-01' AS TIMESTAMP)"),
    Mutation("two current addresses of a person", "star", "star.dim_customer.one_current_version", sql="INSERT INTO candidate.dim_customer SELECT * FROM candidate.dim_customer WHERE is_current"),
    Mutation("late and in time are swapped", "star", "star.fact_order.is_late_definition", sql="UPDATE candidate.fact_order SET is_late = NOT is_late"),
    Mutation("a person is there twice", "marts", "marts.customer_totals.grain", sql="INSERT INTO candidate.customer_totals SELECT * FROM candidate.customer_totals WHERE order_count > 1"),
    Mutation("persons without cancelled orders are lost", "marts", "marts.customer_totals.every_person", sql="DELETE FROM candidate.customer_totals WHERE cancelled_order_count = 0"),
    Mutation("persons spent a cent more", "marts", "marts.customer_totals.total_value_total", sql="UPDATE candidate.customer_totals SET total_value = total_value + 0.01, product_value = product_value + 0.01"),
    Mutation("average scores out of ten", "marts", "marts.customer_totals.average_review_score_of_orders", sql="UPDATE candidate.customer_totals SET average_review_score = average_review_score * 2"),
    Mutation("cancelled orders count as sales", "marts", "marts.customer_totals.net_value_total", sql="UPDATE candidate.customer_totals SET net_value = total_value"),
    Mutation("published twice", "reconciliation", "reconciliation.reconciliation.totals_equal", sql="INSERT INTO analytics.fact_order_item SELECT * FROM analytics.fact_order_item"),
    Mutation("a published cent is changed by hand", "reconciliation", "reconciliation.reconciliation.totals_equal", sql="UPDATE analytics.fact_payment SET payment_value = payment_value + 0.01 WHERE payment_value = (SELECT MAX(payment_value) FROM analytics.fact_payment)"),
    Mutation("a state's sales are changed by hand", "reconciliation", "reconciliation.reconciliation.totals_equal", sql="UPDATE analytics.sales_overview SET total_value = total_value * 2 WHERE state = 'SP'"),
    Mutation("rows of staging are deleted by hand", "reconciliation", "reconciliation.reconciliation.totals_equal", sql="DELETE FROM staging.geolocation WHERE geolocation_state = 'AC'"),
    Mutation("a cent of the running totals is changed by hand", "reconciliation", "reconciliation.proven_totals.running_totals_proven", sql="UPDATE audit.control_totals SET change = change + 0.01 WHERE measure = 'freight_value'"),
]  # fmt: skip

MUTATIONS = [*FILES, *ROWS, *LOADED, *SINCE, *COMPUTED]
