"""The command line `olist`: register the commands, and print errors."""

import os
from importlib.metadata import version
from typing import Annotated

import typer

from flows.cli import check, data, export, quarantine, query, review, run, serve, stack, status
from flows.cli.console import console, errors
from flows.cli.json_lines import emit
from flows.cli.output import is_json
from infra.private_files import keep_files_private

_HELP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    name="olist",
    help="Daily ELT for the Olist marketplace.",
    epilog="Exit codes, JSON and the file run.json: docs/command-line.md",
    no_args_is_help=True,
    context_settings=_HELP,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        console.print(f"olist-elt {version('olist-elt')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Options of `olist` itself."""


for command in (
    *(run.run, run.backfill, run.retract, run.rebuild),
    check.check,
    *(stack.up, stack.down, status.status, stack.ui, stack.deploy),
    *(export.dashboard, export.export),
    *(query.query, query.trace, quarantine.quarantine),
    *(review.report, review.validate, review.gx, review.profile),
    *(review.inbox, review.notify, review.automations),
    *(data.generate, data.extract, data.fetch),
    serve.redshift,
):
    app.command(context_settings=_HELP)(command)


def main() -> None:
    """Run a command; print errors as text, with a traceback only if OLIST_DEBUG is set."""
    keep_files_private()
    try:
        app()
    except Exception as error:
        if os.environ.get("OLIST_DEBUG"):
            raise
        raise SystemExit(_print_error(error)) from error


def _print_error(error: Exception) -> int:
    """Print an error with advice; return the exit code."""
    from flows.cli.exit_codes import exit_code_of  # noqa: PLC0415 (boto3 is slow to import)
    from infra.error_hints import hint_for  # noqa: PLC0415

    advice, code = hint_for(error) or "", exit_code_of(error)
    if is_json():
        kind = type(error).__name__
        emit("error", error=kind, message=str(error), advice=advice, exit_code=int(code))
    first, _, rest = f"{type(error).__name__}: {error}".partition("\n")
    errors.print(first, style="bold red", soft_wrap=True)
    if rest:
        errors.print(rest, soft_wrap=True)
    if advice:
        errors.print(f"What to do: {advice}.", soft_wrap=True)
    errors.print("Set OLIST_DEBUG=1 to see the traceback.", style="dim")
    return code
