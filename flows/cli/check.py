"""The command `check`: test whether this process has the access that a run needs."""

import typer
from rich.console import Console

from infra import state_dir
from infra.settings import Settings

_console = Console()


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
                _console.print("[red]NO[/]  ", end="")
                _console.print(str(error), markup=False, highlight=False, soft_wrap=True)
            else:
                _console.print(f"[green]ok[/]  {step.name}: ", end="", highlight=False)
                _console.print(found, markup=False, highlight=False, soft_wrap=True)
    if failed:
        _console.print(f"{failed} checks failed; a run would fail, too.", style="bold red")
        raise typer.Exit(1)
    _console.print("All checks passed: a run has the access it needs.", style="bold green")
