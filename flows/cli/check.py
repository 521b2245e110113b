"""The command `check`: test whether this process has the access that a run needs."""

import typer

from flows.cli.console import console
from infra import state_dir
from infra.settings import Settings


def check() -> None:
    """Test the access that a run needs: lake, warehouse, COPY, UNLOAD, source and topic."""
    from infra.local.services import running  # noqa: PLC0415
    from infra.preflight import AccessError, steps  # noqa: PLC0415

    failed = 0
    with running(state_dir.last_used(Settings())) as settings:
        for step in steps(settings):
            try:
                found = step.taken(settings)
            except AccessError as error:
                failed += 1
                console.print("NO  ", style="red", end="")
                console.print(str(error), soft_wrap=True)
            else:
                console.print("ok  ", style="green", end="")
                console.print(f"{step.name}: ", end="")
                console.print(found, soft_wrap=True)
    if failed:
        console.print(f"{failed} checks failed; a run would fail, too.", style="bold red")
        raise typer.Exit(1)
    console.print("All checks passed: a run has the access it needs.", style="bold green")
