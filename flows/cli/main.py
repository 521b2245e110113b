"""The command line `olist`: register the commands, and print errors."""

import os

import typer

from flows.cli import check, data, export, quarantine, query, review, run, serve, stack, status
from flows.cli.console import errors
from infra.private_files import keep_files_private

app = typer.Typer(
    name="olist",
    help="Daily ELT for the Olist marketplace.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    *(run.run, run.backfill, run.retract, run.rebuild),
    check.check,
    *(stack.up, stack.down, status.status, stack.ui, stack.deploy),
    *(export.dashboard, export.export),
    *(query.query, query.trace, quarantine.quarantine),
    *(review.report, review.validate, review.profile),
    *(review.inbox, review.notify, review.automations),
    *(data.generate, data.extract, data.fetch),
    serve.redshift,
):
    app.command()(command)


def main() -> None:
    """Run a command; print errors as text, with a traceback only if OLIST_DEBUG is set."""
    keep_files_private()
    try:
        app()
    except Exception as error:
        if os.environ.get("OLIST_DEBUG"):
            raise
        errors.print(f"{type(error).__name__}: {error}", style="bold red", soft_wrap=True)
        from infra.error_hints import hint_for  # noqa: PLC0415 (boto3 is slow to import)

        if advice := hint_for(error):
            errors.print(f"What to do: {advice}.", soft_wrap=True)
        errors.print("Set OLIST_DEBUG=1 to see the traceback.", style="dim")
        raise SystemExit(1) from error
