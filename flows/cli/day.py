"""Dates of the command line."""

import re
from contextlib import suppress
from datetime import date
from typing import Any

import typer

_FORM = "YYYY-MM-DD"


def date_of(text: str) -> date:
    """Parse a date option, such as `2018-08-01`.

    Raises:
        typer.BadParameter: The text is not an ISO date.
    """
    # fromisoformat alone also takes other forms, such as 2018-W31-3
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    raise typer.BadParameter(f"{text!r} is not a date ({_FORM})")


# for typer.Option and typer.Argument: a wrong date is refused before any work
DAY: dict[str, Any] = {"parser": date_of, "metavar": _FORM}
