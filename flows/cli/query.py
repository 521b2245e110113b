"""Commands that query the warehouse: `query`, `trace`."""

import csv
import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from flows.cli.console import console
from infra import state_dir
from infra.settings import Settings
from infra.shown_text import spreadsheet_cell, visible


class OutputFormat(StrEnum):
    """Output formats of `olist query`."""

    table = "table"
    csv = "csv"


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT statement in Redshift SQL.")],
    output: Annotated[
        OutputFormat, typer.Option("--format", help="How to print the rows.")
    ] = OutputFormat.table,
) -> None:
    """Run a read-only query on the warehouse."""
    from infra.local.services import running  # noqa: PLC0415
    from infra.warehouse import transaction  # noqa: PLC0415

    with (
        running(state_dir.last_used(Settings())) as settings,
        transaction(settings, read_only=True, inspector=True) as work,
    ):
        rows = work.query(sql, what="olist query, which only reads")
        columns = work.columns
    if output is OutputFormat.csv:
        writer = csv.writer(sys.stdout)
        writer.writerow([spreadsheet_cell(column) for column in columns])
        if settings.exact_csv:
            writer.writerows(rows)
        else:
            writer.writerows([spreadsheet_cell(value) for value in row] for row in rows)
        return
    _print(columns, rows)


def trace(
    model: Annotated[str, typer.Argument(help="A table in analytics, such as fact_order.")],
    key: Annotated[
        list[str], typer.Argument(help="Key of one row: the values of its key columns, in order.")
    ],
) -> None:
    """Show the source files, batches, runs and validation results of a published row."""
    from infra.local.services import running  # noqa: PLC0415
    from tasks.warehouse.lineage import trace as trace_row  # noqa: PLC0415

    with running(state_dir.last_used(Settings())) as settings:
        found = trace_row(settings, model, tuple(key))
    _print(["batch", "table", "file", "sha256", "rows", "Parquet"], found.files, "Files")
    _print(
        ["run", "batch", "action", "published (UTC)", "expectations", "failed"],
        found.runs,
        "Runs that published it, newest first",
    )


def _print(columns: list[str], rows: list[tuple], title: str | None = None) -> None:
    table = Table(*columns, title=title, title_justify="left")
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        # Text() stops rich from parsing brackets in values as markup
        table.add_row(*(Text(_shown(value)) for value in row))
    console.print(table)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return visible(value) if isinstance(value, str) else str(value)
