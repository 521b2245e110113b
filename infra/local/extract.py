"""Split a full dump into batches, as the source system would have delivered them.

An order changes when it is placed, approved, handed to the carrier or delivered, and when one of
its reviews is answered. A batch contains every order that changed in its period, with the
timestamps and the status known at the end of the period, and the order's items, payments and
reviews that existed by then. Customers, products and sellers are in the batch of the first order
that references them. The reference tables, and all rows that no order references, are in the first
batch. After a split of the full date range, the last version of each row equals the dump.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from infra.contracts import contracts
from infra.csv_file.reader import CsvFile
from infra.csv_file.text_table import text_table
from infra.csv_file.values import typed_value
from infra.scratch import scratch_folder
from infra.source_storage import SourceError

Tables = Mapping[str, pl.LazyFrame]

_PURCHASED_AT = "order_purchase_timestamp"
_EVENT_COLUMNS = (
    _PURCHASED_AT,
    "order_approved_at",
    "order_delivered_carrier_date",
    "order_delivered_customer_date",
)
# the status of an order, by its latest known event
_STATUSES = dict(zip(_EVENT_COLUMNS, ("created", "approved", "shipped", "delivered"), strict=True))
_MAX_BLOCK_ROWS = 200_000


class ExtractError(SourceError):
    """Raised when the dump or output folder cannot be used; the message gives the reason."""


def extract(
    dump: Path, out: Path, first: date | None = None, last: date | None = None, *, every: str = "1d"
) -> list[date]:
    """Write `out/<batch_date>/*.csv` for each period with a change.

    The batch date is the last day of the period.

    Args:
        dump: Folder with the CSV files of a full dump.
        out: Output folder.
        first: First day of the first period; default: the day of the first change.
        last: Last day of the last period; default: the day of the last change.
        every: Length of a period as a Polars duration: 1d, 7d, 1mo.

    Returns:
        The batch dates, in order.

    Raises:
        ExtractError: The dump is incomplete or has no changes in the range, a record of it cannot
            be read, `every` is not a period, or a folder of a batch exists.
        SourceError: A file cannot be read as CSV.
    """
    if not re.fullmatch(r"[1-9][0-9]*(d|w|mo|q|y)", every):
        raise ExtractError(f"{every!r} is not a period, such as 1d, 7d, 1mo or 1y")
    with _opened(dump) as tables:
        day = pl.col("at").dt.date()
        span = _changes(tables).select(day.min().alias("first"), day.max().alias("last")).collect()
        start, end = first or span["first"].item(), last or span["last"].item()
        if start is None or end is None:
            raise ExtractError(f"{dump}: the dump contains no orders")
        if start > end:
            raise ExtractError(f"the first day {start} is after the last day {end}")
        return _write_batches(tables, out, start, period_ends(start, end, every))


def write_batches(dump: Path, out: Path, start: date, ends: Sequence[date]) -> list[date]:
    """Write `out/<batch_date>/*.csv` for each period with a change; periods may have any length.

    Args:
        dump: Folder with the CSV files of a full dump.
        out: Output folder.
        start: First day of the first period.
        ends: Last day of each period, in order; also the batch dates.

    Returns:
        The batch dates, in order.

    Raises:
        ExtractError: The dump is incomplete or has no changes in the range, or a folder of a
            batch exists.
    """
    with _opened(dump) as tables:
        return _write_batches(tables, out, start, ends)


def _write_batches(tables: Tables, out: Path, start: date, ends: Sequence[date]) -> list[date]:
    taken = [out / str(day) for day in ends if (out / str(day)).exists()]
    if taken:
        raise ExtractError(f"{taken[0]} exists already; choose another folder")
    dated = _changed_orders_by_batch(_changes(tables), start, ends)
    if dated.is_empty():
        raise ExtractError(f"the dump has no change from {start} to {ends[-1]}")
    needed = _first_batches(tables, dated)
    written: list[date] = []
    for days in _blocks(dated):
        block = dated.filter(pl.col("batch").is_in(days))
        frames = {table: _frames(tables, table, block, needed.get(table)) for table in tables}
        for day in days:
            rest = {} if written else {t: _rest(tables, t, needed.get(t)) for t in tables}
            _write(out, day, frames, rest)
            written.append(day)
    return written


def period_ends(start: date, end: date, every: str) -> list[date]:
    """Return the last day of each period from `start` to `end`.

    Args:
        start: First day of the first period.
        end: Last day of the last period, which may be shorter than the others.
        every: Length of a period as a Polars duration: 1d, 7d, 1mo.
    """
    begins = pl.date_range(start, end + timedelta(days=1), every, eager=True).to_list()
    ends = [day - timedelta(days=1) for day in begins[1:]]
    return ends if ends and ends[-1] == end else [*ends, end]


@contextmanager
def _opened(dump: Path) -> Iterator[Tables]:
    """Read the tables of a dump as text, unchanged, each event of an order as `at <name>` too."""
    with scratch_folder("extract") as scratch:
        tables = {table: _read(dump, table, scratch) for table in contracts()}
        events = [
            typed_value(column).alias(f"at {column.name}")
            for column in contracts()["orders"].columns
            if column.name in _EVENT_COLUMNS
        ]
        yield tables | {"orders": tables["orders"].with_columns(events)}


def _read(dump: Path, table: str, scratch: Path) -> pl.LazyFrame:
    contract = contracts()[table]
    name = contract.source_file
    found = [path for path in (dump / name, dump / f"{name}.gz") if path.is_file()]
    if not found:
        raise ExtractError(f"{dump / name}: missing. A dump contains one file per table")
    read = text_table(CsvFile(found[0], contract, str(found[0])), scratch)
    if read.set_aside:
        raise ExtractError(
            f"{found[0]}, {read.first_set_aside[0]}. In all, {read.set_aside} lines of the file "
            "cannot be read. An extract copies every record: correct the file"
        )
    return read.rows


def _changes(tables: Tables) -> pl.LazyFrame:
    """Return order_id and timestamp (`at`) of every change of an order."""
    events = [
        tables["orders"].select("order_id", pl.col(f"at {name}").alias("at"))
        for name in _EVENT_COLUMNS
    ]
    return pl.concat([*events, _answered(tables).select("order_id", "at")]).drop_nulls()


def _answered(tables: Tables) -> pl.LazyFrame:
    """Return the reviews of known orders with `at`, the time from which each one exists.

    It is the time of the answer, but not before the purchase.
    """
    moments = {column.name: column for column in contracts()["order_reviews"].columns}
    placed = (  # a dump may hold an order twice
        tables["orders"]
        .group_by("order_id")
        .agg(pl.col(f"at {_PURCHASED_AT}").min().alias("placed"))
    )
    answered = pl.coalesce(
        typed_value(moments["review_answer_timestamp"]),
        typed_value(moments["review_creation_date"]),
    )
    return (
        tables["order_reviews"]
        .join(placed, on="order_id", how="inner")
        .with_columns(pl.max_horizontal(answered, "placed").alias("at"))
    )


def _changed_orders_by_batch(
    changes: pl.LazyFrame, start: date, ends: Sequence[date]
) -> pl.DataFrame:
    """Return one row (order_id, batch) for each batch in which an order changed."""
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


def _first_batches(tables: Tables, dated: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the batch of the first order of each customer, product and seller."""
    firsts = dated.lazy().group_by("order_id").agg(pl.col("batch").min())
    return {
        table: tables[referring]
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
    """Group the batches into blocks that fit in memory."""
    sizes = dated.group_by("batch").len().sort("batch")
    block: list[date] = []
    rows = 0
    for day, size in sizes.iter_rows():
        if block and rows + size > _MAX_BLOCK_ROWS:
            yield block
            block, rows = [], 0
        block.append(day)
        rows += size
    yield block


def _frames(
    tables: Tables, table: str, block: pl.DataFrame, needed: pl.DataFrame | None
) -> dict[date, pl.DataFrame]:
    """The rows of a table for each batch of a block."""
    rows, changed = tables[table], block.lazy()
    until = (pl.col("batch") + pl.duration(days=1)).cast(pl.Datetime("us"))
    if table == "orders":
        found = _with_known_state(rows.join(changed, on="order_id"), until)
    elif table == "order_reviews":
        answered = _answered(tables).join(changed, on="order_id")
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


def _rest(tables: Tables, table: str, needed: pl.DataFrame | None) -> pl.DataFrame:
    """Return the rows that go into the first batch.

    They are the rows that no order references, and the orders without a readable event with all
    their rows.
    """
    rows = tables[table]
    unchanged = tables["orders"].join(_changes(tables), on="order_id", how="anti")
    if needed is not None:
        rows = rows.join(needed.lazy(), on=contracts()[table].key[0], how="anti")
    elif table == "orders":
        rows = unchanged
    elif table.startswith("order_"):
        changed = tables["orders"].join(unchanged, on="order_id", how="anti")
        rows = rows.join(changed, on="order_id", how="anti")
    return rows.collect(engine="streaming")


def _with_known_state(orders: pl.LazyFrame, until: pl.Expr) -> pl.LazyFrame:
    """Return orders with the timestamps and status known at the end of their batch."""
    # a time that cannot be read is copied as it is
    known = {
        name: (pl.col(f"at {name}") < until).fill_null(pl.col(name).is_not_null())
        for name in _EVENT_COLUMNS
    }
    complete = pl.all_horizontal(known[name] | pl.col(name).is_null() for name in _EVENT_COLUMNS)
    status = pl.lit("created")
    for name in _EVENT_COLUMNS:
        status = pl.when(known[name]).then(pl.lit(_STATUSES[name])).otherwise(status)
    placed = orders.filter(known[_PURCHASED_AT] | pl.col(_PURCHASED_AT).is_null())
    return placed.with_columns(
        pl.when(complete).then("order_status").otherwise(status).alias("order_status"),
        *(pl.when(known[name]).then(name).alias(name) for name in _EVENT_COLUMNS),
    )


def _write(
    out: Path,
    day: date,
    frames: dict[str, dict[date, pl.DataFrame]],
    rest: dict[str, pl.DataFrame],
) -> None:
    """Write the files of a batch to a temporary folder, then rename the folder."""
    beside = out / f".{day}.part"
    beside.mkdir(parents=True, exist_ok=True)
    for table, contract in contracts().items():
        empty = pl.DataFrame(schema=dict.fromkeys(contract.header, pl.String))
        parts = [frames[table].get(day, empty), rest.get(table, empty)]
        rows = pl.concat([part.select(contract.header) for part in parts])
        # sort by key: the same dump always produces the same bytes
        rows = rows.sort(contract.key) if contract.key else rows
        rows.write_csv(beside / contract.source_file)
    beside.rename(out / str(day))
