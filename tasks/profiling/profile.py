"""Profile the raw data: its columns, its inconsistencies and its business figures.

Everything is computed with Polars from the CSV files; no warehouse is needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from infra.contracts import Column, Contract, contracts
from infra.csv_file.reader import CsvFile
from infra.csv_file.text_table import TextTable, text_table
from infra.csv_file.values import is_invalid, typed_value
from infra.ddl import references
from infra.scratch import scratch_folder
from infra.settings import Settings
from infra.source_storage import LocalFolder
from tasks.ingest.source import check_source, source_file
from tasks.profiling.business import business
from tasks.profiling.findings import inconsistencies
from tasks.reporting.templates import page, write

Tables = Mapping[str, pl.LazyFrame]
Point = tuple[str, float, str]

_HISTOGRAMS = [
    ("order_items", "price", "R$ price of an item"),
    ("order_items", "freight_value", "R$ freight of an item"),
    ("order_payments", "payment_value", "R$ of a payment"),
    ("order_payments", "payment_installments", "Instalments of a payment"),
    ("order_reviews", "review_score", "Score of a review"),
    ("products", "product_weight_g", "Weight of a product (g)"),
]
_BINS = 20


@dataclass(frozen=True)
class ColumnProfile:
    """Statistics of a column; sensitive columns and texts have no range."""

    name: str
    kind: str
    missing: int
    distinct: int
    lowest: str
    highest: str
    outliers: int | None  # values more than three interquartile ranges outside the quartiles


@dataclass(frozen=True)
class Unloadable:
    """The rows of a table that a run would quarantine."""

    rows: int
    invalid: dict[str, int]  # values that do not fit their column, by column
    malformed: list[str]  # the first records that cannot be split into fields: line and reason


@dataclass(frozen=True)
class Relation:
    """The references from one table to another, in both directions."""

    child: str
    column: str
    parent: str
    orphans: int  # child rows without a parent
    childless: int  # parent rows without a child


def write_profile(settings: Settings, source: Path) -> Path:
    """Write the profile page of the source files in a folder.

    Args:
        settings: Location of the reports.
        source: A local folder with the CSV files.

    Returns:
        Path of the page.

    Raises:
        SourceError: A file is missing or unusable.
    """
    folder = LocalFolder(source)
    check_source(folder)
    path = settings.state / "reports" / "profile" / "index.html"
    with scratch_folder("profile") as scratch:
        texts = read(source, scratch)
        write(path, _page(str(source), texts))
    return path


def _page(source: str, texts: Mapping[str, TextTable]) -> str:
    tables = typed(texts)
    return page(
        "profile.html",
        source=source,
        made_at=datetime.now(UTC),
        rows={
            table: text.set_aside + text.rows.select(pl.len()).collect().item()
            for table, text in texts.items()
        },
        unloadable={
            table: found
            for table, text in texts.items()
            if (found := unloadable_of(contracts()[table], text)).rows
        },
        columns={table: columns_of(contracts()[table], frame) for table, frame in tables.items()},
        relations=[
            relation_of(tables, *relation) for relation in references("staging", contracts())
        ],
        histograms=[(t, histogram(tables[table], name)) for table, name, t in _HISTOGRAMS],
        findings=inconsistencies(tables),
        business=business(tables),
    )


def read(source: Path, scratch: Path) -> dict[str, TextTable]:
    """Read the tables as text, by the rules of a run.

    Args:
        source: Folder with the CSV files.
        scratch: A folder that has to exist as long as the tables are used.

    Raises:
        SourceError: A file is missing or cannot be read.
    """
    folder = LocalFolder(source)
    files = folder.files()
    return {
        table: text_table(CsvFile(source / name, contract, f"{folder.address}/{name}"), scratch)
        for table, contract in contracts().items()
        for name in [source_file(folder, files, contract)]
    }


def typed(texts: Mapping[str, TextTable]) -> Tables:
    """Convert the columns to the types of their contracts; an invalid value becomes null."""
    return {
        table: text.rows.with_columns(typed_value(c) for c in contracts()[table].source_columns)
        for table, text in texts.items()
    }


def unloadable_of(contract: Contract, text: TextTable) -> Unloadable:
    """Count the rows that a run would quarantine."""
    columns = contract.source_columns
    counts = text.rows.select(
        pl.any_horizontal(is_invalid(c) for c in columns).sum().alias("all rows"),
        *(is_invalid(c).sum().alias(c.name) for c in columns),
    ).collect(engine="streaming")
    by_column = {c.name: counts[c.name].item() for c in columns if counts[c.name].item()}
    return Unloadable(
        rows=text.set_aside + counts["all rows"].item(),
        invalid=by_column,
        malformed=text.first_set_aside,
    )


def columns_of(contract: Contract, frame: pl.LazyFrame) -> list[ColumnProfile]:
    """Compute missing and distinct values, range and outliers of each column."""
    counted = (
        frame.select(
            expression for column in contract.source_columns for expression in _measures(column)
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    return [
        ColumnProfile(
            name=column.name,
            kind=column.kind + ("" if not column.required else ", required"),
            missing=counted[f"{column.name} missing"],
            distinct=counted[f"{column.name} distinct"],
            lowest=_shown(counted.get(f"{column.name} lowest")),
            highest=_shown(counted.get(f"{column.name} highest")),
            outliers=counted.get(f"{column.name} outliers"),
        )
        for column in contract.source_columns
    ]


def _measures(column: Column) -> list[pl.Expr]:
    value = pl.col(column.name)
    found = [
        value.null_count().alias(f"{column.name} missing"),
        value.n_unique().alias(f"{column.name} distinct"),
    ]
    if column.kind == "VARCHAR" or column.sensitive:
        return found
    found += [
        value.min().alias(f"{column.name} lowest"),
        value.max().alias(f"{column.name} highest"),
    ]
    if column.kind != "TIMESTAMP":
        number = value.cast(pl.Float64)
        low, high = number.quantile(0.25), number.quantile(0.75)
        reach = 3 * (high - low)
        beyond = (number < low - reach) | (number > high + reach)
        found.append(beyond.sum().alias(f"{column.name} outliers"))
    return found


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def relation_of(tables: Tables, child: str, column: str, parent: str) -> Relation:
    """Count the child rows without a parent, and the parent rows without a child."""
    children = tables[child].filter(pl.col(column).is_not_null())
    orphans = children.join(tables[parent], on=column, how="anti").select(pl.len())
    childless = tables[parent].join(children, on=column, how="anti").select(pl.len())
    both = pl.collect_all([orphans, childless])
    return Relation(child, column, parent, both[0].item(), both[1].item())


def histogram(frame: pl.LazyFrame, column: str) -> list[Point]:
    """Count values in 20 bins up to the 99th percentile; the last bar counts all values above.

    A column with at most 25 distinct values has one bar per value.

    Returns:
        (label, count, tone) of each bar.
    """
    values = frame.select(pl.col(column).cast(pl.Float64)).drop_nulls().collect().to_series()
    if values.is_empty():
        return []
    top = values.quantile(0.99) or values.max()
    distinct = values.n_unique()
    if distinct <= _BINS + 5:  # few values: one bar per value
        counted = values.value_counts().sort(column)
        return [(f"{value:g}", count, "plain") for value, count in counted.iter_rows()]
    width = (float(top) - float(values.min())) / _BINS or 1.0  # pyright: ignore[reportArgumentType]
    start = float(values.min())  # pyright: ignore[reportArgumentType]
    bins = (
        ((values - start) / width).floor().cast(pl.Int64).clip(0, _BINS).alias("bin").value_counts()
    )
    counts = dict(bins.iter_rows())
    labels = [f"{start + n * width:,.0f}" for n in range(_BINS)] + [f"over {top:,.0f}"]
    return [(label, counts.get(n, 0), "plain") for n, label in enumerate(labels)]
