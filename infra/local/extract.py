"""The source system, played from a full dump: what changed in each period, as it was known then.

An order changes when it is placed, approved, handed over or delivered, and when a review of it is
answered. A batch holds each order that changed, with the moments and the status that were known at
the end of the period, and all of its items, payments and reviews that existed by then. Customers,
products and sellers come with the first order that needs them; the reference tables, and all that
no order needs, come with the first batch. The last state of each row is that of the dump.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from infra.contracts import contracts

_PLACED = "order_purchase_timestamp"
_MOMENTS = (
    _PLACED,
    "order_approved_at",
    "order_delivered_carrier_date",
    "order_delivered_customer_date",
)
# the status while a later moment is still to come
_STATUSES = dict(zip(_MOMENTS, ("created", "approved", "shipped", "delivered"), strict=True))
_ROWS_AT_ONCE = 200_000
_TIME = "%Y-%m-%d %H:%M:%S"


class ExtractError(ValueError):
    """The dump or the target cannot be used; the message says why."""


def extract(
    dump: Path, out: Path, first: date | None = None, last: date | None = None, *, every: str = "1d"
) -> list[date]:
    """Write `out/<batch_date>/*.csv` for each period with a change; returns the batch dates.

    A batch is called by the last day of its period. Raises ExtractError.
    """
    tables = {name: _scan(dump, contract.source_file) for name, contract in contracts().items()}
    orders = tables["orders"].with_columns(_parsed(name).alias(f"at {name}") for name in _MOMENTS)
    changes = _changes(orders, tables["order_reviews"])
    days = changes.select(pl.col("at").dt.date().min().alias("first"), pl.col("at").dt.date().max().alias("last")).collect()  # fmt: skip  # noqa: E501
    start, end = first or days["first"].item(), last or days["last"].item()
    if start is None:
        raise ExtractError(f"{dump}: the dump holds no orders")
    ends = period_ends(start, end, every)
    known = [day for day in ends if (out / str(day)).exists()]
    if known:
        raise ExtractError(f"{out / str(known[0])} exists already; choose another folder")
    dated = _dated(changes, start, ends)
    written = sorted(dated["batch"].unique().to_list())
    needed = _first_needs(tables, dated)
    for number, days_at_once in enumerate(_blocks(dated)):
        block = dated.filter(pl.col("batch").is_in(days_at_once))
        frames = dict(_frames(tables, orders, block, needed, rest=number == 0))
        for day in days_at_once:
            _write(out, day, frames, rest=day == written[0])
    return written


def period_ends(start: date, end: date, every: str) -> list[date]:
    """The last day of each period from `start` to `end`."""
    begins = pl.date_range(start, end + timedelta(days=1), every, eager=True).to_list()
    ends = [day - timedelta(days=1) for day in begins[1:]]
    return ends if ends and ends[-1] == end else [*ends, end]


def _scan(dump: Path, name: str) -> pl.LazyFrame:
    """All columns as text, exactly as they stand in the file."""
    found = [path for path in (dump / name, dump / f"{name}.gz") if path.is_file()]
    if not found:
        raise ExtractError(f"{dump / name}: missing. A dump has all nine files")
    return pl.scan_csv(found[0], infer_schema=False, try_parse_dates=False)


def _parsed(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime(_TIME, strict=False)


def _changes(orders: pl.LazyFrame, reviews: pl.LazyFrame) -> pl.LazyFrame:
    """order_id and moment of every change of an order."""
    moments = [orders.select("order_id", pl.col(f"at {name}").alias("at")) for name in _MOMENTS]
    answered = _with_answers(orders, reviews).select("order_id", "at")
    return pl.concat([*moments, answered]).drop_nulls()


def _with_answers(orders: pl.LazyFrame, reviews: pl.LazyFrame) -> pl.LazyFrame:
    """Reviews with the moment from which they exist: their answer, and never before their order."""
    placed = orders.select("order_id", pl.col(f"at {_PLACED}").alias("placed"))
    answered = pl.coalesce(_parsed("review_answer_timestamp"), _parsed("review_creation_date"))
    return reviews.join(placed, on="order_id", how="inner").with_columns(
        pl.max_horizontal(answered, "placed").alias("at")
    )


def _dated(changes: pl.LazyFrame, start: date, ends: Sequence[date]) -> pl.DataFrame:
    """order_id and batch: each order once in every batch in which it changed."""
    periods = pl.LazyFrame({"batch": ends}, schema={"batch": pl.Date}).sort("batch")
    return (
        changes.with_columns(pl.col("at").dt.date().alias("day"))
        .filter(pl.col("day") >= start)
        .sort("day")
        .join_asof(periods, left_on="day", right_on="batch", strategy="forward")
        .drop_nulls("batch")
        .select("order_id", "batch")
        .unique()
        .sort("batch", "order_id")
        .collect(engine="streaming")
    )


def _first_needs(tables: dict[str, pl.LazyFrame], dated: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Of each customer, product and seller, the batch of the first order that needs it."""
    firsts = dated.lazy().group_by("order_id").agg(pl.col("batch").min())
    needs = {}
    for table, key, referring in (
        ("customers", "customer_id", "orders"),
        ("products", "product_id", "order_items"),
        ("sellers", "seller_id", "order_items"),
    ):
        needs[table] = (
            tables[referring]
            .select("order_id", key)
            .join(firsts, on="order_id")
            .group_by(key)
            .agg(pl.col("batch").min())
            .collect(engine="streaming")
        )
    return needs


