"""The command line: `olist run`, `generate`, `query`, `fetch`, `redshift`."""

import csv
import os
import re
import sys
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from infra.local import home
from infra.settings import Settings

app = typer.Typer(
    name="olist",
    help="Daily ELT for the Olist marketplace.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_DEMO_ORDERS = 10_000
_DEMO_SEED = 42
_console = Console()
_errors = Console(stderr=True)


class OutputFormat(StrEnum):
    """How `olist query` prints rows."""

    table = "table"
    csv = "csv"


@app.command()
def run(
    source: Annotated[
        Path | None,
        typer.Option(help="Folder with the nine CSV files; default OLIST_SOURCE, else made up."),
    ] = None,
    batch_date: Annotated[
        str | None,
        typer.Option(help="YYYY-MM-DD; default: the folder's name if it is a date, else today."),
    ] = None,
) -> None:
    """Load one batch: upload, copy, transform, validate, publish."""
    settings = _settings()
    _use_own_prefect(settings)
    given = source or settings.source
    made_up = given is None
    base, settings = settings, home.of_run(settings, made_up=made_up)
    chosen = (given or _demo(settings)).expanduser().resolve()
    day = _day(batch_date, chosen)
    from tasks.source import check_source  # noqa: PLC0415

    check_source(chosen)  # before anything is started: a wrong folder is told at once
    home.remember(base, made_up=made_up)

    from infra.local.stack import running  # noqa: PLC0415

    with running(settings):
        _console.print("Starting; the first lines take a few seconds …", style="dim")
        from flows.daily_elt import daily_elt  # noqa: PLC0415 (Prefect takes seconds to import)
        from flows.summary import summarise  # noqa: PLC0415
        from tasks.report import reconciliation  # noqa: PLC0415

        receipt = daily_elt(batch_date=day, source=chosen)
        summarise(_console, receipt, reconciliation(Settings()), settings)


@app.command()
def generate(
    directory: Annotated[Path, typer.Argument(help="Folder to write the nine CSV files to.")],
    orders: Annotated[int, typer.Option(min=1, help="Number of orders.")] = _DEMO_ORDERS,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 42,
) -> None:
    """Write made-up data in the exact format of the real data set."""
    from infra.local.generate import generate as write  # noqa: PLC0415

    rows = write(directory, orders, seed)
    _console.print(f"{sum(rows.values()):,} rows in {len(rows)} files: {directory}")


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT, in Redshift SQL.")],
    output: Annotated[
        OutputFormat, typer.Option("--format", help="How to print the rows.")
    ] = OutputFormat.table,
) -> None:
    """Ask the warehouse, read-only."""
    from infra.local.stack import running  # noqa: PLC0415
    from infra.warehouse import transaction  # noqa: PLC0415

    with (
        running(home.last_used(_settings())) as settings,
        transaction(settings, read_only=True) as work,
    ):
        rows = work.query(sql, what="query")
        columns = work.columns
    if output is OutputFormat.csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows(rows)
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    _console.print(table)


@app.command()
def fetch(
    directory: Annotated[Path, typer.Argument(help="Folder to put the nine CSV files into.")],
) -> None:
    """Download the real data set from Kaggle (CC BY-NC-SA 4.0)."""
    from infra.local.fetch import fetch as download  # noqa: PLC0415

    download(directory)
    _console.print(f"The real data set is in {directory}. Load it: olist run --source {directory}")


@app.command()
def redshift(
    path: Annotated[Path, typer.Option(help="File that holds the database.")],
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 5439,
    user: Annotated[str, typer.Option(help="The user that may log in.")] = "olist",
    database: Annotated[str, typer.Option(help="The database that they find.")] = "dev",
    iam_port: Annotated[
        int | None, typer.Option(help="Also answer GetCredentials of Redshift Serverless there.")
    ] = None,
) -> None:
    """Serve the local Redshift alone; its password comes from OLIST_REDSHIFT_PASSWORD.

    COPY and UNLOAD use the S3 API at OLIST_S3_ENDPOINT_URL.
    """
    from infra.local.redshift.server import serve  # noqa: PLC0415

    serve(path.expanduser().resolve(), port, user, database=database, iam_port=iam_port)


def main() -> None:
    """Run a command; errors of ours are printed as text, without a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        _errors.print("Stopped. What was not published is not seen; run the same command again.")
        raise SystemExit(130) from None
    except Exception as error:
        if os.environ.get("OLIST_DEBUG"):
            raise
        _errors.print(
            f"{type(error).__name__}: {error}", style="bold red", markup=False, soft_wrap=True
        )
        _errors.print("Set OLIST_DEBUG=1 to see where it comes from.", style="dim")
        raise SystemExit(1) from error


def _settings() -> Settings:
    return Settings()


def _demo(settings: Settings) -> Path:
    from infra.local.generate import generate as write  # noqa: PLC0415

    # a folder named by date, so that a rerun is the same batch on any day
    folder = settings.state / "generated" / "2018-10-18"
    _console.print(
        f"No --source and no OLIST_SOURCE: using {_DEMO_ORDERS:,} generated orders in {folder}. "
        "These are made-up figures; they are kept apart from data of yours."
    )
    if not folder.is_dir():
        beside = folder.with_name(folder.name + ".part")
        write(beside, _DEMO_ORDERS, _DEMO_SEED)
        beside.rename(folder)
    return folder


def _day(given: str | None, source: Path) -> date:
    if given is None:
        named = re.fullmatch(r"\d{4}-\d{2}-\d{2}", source.name)
        given = source.name if named else f"{datetime.now().astimezone():%Y-%m-%d}"
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise typer.BadParameter(f"{given!r} is not a date (YYYY-MM-DD)") from error


def _use_own_prefect(settings: Settings) -> None:
    """Keep Prefect's state under OLIST_HOME unless a server is named, and let it not call home."""
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    if "PREFECT_API_URL" not in os.environ:
        os.environ.setdefault("PREFECT_HOME", str(settings.state / "prefect"))
        os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    os.environ.setdefault(
        "PREFECT_LOGGING_FORMATTERS_STANDARD_TASK_RUN_FMT",
        "%(asctime)s %(levelname)-7s %(task_run_name)s: %(message)s",
    )
    os.environ.setdefault(
        "PREFECT_LOGGING_FORMATTERS_STANDARD_FLOW_RUN_FMT",
        "%(asctime)s %(levelname)-7s %(flow_run_name)s: %(message)s",
    )


if __name__ == "__main__":
    main()
