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
    reason: str
    severity: str = "critical"
    edit: Callable[[Frames], Edited] | None = None
    text: tuple[str, Text] | None = None
    sql: str = ""  # runs before the gate; for star and marts, after the models are computed
    history: bool = False  # needs ten published batches similar to the clean one


def write(mutation: Mutation, clean: Path, folder: Path) -> Path:
    """The nine files with the defect, in a new folder."""
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


def _mojibake(text: str) -> str:
    return text.encode().decode("latin-1")


_NEW = pl.concat_str(pl.lit("f" * 24), pl.int_range(pl.len()).cast(pl.String).str.zfill(8))
_NUMBER = pl.int_range(pl.len())
_PAID = "the payments of at most 10 % of the orders differ from their items"
_ORDERED = "an order is approved, delivered and due after it was placed"
_TWICE = "no key of the contract occurs twice in a file"
_QUARANTINE = "at most 1.0% of a file's rows are in quarantine"

FILES = [
    Mutation("a file is missing", "source", "missing", text=("order_items", lambda _: "")),
    Mutation("a column is renamed", "source", "column order_status is missing", text=("orders", lambda t: t.replace("order_status", "status", 1))),
    Mutation("a file is cut off inside a quoted text", "source", "opened and never closed", text=("order_reviews", lambda t: t[: t.rindex('"', 0, len(t) // 2) + 1] + '\nx,y,5,"cut')),
    Mutation("decimal commas instead of points", "raw", _QUARANTINE, text=("order_payments", lambda t: "\n".join(f'{line.rpartition(".")[0]},{line.rpartition(".")[2]}' if "." in line else line for line in t.splitlines()))),
    Mutation("dates as day/month/year", "raw", _QUARANTINE, edit=_set("orders", order_purchase_timestamp=pl.col("order_purchase_timestamp").str.to_datetime().dt.strftime("%d/%m/%Y %H:%M"))),
    Mutation("ids are empty in 2 % of the rows", "raw", _QUARANTINE, edit=_set("order_items", product_id=_where(_NUMBER % 50 == 0, "product_id", pl.lit(None)))),
    Mutation("thousands separators in prices", "raw", _QUARANTINE, edit=_set("order_items", price=pl.concat_str(pl.lit("1,"), pl.col("price")))),
    Mutation("one row in 3,000 does not fit", "raw", "no row is in quarantine", "warning", edit=_set("order_reviews", review_score=_where(_NUMBER == 5, "review_score", pl.lit("five")))),
    Mutation("the rows of a file are there twice", "raw", _TWICE, edit=lambda f: {"orders": pl.concat([f["orders"], f["orders"]])}),
    Mutation("one payment is listed twice", "raw", _TWICE, edit=_more("order_payments", 1)),
    Mutation("all files hold their header only", "raw", "the batch holds rows at all", edit=lambda f: {t: f[t].clear() for t in contracts()}),
]  # fmt: skip

ROWS = [
    Mutation("the items file holds its header only", "staging", "every delivered order has items", edit=lambda f: {"order_items": f["order_items"].clear()}),
    Mutation("the items file is cut off at a line", "staging", "every delivered order has items", edit=lambda f: {"order_items": f["order_items"].head(2000)}),
    Mutation("the orders file is cut off at a line", "staging", "every order_id of order_items is in orders", edit=lambda f: {"orders": f["orders"].head(2000)}),
    Mutation("the payments file is cut off at a line", "staging", "at most 1 % of the delivered orders have no payment", edit=lambda f: {"order_payments": f["order_payments"].head(2000)}),
    Mutation("orphan items", "staging", "every order_id of order_items is in orders", edit=_more("order_items", 3, order_id=_NEW)),
    Mutation("orphan payments", "staging", "every order_id of order_payments is in orders", edit=_more("order_payments", 3, order_id=_NEW)),
    Mutation("reviews of unknown orders", "staging", "every order_id of order_reviews is in orders", edit=_set("order_reviews", order_id=_where(_NUMBER % 100 == 0, "order_id", _NEW))),
    Mutation("customers are missing", "staging", "every customer_id of orders is in customers", edit=lambda f: {"customers": f["customers"].head(1000)}),
    Mutation("customer_id and customer_unique_id are swapped", "raw", _TWICE, edit=_set("customers", customer_id=pl.col("customer_unique_id"), customer_unique_id=pl.col("customer_id"))),
    Mutation("one person for all customers", "staging", "most customers order once: persons are at least half as many as customers", edit=_set("customers", customer_unique_id=pl.col("customer_unique_id").first())),
    Mutation("sellers are missing", "staging", "every seller_id of order_items is in sellers", "warning", edit=lambda f: {"sellers": f["sellers"].head(100)}),
    Mutation("products are missing", "staging", "every product_id of order_items is in products", "warning", edit=lambda f: {"products": f["products"].head(100)}),
    Mutation("ids in capitals", "staging", "an id is 32 hexadecimal digits", edit=_set("products", product_id=pl.col("product_id").str.to_uppercase())),
    Mutation("zip codes without their leading zero", "staging", "a zip code prefix has five digits; leading zeros are kept", edit=_set("customers", customer_zip_code_prefix=pl.col("customer_zip_code_prefix").str.strip_chars_start("0"))),
    Mutation("a state that is none", "staging", "a state is one of Brazil's 27", edit=_set("sellers", seller_state=_where(_NUMBER == 0, "seller_state", pl.lit("ZZ")))),
    Mutation("a status that nobody knows", "staging", "an order's status is a known one", edit=_set("orders", order_status=_where(_NUMBER == 0, "order_status", pl.lit("teleported")))),
    Mutation("a means of payment that nobody knows", "staging", "a means of payment is a known one", edit=_set("order_payments", payment_type=_where(_NUMBER == 0, "payment_type", pl.lit("pix")))),
    Mutation("review scores are doubled", "staging", "a review score is 1 to 5", edit=_set("order_reviews", review_score=(pl.col("review_score").cast(pl.Int32) * 2).cast(pl.String))),
    Mutation("a negative price", "staging", "money is never negative", edit=_set("order_items", price=_where(_NUMBER == 0, "price", pl.lit("-1.00")))),
    Mutation("prices in cents", "staging", _PAID, edit=_set("order_items", price=_times("price", 100))),
    Mutation("payments in another currency", "staging", _PAID, edit=_set("order_payments", payment_value=_times("payment_value", 0.25))),
    Mutation("a join multiplied the items in the source", "staging", _PAID, edit=_more("order_items", 1000, order_item_id=(pl.col("order_item_id").cast(pl.Int32) + 25).cast(pl.String))),
    Mutation("price and freight are swapped", "staging", "freight costs less than the goods: else price and freight are swapped", edit=_set("order_items", price=pl.col("freight_value"), freight_value=pl.col("price"))),
    Mutation("prices of three in a hundred orders are wrong", "staging", "the payments of at most 2 % of the orders differ from their items", "warning", edit=_set("order_items", price=_where(_NUMBER % 30 == 0, "price", pl.lit("1.00")))),
    Mutation("an absurd price", "staging", "a price is from R$ 0.01 to 10,000", "warning", edit=_set("order_items", price=_where(_NUMBER == 0, "price", pl.lit("99999.00")))),
    Mutation("dates are a year ahead", "staging", "nothing happens to an order after the day of its batch", edit=_all_moved("1y")),
    Mutation("times are three hours late: another time zone", "staging", "an order is due on a day, given as its midnight: another hour is another time zone", edit=_all_moved("3h")),
    Mutation("purchases are in another time zone", "staging", "at most 20 % of the orders are placed from 1 to 7 in the morning: buyers sleep", "warning", edit=_set("orders", order_purchase_timestamp=_moved("order_purchase_timestamp", "-10h"))),
    Mutation("purchase and delivery are swapped", "staging", _ORDERED, edit=_set("orders", order_purchase_timestamp=pl.coalesce("order_delivered_customer_date", "order_purchase_timestamp"), order_delivered_customer_date=pl.col("order_purchase_timestamp"))),
    Mutation("the dates of the carrier are wrong", "staging", "at most 10 % of the orders have moments out of order", "warning", edit=_set("orders", order_delivered_carrier_date=_moved("order_delivered_carrier_date", "-20d"))),
    Mutation("shipping limits are of another year", "staging", "an item is to be shipped after its order was placed", edit=_set("order_items", shipping_limit_date=_moved("shipping_limit_date", "-1y"))),
    Mutation("answers before their reviews", "staging", "a review is answered after it was asked for", edit=_set("order_reviews", review_answer_timestamp=_moved("review_answer_timestamp", "-60d"))),
    Mutation("delivery dates are lost", "staging", "nearly all delivered orders say when: at most 1 % do not", "warning", edit=_set("orders", order_delivered_customer_date=pl.lit(None, pl.String))),
    Mutation("mojibake: UTF-8 read as Latin-1", "staging", "review_comment_message was read in the encoding in which it was written: such letters in at most 1 % of the rows", text=("order_reviews", _mojibake)),
    Mutation("latitude and longitude are swapped", "staging", "at most 20 % of the points are outside Brazil: else lat and lng are swapped", edit=_set("geolocation", geolocation_lat=pl.col("geolocation_lng"), geolocation_lng=pl.col("geolocation_lat"))),
    Mutation("categories are lost", "staging", "at most 10 % of the products have no category", "warning", edit=_set("products", product_category_name=_half_is("product_category_name", ""))),
]  # fmt: skip

LOADED = [
    Mutation("COPY loaded a file twice", "staging", "staging holds as many rows as the file's Parquet", sql="INSERT INTO candidate.batch_geolocation SELECT * FROM candidate.batch_geolocation"),
    Mutation("COPY lost a row", "staging", "staging holds as many rows as the file's Parquet", sql="DELETE FROM candidate.batch_sellers WHERE seller_id = (SELECT MIN(seller_id) FROM candidate.batch_sellers)"),
    Mutation("the warehouse has another column", "staging", "sellers has the columns of its contract, in their order", sql="ALTER TABLE candidate.batch_sellers ADD COLUMN rating INTEGER"),
]  # fmt: skip

SINCE = [
    Mutation("far fewer rows than ever", "staging", "there are a third to three times as many rows as in any of the last 30 batches", "warning", history=True, edit=lambda f: {"order_reviews": f["order_reviews"].head(500)}),
    Mutation("reviews lose their comments", "staging", "as many values are missing as in the last 30 batches", "warning", history=True, edit=_set("order_reviews", review_comment_message=pl.lit(None, pl.String))),
    Mutation("all payments become boletos", "staging", "orders, payments and customers are made up as in the last 30 batches", "warning", history=True, edit=_set("order_payments", payment_type=pl.lit("boleto"))),
    Mutation("all reviews get one star", "staging", "means are those of the last 30 batches", "warning", history=True, edit=_set("order_reviews", review_score=pl.lit("1"))),
    Mutation("orders end two months early", "staging", "the newest order is as fresh as in the last 30 batches", "warning", history=True, edit=_all_moved("-60d")),
    Mutation("yesterday's file is delivered again", "staging", "the orders are news: the same file was not delivered for another day", "warning", history=True),
]  # fmt: skip

COMPUTED = [
    Mutation("fan-out: items joined to payments", "star", "one row for each order_id, order_item_id", sql="INSERT INTO candidate.fact_order_item SELECT items.* FROM candidate.fact_order_item AS items INNER JOIN candidate.fact_payment AS payments ON items.order_id = payments.order_id WHERE payments.payment_sequential > 1"),
    Mutation("orders lose their payments", "star", "rows of fact_payment are those of staging.order_payments: no join multiplies or loses them", sql="DELETE FROM candidate.fact_payment WHERE payment_type = 'voucher'"),
    Mutation("a cent is lost in rounding", "star", "price of fact_order_item are those of staging.order_items: no join multiplies or loses them", sql="UPDATE candidate.fact_order_item SET price = price - 0.01 WHERE order_item_id = 2"),
    Mutation("an order's value counts freight twice", "star", "the value of an order is the price and freight of its items", sql="UPDATE candidate.fact_order SET order_value = order_value + freight_value"),
    Mutation("facts point to no customer", "star", "every customer_key of fact_order is in dim_customer", sql="UPDATE candidate.fact_order SET customer_key = 7"),
    Mutation("versions of a product overlap", "star", "the versions of a product_id neither overlap nor leave a gap", sql="UPDATE candidate.dim_product SET valid_to = CAST('2018-01-01' AS TIMESTAMP)"),
    Mutation("two current addresses of a person", "star", "one version of a customer_unique_id is the current one", sql="INSERT INTO candidate.dim_customer SELECT * FROM candidate.dim_customer WHERE is_current"),
    Mutation("late and in time are swapped", "star", "an order is late when it came after the day on which it was due", sql="UPDATE candidate.fact_order SET is_late = NOT is_late"),
    Mutation("a person is there twice", "marts", "one row a person", sql="INSERT INTO candidate.customer_totals SELECT * FROM candidate.customer_totals WHERE order_count > 1"),
    Mutation("persons without cancelled orders are lost", "marts", "every person that the batch touches has a row", sql="DELETE FROM candidate.customer_totals WHERE cancelled_order_count = 0"),
    Mutation("persons spent a cent more", "marts", "what persons spent is what items cost, to the cent", sql="UPDATE candidate.customer_totals SET total_value = total_value + 0.01, product_value = product_value + 0.01"),
    Mutation("average scores out of ten", "marts", "an average review score is 1 to 5", sql="UPDATE candidate.customer_totals SET average_review_score = average_review_score * 2"),
    Mutation("published twice", "reconciliation", "files, staging, facts and marts hold the same rows and the same money", sql="INSERT INTO analytics.fact_order_item SELECT * FROM analytics.fact_order_item"),
    Mutation("a published cent is changed by hand", "reconciliation", "files, staging, facts and marts hold the same rows and the same money", sql="UPDATE analytics.fact_payment SET payment_value = payment_value + 0.01 WHERE payment_value = (SELECT MAX(payment_value) FROM analytics.fact_payment)"),
    Mutation("a state's sales are changed by hand", "reconciliation", "files, staging, facts and marts hold the same rows and the same money", sql="UPDATE analytics.sales_overview SET total_value = total_value * 2 WHERE state = 'SP'"),
    Mutation("rows of staging are deleted by hand", "reconciliation", "files, staging, facts and marts hold the same rows and the same money", sql="DELETE FROM staging.geolocation WHERE geolocation_state = 'AC'"),
]  # fmt: skip

MUTATIONS = [*FILES, *ROWS, *LOADED, *SINCE, *COMPUTED]
