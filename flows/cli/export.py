"""Commands that write dashboards and export files: `dashboard`, `export`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import console
from infra import state_dir
from infra.private_files import given_umask
from infra.settings import Settings


class ExportFormat(StrEnum):
    """File formats of `olist export`."""

    csv = "csv"
    parquet = "parquet"
    hyper = "hyper"


def dashboard(
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
) -> None:
    """Rewrite the dashboards from published data and open the overview."""
    from infra.local.services import running  # noqa: PLC0415
    from tasks.reporting.dashboards.build import build_dashboards  # noqa: PLC0415
    from tasks.reporting.run_page import open_page  # noqa: PLC0415

    with running(state_dir.last_used(Settings())) as settings:
        paths = build_dashboards(settings)
    for path in paths:
        console.print(str(path), soft_wrap=True)
    if show and not open_page(paths[-1]):
        console.print("No browser is available; open the file on another machine.")


def export(
    folder: Annotated[Path, typer.Argument(help="Output folder; created if missing.")],
    form: Annotated[
        ExportFormat, typer.Option("--format", help="File format; hyper is a Tableau extract.")
    ] = ExportFormat.csv,
    table: Annotated[
        list[str] | None, typer.Option(help="Table to export; may be repeated. Default: all.")
    ] = None,
) -> None:
    """Download the latest exports: one file per table, and the data dictionary."""
    from infra.local.services import running  # noqa: PLC0415
    from tasks.reporting.export.download import fetch  # noqa: PLC0415

    with running(state_dir.last_used(Settings())) as settings, given_umask():
        for path, rows in fetch(settings, folder.expanduser(), form.value, table or []):
            row_count = f"  {rows:,} rows" if rows is not None else ""
            console.print(f"{path}{row_count}", soft_wrap=True)
