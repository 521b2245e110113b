"""The command `quarantine`: what was set aside of a batch, and how it gets in."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import console
from flows.cli.day import DAY
from flows.cli.run import started
from infra import state_dir
from infra.private_files import given_umask
from infra.settings import Settings

if TYPE_CHECKING:
    from tasks.ingest.redelivery import SetAside

_SHOWN = 20  # reasons of a table


def quarantine(
    batch_date: Annotated[date, typer.Argument(help="The day of the batch.", **DAY)],
    to: Annotated[
        Path | None,
        typer.Option(help="Write the rows to CSV files in this folder, for you to mend."),
    ] = None,
    redeliver: Annotated[
        list[Path] | None,
        typer.Option(help="Load the batch again with the mended rows of a file of --to."),
    ] = None,
) -> None:
    """List the rows of a batch that are in quarantine; write them to files; load mended ones."""
    if to and redeliver:
        raise typer.BadParameter("--to and --redeliver exclude each other")
    if redeliver:
        _redeliver(batch_date, [path.expanduser() for path in redeliver])
        return
    from infra.local.services import running  # noqa: PLC0415
    from tasks.ingest.redelivery import quarantined, write_for_mending  # noqa: PLC0415

    with running(state_dir.last_used(Settings())) as settings:
        found = quarantined(settings, batch_date)
        for aside in found:
            _print(aside)
        if not found:
            console.print(f"No row of {batch_date} is in quarantine.")
        elif not to:
            console.print(f"Write them to files to mend: olist quarantine {batch_date} --to DIR")
        else:
            with given_umask():
                paths = [write_for_mending(settings, a, to.expanduser()) for a in found]
            files = " ".join(f"--redeliver {path}" for path in paths)
            console.print(
                f"Mend the rows in these files, then: olist quarantine {batch_date} {files}",
                soft_wrap=True,
            )


def _print(aside: "SetAside") -> None:
    receipt = aside.receipt
    console.print(
        f"{receipt.table}: {receipt.rows_quarantined:,} of {receipt.rows_read:,} rows of "
        f"{receipt.source_file}",
        style="bold",
        soft_wrap=True,
    )
    for reason in aside.reasons[:_SHOWN]:
        value = f" is {reason.value!r}" if reason.column else ""
        console.print(
            f"  line {reason.line}: {reason.column or 'record'}{value}: {reason.reason}",
            soft_wrap=True,
        )
    if len(aside.reasons) > _SHOWN:
        console.print(f"  … and {len(aside.reasons) - _SHOWN:,} more; --to writes all")


def _redeliver(day: date, files: list[Path]) -> None:
    settings = Settings()
    if missing := [str(path) for path in files if not path.is_file()]:
        raise typer.BadParameter(f"no such file: {', '.join(missing)}")
    used = state_dir.last_used(settings)
    with started(used, settings):
        from flows.cli.summary import summarise  # noqa: PLC0415
        from flows.daily_elt import daily_elt_flow  # noqa: PLC0415
        from tasks.ingest.redelivery import redeliver  # noqa: PLC0415

        source = redeliver(Settings(), day, files)
        receipt = daily_elt_flow(batch_date=day, source=source)
        assert receipt is not None  # noqa: S101 (a date was named)
        summarise(console, receipt, used)
    console.print(
        f"Batch {day} is loaded from {source}. The source still has the old files: correct them "
        "there, too, or a backfill loads them again.",
        soft_wrap=True,
    )
