"""Commands that make source files: `generate`, `extract`, `fetch`."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import console
from flows.cli.day import DAY
from infra.private_files import given_umask

_DEMO_ORDERS = 10_000


def generate(
    directory: Annotated[Path, typer.Argument(help="Folder to write the CSV files to.")],
    orders: Annotated[int, typer.Option(min=1, help="Number of orders.")] = _DEMO_ORDERS,
    seed: Annotated[int, typer.Option(min=0, help="The same seed creates the same files.")] = 42,
    first: Annotated[
        date | None,
        typer.Option("--from", help="First day of purchases; default: 2016-09-04.", **DAY),
    ] = None,
    last: Annotated[
        date | None, typer.Option("--to", help="Last day of purchases; default: 2018-08-28.", **DAY)
    ] = None,
) -> None:
    """Generate data in the exact format of the real data set."""
    from infra.local.generate import FIRST_DAY, LAST_DAY  # noqa: PLC0415
    from infra.local.generate import generate as write  # noqa: PLC0415

    first, last = first or FIRST_DAY, last or LAST_DAY
    if first > last:
        raise typer.BadParameter(f"{first} is after {last}", param_hint="--from")
    with given_umask():
        rows = write(directory, orders, seed, first, last)
    console.print(f"{sum(rows.values()):,} rows in {len(rows)} files: {directory}", soft_wrap=True)


def extract(
    dump: Annotated[Path, typer.Argument(help="Folder with the CSV files of a full dump.")],
    out: Annotated[Path, typer.Argument(help="Output folder, with one subfolder per batch.")],
    first: Annotated[
        date | None, typer.Option("--from", help="First day; default: that of the dump.", **DAY)
    ] = None,
    last: Annotated[
        date | None, typer.Option("--to", help="Last day; default: that of the dump.", **DAY)
    ] = None,
    every: Annotated[str, typer.Option(help="Length of a period: 1d, 7d, 1mo …")] = "1d",
) -> None:
    """Simulate the source system: write the changes of each period, as known at its end."""
    from infra.local.extract import extract as write  # noqa: PLC0415

    with given_umask():
        batches = write(dump, out, first, last, every=every)
    console.print(
        f"{len(batches)} batches, {batches[0]} to {batches[-1]}: {out}. "
        f"Load them: olist backfill --source {out}",
        soft_wrap=True,
    )


def fetch(
    directory: Annotated[Path, typer.Argument(help="Folder to save the CSV files in.")],
) -> None:
    """Download the real data set from Kaggle (CC BY-NC-SA 4.0)."""
    from infra.local.fetch import fetch as download  # noqa: PLC0415

    with given_umask():
        download(directory)
    console.print(
        f"The real data set is in {directory}. Load it: olist run --source {directory}",
        soft_wrap=True,
    )
