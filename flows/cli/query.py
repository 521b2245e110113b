"""Commands that query the warehouse: `query`, `trace`."""

from typing import Annotated

import typer

from flows.cli.rows import RowFormat, print_table, write_rows
from infra import state_dir
from infra.settings import Settings


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT statement in Redshift SQL.")],
    output: Annotated[
        RowFormat, typer.Option("--format", help="How to print the rows.")
    ] = RowFormat.table,
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
    write_rows(columns, rows, output, exact_csv=settings.exact_csv)


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
    print_table(["batch", "table", "file", "sha256", "rows", "Parquet"], found.files, "Files")
    print_table(
        ["run", "batch", "action", "published (UTC)", "expectations", "failed"],
        found.runs,
        "Runs that published it, newest first",
    )