def _blocks(dated: pl.DataFrame) -> Iterator[list[date]]:
    """Batches whose rows are held in memory at once."""
    sizes = dated.group_by("batch").len().sort("batch")
    block: list[date] = []
    rows = 0
    for day, size in sizes.iter_rows():
        if block and rows + size > _ROWS_AT_ONCE:
            yield block
            block, rows = [], 0
        block.append(day)
        rows += size
    yield block


def _frames(
    tables: dict[str, pl.LazyFrame],
    orders: pl.LazyFrame,
    block: pl.DataFrame,
    needed: dict[str, pl.DataFrame],
    *,
    rest: bool,
) -> Iterator[tuple[str, dict[date | None, pl.DataFrame]]]:
    """For each table, the rows of each batch of a block; `None` holds what no order needs."""
    changed = block.lazy()
    until = (pl.col("batch") + pl.duration(days=1)).cast(pl.Datetime("us"))
    for table, contract in contracts().items():
        rows = tables[table]
        if table == "orders":
            found = _as_known(orders.join(changed, on="order_id"), until)
        elif table == "order_reviews":
            answered = _with_answers(orders, rows).join(changed, on="order_id")
            found = answered.filter(pl.col("at").is_null() | (pl.col("at") < until))
        elif table in {"order_items", "order_payments"}:
            found = rows.join(changed, on="order_id")
        elif table in needed:
            days = block["batch"].unique().to_list()
            here = needed[table].filter(pl.col("batch").is_in(days)).lazy()
            found = rows.join(here, on=contract.key[0])
        else:
            found = rows.head(0).with_columns(pl.lit(None, pl.Date).alias("batch"))
        frame = found.select(*contract.header, "batch").collect(engine="streaming")
        split = {
            key[0]: part.drop("batch")
            for key, part in frame.partition_by("batch", as_dict=True).items()
        }
        if rest:
            split[None] = _rest(tables, needed, table).collect(engine="streaming")
        split.setdefault(date.max, frame.drop("batch").clear())
        yield table, split


def _rest(
    tables: dict[str, pl.LazyFrame], needed: dict[str, pl.DataFrame], table: str
) -> pl.LazyFrame:
    """The rows that no order brings along: they come with the first batch."""
    rows = tables[table]
    if table == "orders":
        return rows.head(0)
    if table in needed:
        key = contracts()[table].key[0]
        return rows.join(needed[table].lazy(), on=key, how="anti")
    if table.startswith("order_"):
        return rows.join(tables["orders"].select("order_id"), on="order_id", how="anti")
    return rows


def _as_known(orders: pl.LazyFrame, until: pl.Expr) -> pl.LazyFrame:
    """Orders with the moments and the status that were known at the end of their batch."""
    known = {name: pl.col(f"at {name}") < until for name in _MOMENTS}
    complete = pl.all_horizontal(known[name] | pl.col(name).is_null() for name in _MOMENTS)
    status = pl.lit("created")
    for name in _MOMENTS:
        status = pl.when(known[name]).then(pl.lit(_STATUSES[name])).otherwise(status)
    return orders.with_columns(
        pl.when(complete).then("order_status").otherwise(status).alias("order_status"),
        *(pl.when(known[name]).then(name).alias(name) for name in _MOMENTS),
    )


def _write(
    out: Path, day: date, frames: dict[str, dict[date | None, pl.DataFrame]], *, rest: bool
) -> None:
    folder = out / str(day)
    beside = out / f".{day}.part"
    beside.mkdir(parents=True, exist_ok=True)
    for table, contract in contracts().items():
        parts = frames[table]
        rows = parts.get(day, parts[date.max])
        if rest:
            rows = pl.concat([rows, parts[None]])  # pyright: ignore[reportArgumentType]
        if contract.key:
            rows = rows.sort(contract.key)
        rows.write_csv(beside / contract.source_file)
    beside.rename(folder)
