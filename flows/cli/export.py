"""Commands for looking at figures elsewhere: `dashboard`, `export`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra import state_dir
from infra.settings import Settings

_console = Console()


class ExportFormat(StrEnum):
    """What `olist export` writes."""

    csv = "csv"
    parquet = "parquet"
    hyper = "hyper"


def dashboard(
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
) -> None:
    """Write the dashboards anew from what is published, and open the overview."""
    from infra.local.services import running  # noqa: PLC0415
    from tasks.reporting.dashboards.build import build_dashboards  # noqa: PLC0415
    from tasks.reporting.run_page import open_page  # noqa: PLC0415

    with running(state_dir.last_used(Settings())) as settings:
        paths = build_dashboards(settings)
    for path in paths:
        _console.print(str(path), soft_wrap=True, highlight=False)
    if show and not open_page(paths[-1]):
        _console.print("There is no browser here; open the file on another machine.")


def export(
    folder: Annotated[Path, typer.Argument(help="Where the files go; it is made.")],
    form: Annotated[
        ExportFormat, typer.Option("--format", help="hyper is Tableau's.")
    ] = ExportFormat.csv,
    table: Annotated[
        list[str] | None, typer.Option(help="One of them; may be repeated. Default: all.")
    ] = None,
) -> None:
    """Copy the exports in force to this machine: one file a table, and the data dictionary."""
    from infra.local.services import running  # noqa: PLC0415
    from tasks.reporting.export.download import fetch  # noqa: PLC0415

    with running(state_dir.last_used(Settings())) as settings:
        for path, rows in fetch(settings, folder.expanduser(), form.value, table or []):
            told = f"  {rows:,} rows" if rows is not None else ""
            _console.print(f"{path}{told}", soft_wrap=True, highlight=False)
