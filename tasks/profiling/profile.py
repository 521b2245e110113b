"""Profile the raw data: its columns, its inconsistencies and its business figures.

Everything is computed with Polars from the CSV files; no warehouse is needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from infra.contracts import Column, Contract, contracts
from infra.ddl import references
from infra.settings import Settings
from infra.source_storage import LocalFolder
from tasks.ingest.source import check_source, source_file
from tasks.profiling.business import business
from tasks.profiling.findings import inconsistencies
from tasks.reporting.templates import page

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
    tables = scan(source)
    path = settings.state / "reports" / "profile" / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {table: columns_of(contracts()[table], frame) for table, frame in tables.items()}
    rows = {table: frame.select(pl.len()).collect().item() for table, frame in tables.items()}
    path.write_text(
        page(
            "profile.html",
            source=str(source),
            made_at=datetime.now(UTC),
            rows=rows,
            columns=columns,
            relations=[
                relation_of(tables, *relation) for relation in references("staging", contracts())
            ],
            histograms=[(t, histogram(tables[table], name)) for table, name, t in _HISTOGRAMS],
            findings=inconsistencies(tables),
            business=business(tables),
        )
    )
    return path


def scan(source: Path) -> Tables:
    """Read the tables lazily, typed by their contracts; invalid values are null."""
    files = LocalFolder(source).files()
    found = {}
    for table, contract in contracts().items():
        path = source / source_file(LocalFolder(source), files, contract)
        text = pl.scan_csv(path, infer_schema=False)
        found[table] = text.with_columns(_typed(column) for column in contract.source_columns)
    return found


def _typed(column: Column) -> pl.Expr:
    value = pl.col(column.name)
    if column.kind == "VARCHAR":
        return value
    if column.kind == "TIMESTAMP":
        return value.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
    return value.cast(column.polars, strict=False)


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
