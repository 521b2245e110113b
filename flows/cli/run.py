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
from flows.cli.prefect_server import prefect_server
from flows.cli.server_watch import server_watched
from flows.cli.stopping import state_told, stoppable
from flows.cli.tracebacks import hide_tracebacks
from infra import state_dir
from infra.settings import Settings

if TYPE_CHECKING:
    from tasks.receipts import Acceptance

_DEMO_ORDERS = 10_000
_DEMO_SEED = 42
_DAY = "YYYY-MM-DD"


def run(
    source: Annotated[
        str | None,
        typer.Option(
            help="Folder with the CSV files, or with one such subfolder per day; a path or "
            "s3://. Default: OLIST_SOURCE, else generated data."
        ),
    ] = None,
    batch_date: Annotated[
        str | None,
        typer.Option(
            help="YYYY-MM-DD. Default: the folder's name if it is a date, else today "
            "in OLIST_TIMEZONE."
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
) -> None:
    """Load one batch: upload, copy, transform, validate, publish."""
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

    def check() -> None:
        if not chosen.startswith("s3://"):  # report a wrong folder before starting any service
            from tasks.ingest.source import batch_folder, check_source  # noqa: PLC0415

            check_source(batch_folder(chosen, day, settings))
        state_dir.remember(base, made_up=made_up)

    with started(settings, base, check):
        from flows.cli.summary import summarise  # noqa: PLC0415
        from flows.daily_elt import daily_elt_flow  # noqa: PLC0415 (Prefect takes seconds to import)
        from tasks.validation.gate import import_in_background  # noqa: PLC0415
        from tasks.warehouse.totals import reconciled_totals  # noqa: PLC0415

        import_in_background()
        receipt = daily_elt_flow(batch_date=day, source=chosen, accept=acceptance)
        assert receipt is not None  # noqa: S101 (a date was named)
        summarise(console, receipt, reconciled_totals(Settings()), Settings())


def backfill(
    source: Annotated[
        str | None,
        typer.Option(
            help="Folder with one subfolder per batch, named YYYY-MM-DD; a path or s3://. "
            "Default: OLIST_SOURCE."
        ),
    ] = None,
    first: Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day, YYYY-MM-DD.")] = None,
    batches_per_publish: Annotated[
        int,
        typer.Option(min=1, help="Batches validated and published together; more is faster."),
    ] = 1,
) -> None:
    """Load all batches of a source that are not published yet, in order."""
    settings = Settings()
    given = source or settings.source
    if given is None:
        raise typer.BadParameter("name a folder with --source or OLIST_SOURCE")
    begin, end = (date_of(text) if text else None for text in (first, last))
    state_dir.remember(settings, made_up=False)
    with started(settings, settings):
        from flows.backfill import backfill_flow as flow  # noqa: PLC0415

        done = flow(_address(given), begin, end, batches_per_publish)
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
        list[str],
        typer.Argument(metavar=f"{_DAY}…", help="The days of the batches, retracted together."),
    ],
) -> None:
    """Retract published batches and recompute the rows that they affected."""
    first, *others = map(date_of, batch_dates)
    settings = Settings()
    with started(state_dir.last_used(settings), settings):
        from flows.corrections import retract_flow as flow  # noqa: PLC0415

        flow(first, others)
    for day in (first, *others):
        console.print(f"Batch {day} is retracted. Load it again to restore it.")


def rebuild(
    from_lake: Annotated[
        bool, typer.Option(help="Also reload staging from the Parquet files in the lake.")
    ] = False,
) -> None:
    """Recompute all of analytics from staging and replace it in one transaction."""
    settings = Settings()
    with started(state_dir.last_used(settings), settings):
        from flows.corrections import rebuild_flow as flow  # noqa: PLC0415

        receipt = flow(from_lake)
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
            console.print("Starting; the first log lines take a few seconds …", style="dim")
            if own_server:
                own_server.wait_until_ready()
            from prefect import tags  # noqa: PLC0415 (Prefect reads its settings now)

            hide_tracebacks()
            with server_watched(own_server), state_told(), tags("olist", "command-line"):
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


def _named(given: str | None, source: str, today: date) -> date:
    """Return the batch date: the option, else the folder's name if it is a date, else today."""
    if given is not None:
        return date_of(given)
    name = source.rstrip("/").rpartition("/")[2]
    return date_of(name) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name) else today


def date_of(text: str) -> date:
    """Parse a date option, such as `2018-08-01`.

    Raises:
        typer.BadParameter: The text is not an ISO date.
    """
    # fromisoformat alone also takes other forms, such as 2018-W31-3
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    raise typer.BadParameter(f"{text!r} is not a date ({_DAY})")
