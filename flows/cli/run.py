"""Commands that run a flow: `run`, `backfill`, `retract`, `rebuild`."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import console
from flows.cli.day import DAY, date_of
from flows.cli.dry_run import dry_run
from flows.cli.output import Format, LogFormat, Verbose, result, run_shown
from flows.cli.prefect_server import prefect_server
from flows.cli.server_watch import server_watched
from flows.cli.stopping import state_told, stoppable
from infra import state_dir
from infra.settings import Settings

if TYPE_CHECKING:
    from tasks.receipts import Acceptance

_DEMO_ORDERS = 10_000
_DEMO_SEED = 42


def run(
    source: Annotated[
        str | None,
        typer.Option(
            help="Folder with the CSV files, or with one such subfolder per day; a path or "
            "s3://. Default: OLIST_SOURCE, else generated data."
        ),
    ] = None,
    batch_date: Annotated[
        date | None,
        typer.Option(
            help="Default: the folder's name if it is a date, else today in OLIST_TIMEZONE.", **DAY
        ),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            help="Id of an expectation about the source that may fail, as in "
            "staging.orders.status_known; may be repeated."
        ),
    ] = None,
    accepted_by: Annotated[str | None, typer.Option(help="Who accepts it; for the audit.")] = None,
    because: Annotated[str | None, typer.Option(help="Reason; for the audit.")] = None,
    only_plan: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be read, changed and checked.")
    ] = False,
    verbose: Verbose = False,
    log_format: Format = LogFormat.text,
) -> None:
    """Load one batch: upload, copy, transform, validate, publish."""
    del verbose, log_format  # flows.cli.output keeps them
    settings = Settings()
    given = source or settings.source
    made_up = given is None
    if made_up and settings.target == "aws":
        raise typer.BadParameter("name a --source: generated data is for the local stack only")
    if made_up and state_dir.holds_own_data(settings):
        raise typer.BadParameter(
            f"name a folder with --source or OLIST_SOURCE: {settings.home} holds your own data. "
            "To try generated orders: OLIST_HOME=/tmp/try olist run"
        )
    base, settings = settings, state_dir.of_run(settings, made_up=made_up)
    chosen = _address(given) if given else _demo(settings)
    day = _named(batch_date, chosen, settings.today)
    acceptance = _acceptance(accept, accepted_by, because)
    if only_plan:
        dry_run(settings, chosen, day)
        return

    def check() -> None:
        if not chosen.startswith("s3://"):  # report a wrong folder before starting any service
            from tasks.ingest.source import batch_folder, check_source  # noqa: PLC0415

            check_source(batch_folder(chosen, day, settings))
        state_dir.remember(base, made_up=made_up)

    with started(settings, base, check):
        from flows.cli.summary import summarise  # noqa: PLC0415
        from flows.daily_elt import daily_elt_flow  # noqa: PLC0415 (Prefect takes seconds to import)
        from tasks.validation.gate import import_in_background  # noqa: PLC0415

        import_in_background()
        receipt = daily_elt_flow(batch_date=day, source=chosen, accept=acceptance)
        assert receipt is not None  # noqa: S101 (a date was named)
        result(**receipt.facts)
        summarise(console, receipt, Settings())


def backfill(
    source: Annotated[
        str | None,
        typer.Option(
            help="Folder with one subfolder per batch, named YYYY-MM-DD; a path or s3://. "
            "Default: OLIST_SOURCE."
        ),
    ] = None,
    first: Annotated[date | None, typer.Option("--from", help="First day.", **DAY)] = None,
    last: Annotated[date | None, typer.Option("--to", help="Last day.", **DAY)] = None,
    batches_per_publish: Annotated[
        int,
        typer.Option(min=1, help="Batches validated and published together; more is faster."),
    ] = 1,
    verbose: Verbose = False,
    log_format: Format = LogFormat.text,
) -> None:
    """Load all batches of a source that are not published yet, in order."""
    del verbose, log_format
    settings = Settings()
    given = source or settings.source
    if given is None:
        raise typer.BadParameter("name a folder with --source or OLIST_SOURCE")
    state_dir.remember(settings, made_up=False)
    with started(settings, settings):
        from flows.backfill import backfill_flow as flow  # noqa: PLC0415

        done = flow(_address(given), first, last, batches_per_publish)
    result(**done.model_dump(mode="json", exclude={"warnings"}))
    console.rule("Backfill")
    for count, what in (
        (done.found, "folders found"),
        (len(done.skipped), "already published from the same files"),
        (len(done.published), f"published now, in {done.seconds:.1f} seconds"),
        (len(done.missing), "days in the range without a folder"),
    ):
        console.print(f"{count:>6,} {what}")


def retract(
    batch_dates: Annotated[
        list[date],
        typer.Argument(help="The days of the batches, retracted together.", **DAY),
    ],
    verbose: Verbose = False,
    log_format: Format = LogFormat.text,
) -> None:
    """Retract published batches and recompute the rows that they affected."""
    del verbose, log_format
    first, *others = batch_dates
    settings = Settings()
    with started(state_dir.last_used(settings), settings):
        from flows.corrections import retract_flow as flow  # noqa: PLC0415

        receipt = flow(first, others)
    result(**receipt.facts)
    for day in (first, *others):
        console.print(f"Batch {day} is retracted. Load it again to restore it.")


def rebuild(
    from_lake: Annotated[
        bool, typer.Option(help="Also reload staging from the Parquet files in the lake.")
    ] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this model: fact_order; dim_customer+ with those that read it; may be "
            "repeated."
        ),
    ] = None,
    verbose: Verbose = False,
    log_format: Format = LogFormat.text,
) -> None:
    """Recompute all of analytics from staging and replace it in one transaction."""
    del verbose, log_format
    settings = Settings()
    with started(state_dir.last_used(settings), settings):
        from flows.corrections import rebuild_flow as flow  # noqa: PLC0415

        receipt = flow(from_lake, select or ())
    result(**receipt.facts)
    console.print(
        f"{len(receipt.published.rows)} models, {sum(receipt.published.rows.values()):,} rows "
        f"rebuilt from {len(receipt.published.batch_dates)} batches."
    )


@contextmanager
def started(
    settings: Settings, base: Settings, check: Callable[[], None] | None = None
) -> Iterator[None]:
    """Provide the local services and Prefect to a flow run.

    Args:
        settings: Settings of the run; `home` is that of its S3 and Redshift.
        base: Settings with the main OLIST_HOME, which holds Prefect's state.
        check: Checks the source before S3 and Redshift start.
    """
    from infra.local.services import running  # noqa: PLC0415

    with stoppable(), prefect_server(base) as own_server:
        if check:
            check()
        if own_server:
            own_server.start()
        with running(settings):
            console.print("Starting S3, Redshift and Prefect …", style="dim")
            if own_server:
                own_server.wait_until_ready()
            from prefect import tags  # noqa: PLC0415 (Prefect reads its settings now)

            with (
                server_watched(own_server),
                state_told(),
                run_shown(),
                tags("olist", "command-line"),
            ):
                yield


def _demo(settings: Settings) -> str:
    from infra.contracts import contracts  # noqa: PLC0415 (Polars takes its time)
    from infra.local.generate import generate as write  # noqa: PLC0415

    # a folder with a fixed date as its name, so that a rerun on any day loads the same batch
    folder = settings.state / "generated" / "2018-10-18"
    console.print(
        f"No --source and no OLIST_SOURCE: using {_DEMO_ORDERS:,} generated orders in {folder}. "
        "Generated data is stored separately from your own data.",
        soft_wrap=True,
    )
    if not all((folder / c.source_file).is_file() for c in contracts().values()):
        shutil.rmtree(folder, ignore_errors=True)  # made before a table was added
        beside = folder.with_name(folder.name + ".part")
        write(beside, _DEMO_ORDERS, _DEMO_SEED)
        beside.rename(folder)
    return str(folder)


def _acceptance(
    expectations: list[str] | None, by: str | None, because: str | None
) -> "Acceptance | None":
    if not (expectations or by or because):
        return None
    if not (expectations and by and because):
        raise typer.BadParameter("--accept, --accepted-by and --because go together")
    from pydantic import ValidationError  # noqa: PLC0415

    from tasks.receipts import Acceptance  # noqa: PLC0415

    with suppress(ValidationError):
        if by.strip().upper() not in {"NAME", "YOUR NAME"}:  # pasted from a message
            return Acceptance(expectations=expectations, by=by.strip(), because=because.strip())
    raise typer.BadParameter(
        "--accepted-by takes the name of the person who decides (2 to 100 characters), and "
        "--because a reason (10 to 800 characters); the audit keeps both"
    )


def _address(given: str) -> str:
    return given if given.startswith("s3://") else str(Path(given).expanduser().resolve())


def _named(given: date | None, source: str, today: date) -> date:
    """Return the batch date: the option, else the folder's name if it is a date, else today."""
    if given is not None:
        return given
    name = source.rstrip("/").rpartition("/")[2]
    return date_of(name) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name) else today
