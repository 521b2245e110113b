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

    A batch is called by the last day of its period; `every` is a length as Polars writes it: 1d,
    7d, 1mo. Raises ExtractError.
    """
    changes = _changes(_orders(dump), _scan(dump, "order_reviews"))
    day = pl.col("at").dt.date()
    found = changes.select(day.min().alias("first"), day.max().alias("last")).collect()
    start, end = first or found["first"].item(), last or found["last"].item()
    if start is None or end is None:
        raise ExtractError(f"{dump}: the dump holds no orders")
    if start > end:
        raise ExtractError(f"the first day, {start}, is after the last, {end}")
    return write_batches(dump, out, start, period_ends(start, end, every))


def write_batches(dump: Path, out: Path, start: date, ends: Sequence[date]) -> list[date]:
    """The same for periods of any lengths: from `start` to the first end, to the second …"""
    taken = [out / str(day) for day in ends if (out / str(day)).exists()]
    if taken:
        raise ExtractError(f"{taken[0]} exists already; choose another folder")
    orders = _orders(dump)
    dated = _dated(_changes(orders, _scan(dump, "order_reviews")), start, ends)
    if dated.is_empty():
        raise ExtractError(f"{dump}: nothing changed from {start} to {ends[-1]}")
    needed = _first_needs(dump, dated)
    written: list[date] = []
    for days in _blocks(dated):
        block = dated.filter(pl.col("batch").is_in(days))
        frames = {
            table: _frames(dump, orders, table, block, needed.get(table)) for table in contracts()
        }
        for day in days:
            rest = {} if written else {t: _rest(dump, orders, t, needed.get(t)) for t in frames}
            _write(out, day, frames, rest)
            written.append(day)
    return written


def period_ends(start: date, end: date, every: str) -> list[date]:
    """The last day of each period from `start` to `end`."""
    begins = pl.date_range(start, end + timedelta(days=1), every, eager=True).to_list()
    ends = [day - timedelta(days=1) for day in begins[1:]]
    return ends if ends and ends[-1] == end else [*ends, end]


def _scan(dump: Path, table: str) -> pl.LazyFrame:
    """All columns of a table as text, exactly as they stand in the file."""
    name = contracts()[table].source_file
    found = [path for path in (dump / name, dump / f"{name}.gz") if path.is_file()]
    if not found:
        raise ExtractError(f"{dump / name}: missing. A dump has all nine files")
    return pl.scan_csv(found[0], infer_schema=False, try_parse_dates=False)


def _orders(dump: Path) -> pl.LazyFrame:
    """Orders, with the moments of their changes as such."""
    return _scan(dump, "orders").with_columns(_parsed(m).alias(f"at {m}") for m in _MOMENTS)


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


def _first_needs(dump: Path, dated: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Of each customer, product and seller, the batch of the first order that needs it."""
    firsts = dated.lazy().group_by("order_id").agg(pl.col("batch").min())
    return {
        table: _scan(dump, referring)
        .select("order_id", key)
        .join(firsts, on="order_id")
        .group_by(key)
        .agg(pl.col("batch").min())
        .collect(engine="streaming")
        for table, key, referring in (
            ("customers", "customer_id", "orders"),
            ("products", "product_id", "order_items"),
            ("sellers", "seller_id", "order_items"),
        )
    }


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
    dump: Path,
    orders: pl.LazyFrame,
    table: str,
    block: pl.DataFrame,
    needed: pl.DataFrame | None,
) -> dict[date, pl.DataFrame]:
    """The rows of a table for each batch of a block."""
    rows, changed = _scan(dump, table), block.lazy()
    until = (pl.col("batch") + pl.duration(days=1)).cast(pl.Datetime("us"))
    if table == "orders":
        found = _as_known(orders.join(changed, on="order_id"), until)
    elif table == "order_reviews":
        answered = _with_answers(orders, rows).join(changed, on="order_id")
        found = answered.filter(pl.col("at").is_null() | (pl.col("at") < until))
    elif table in {"order_items", "order_payments"}:
        found = rows.join(changed, on="order_id")
    elif needed is not None:
        here = needed.filter(pl.col("batch").is_in(block["batch"].unique().to_list()))
        found = rows.join(here.lazy(), on=contracts()[table].key[0])
    else:
        return {}
    frame = found.select(*contracts()[table].header, "batch").collect(engine="streaming")
    parts = frame.partition_by("batch", as_dict=True, include_key=False)
    return {day: part for (day,), part in parts.items()}


def _rest(
    dump: Path, orders: pl.LazyFrame, table: str, needed: pl.DataFrame | None
) -> pl.DataFrame:
    """The rows that no order brings along: they come with the first batch."""
    rows = _scan(dump, table)
    if needed is not None:
        rows = rows.join(needed.lazy(), on=contracts()[table].key[0], how="anti")
    elif table == "orders":
        rows = rows.head(0)
    elif table.startswith("order_"):
        rows = rows.join(orders.select("order_id"), on="order_id", how="anti")
    return rows.collect(engine="streaming")


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
    out: Path,
    day: date,
    frames: dict[str, dict[date, pl.DataFrame]],
    rest: dict[str, pl.DataFrame],
) -> None:
    """The nine files of a batch, written beside and renamed when they are complete."""
    beside = out / f".{day}.part"
    beside.mkdir(parents=True, exist_ok=True)
    for table, contract in contracts().items():
        empty = pl.DataFrame(schema=dict.fromkeys(contract.header, pl.String))
        parts = [frames[table].get(day, empty), rest.get(table, empty)]
        rows = pl.concat([part.select(contract.header) for part in parts])
        # in the order of the key: the same dump gives the same bytes
        rows = rows.sort(contract.key) if contract.key else rows
        rows.write_csv(beside / contract.source_file)
    beside.rename(out / str(day))
