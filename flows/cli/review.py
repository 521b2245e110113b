"""Commands that review runs and source data, and that manage notifications."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.cli.console import console
from flows.cli.day import DAY
from flows.cli.output import Format, LogFormat, Verbose, result
from flows.cli.prefect_server import require_known_server
from flows.cli.run import started
from infra import state_dir
from infra.settings import Settings


class Layer(StrEnum):
    """Layers of published data that `olist validate` checks."""

    STAGING = "staging"
    STAR = "star"
    MARTS = "marts"
    RECONCILIATION = "reconciliation"


def report(
    batch_date: Annotated[
        date | None, typer.Argument(help="The day of a batch; default: the last run.", **DAY)
    ] = None,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
) -> None:
    """Rewrite the page of a batch's last run and open it."""
    from infra.local.services import running  # noqa: PLC0415
    from tasks.reporting.addresses import shown_address  # noqa: PLC0415
    from tasks.reporting.run_page import open_page, rewrite_page  # noqa: PLC0415

    with running(state_dir.last_used(Settings())) as settings:
        page = rewrite_page(settings, batch_date)
    console.print(shown_address(settings, page), soft_wrap=True)
    if show and not open_page(page):
        console.print("No browser is available; open the file on another machine.")


def validate(
    layer: Annotated[
        list[Layer] | None, typer.Option(help="Layer to check; may be repeated. Default: all.")
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(help="The checks of this table, as orders or fact_order; may be repeated."),
    ] = None,
    expectation: Annotated[
        list[str] | None,
        typer.Option(help="This check, as staging.orders.status_known; may be repeated."),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep the copy in candidate, for a notebook (olist gx)."),
    ] = False,
    verbose: Verbose = False,
    log_format: Format = LogFormat.text,
) -> None:
    """Run the gates again on published data, without loading a batch."""
    del verbose, log_format
    settings = Settings()
    with started(state_dir.last_used(settings), settings):
        from flows.validate import validate_flow as flow  # noqa: PLC0415

        layers: Any = [chosen.value for chosen in layer] if layer else None
        receipts = flow(layers, dataset, expectation, keep)
    result(gates=[receipt.model_dump(mode="json") for receipt in receipts])
    what = "Every chosen check" if layer or dataset or expectation else "Every gate"
    console.print(f"{what} passes on what is published.")


def gx() -> None:
    """Write the suites as a file context of Great Expectations, which a notebook can open."""
    from infra.local.services import known_stack, running  # noqa: PLC0415
    from tasks.validation.check import Scope  # noqa: PLC0415
    from tasks.validation.file_context import WAREHOUSE, write_file_context  # noqa: PLC0415

    with running(state_dir.last_used(Settings())) as settings:
        written = write_file_context(settings, Scope((settings.today,)))
    console.print("The suites of all gates are written. In a notebook, or in Python:\n")
    console.print(
        "import great_expectations as gx\n"
        f'context = gx.get_context(mode="file", project_root_dir={str(settings.state)!r})\n'
        f'context.checkpoints.get("{written[-1] if written else "staging"}").run().describe()\n',
        soft_wrap=True,
    )
    console.print(f"Checkpoints: {', '.join(written) or 'none'}.")
    if len(written) < len(Layer):
        console.print(
            "The others have no rows to check: `olist validate --keep` copies what is published "
            "for them; then run this command again.",
            soft_wrap=True,
        )
    if settings.target == "local" and not known_stack(settings.state):
        console.print("The warehouse must run meanwhile: olist up, then this command again.")
    if settings.target == "aws":
        console.print(f"{WAREHOUSE} holds the connection string, if the login has a password.")


def inbox(
    search: Annotated[str, typer.Option(help="Only messages that contain this text.")] = "",
    unread: Annotated[bool, typer.Option("--unread", help="Only unread messages.")] = False,
    mark_read: Annotated[bool, typer.Option("--mark-read", help="Mark them as read.")] = False,
) -> None:
    """Print the notifications of the local inbox, newest first."""
    from infra.local.web.inbox import Inbox  # noqa: PLC0415

    kept = Inbox(state_dir.last_used(Settings()).state / "inbox")
    everything = kept.messages()
    found = [message for message in everything if message.matches(search, unread=unread)]
    for message in found:
        console.rule(f"{message.at[:16].replace('T', ' ')} UTC")
        console.print(message.subject, style="bold")
        console.print(message.body, soft_wrap=True)
    if mark_read:
        kept.mark_read([message.id for message in found])
    count = f"{len(found)} of {len(everything)}" if len(found) < len(everything) else len(found)
    console.print(f"{count} notifications. While the stack is up, they are a page, too.")


def notify() -> None:
    """Send a test message to every channel that the settings name."""
    from infra.notification_channels import channels  # noqa: PLC0415

    settings = Settings()
    with started(state_dir.last_used(settings), settings):
        now = Settings()
        found = channels(now)
        for name, send in found.items():
            send("[olist] test", "This is a test of olist-elt's notifications. Nothing happened.")
            console.print(f"sent: {name}")
    if len(found) == 1 and now.target == "local":
        console.print(
            "This is the local inbox only; docs/notifications.md shows how to add a channel."
        )


def profile(
    source: Annotated[
        str | None, typer.Option(help="Folder with the CSV files. Default OLIST_SOURCE.")
    ] = None,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
) -> None:
    """Write a profile of raw data: its contents, its inconsistencies and key figures."""
    from tasks.profiling.profile import write_profile  # noqa: PLC0415
    from tasks.reporting.run_page import open_page  # noqa: PLC0415

    settings = Settings()
    given = source or settings.source
    if given is None:
        raise typer.BadParameter("name a folder with --source or OLIST_SOURCE")
    page = write_profile(settings, Path(given).expanduser().resolve())
    console.print(str(page), soft_wrap=True)
    if show:
        open_page(page)


def automations() -> None:
    """Register Prefect alerts for crashed, late and stuck runs, and for offline workers."""
    import asyncio  # noqa: PLC0415

    settings = Settings()
    require_known_server(settings)
    from flows.automations import register  # noqa: PLC0415

    for name in asyncio.run(register(settings)):
        console.print(f"registered: {name}")
