"""Record a terminal session for the README: a first run, a second, a failed and an accepted one.

`make screenshots` runs it. The commands run in a folder of their own, on generated orders.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from infra.local.generate import generate
from infra.settings import PROJECT

_WIDTH = 80
_LINES = 18  # that are shown of a command's output
_ACCEPT = ["--accept", "staging.orders.status_known", "--accepted-by", "A. Person"]
_BECAUSE = ["--because", "a new status of the shop"]


def record(path: Path) -> None:
    """Run the commands and write what they print as an SVG."""
    shown = Console(record=True, width=_WIDTH, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    with tempfile.TemporaryDirectory() as home:
        for day, seed in (("2018-10-17", 1), ("2018-10-18", 2)):
            generate(Path(home, "shop", day), 3_000, seed)
        orders = Path(home, "shop", "2018-10-18", "olist_orders_dataset.csv")
        text = orders.read_text(encoding="utf-8")
        orders.write_text(text.replace(",delivered,", ",teleported,", 3), encoding="utf-8")
        first = ["run", "--source", "shop", "--batch-date", "2018-10-17"]
        bad = ["run", "--source", "shop", "--batch-date", "2018-10-18"]
        for words in (first, first, bad, [*bad, *_ACCEPT, *_BECAUSE]):
            shown.print(Text(f"$ olist {subprocess.list2cmdline(words)}", style="bold"))
            lines = _printed(home, words)
            for line in lines[:_LINES]:
                shown.print(Text.from_ansi(line.replace(home, "")))
            if len(lines) > _LINES:
                shown.print("…")
            shown.print()
    shown.save_svg(str(path), title="olist run", theme=MONOKAI)


def _printed(home: str, words: list[str]) -> list[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OLIST_", "PREFECT_"))}
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", *words],
        env={
            **clean,
            **{"OLIST_HOME": f"{home}/.local", "PYTHONPATH": str(PROJECT)},
            **{"COLUMNS": str(_WIDTH), "FORCE_COLOR": "1", "TTY_INTERACTIVE": "0"},
        },
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


if __name__ == "__main__":
    record(PROJECT / "docs" / "images" / "session.svg")
