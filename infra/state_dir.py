"""Folders of local state: generated data uses a separate subfolder of `OLIST_HOME`.

Generated orders are therefore never added to real ones. `olist query` reads the state of the last
run.
"""

from infra.private_files import make_private, write_private
from infra.settings import Settings

_MADE_UP = "made-up"
_NOTE = "last-run"


def of_run(settings: Settings, *, made_up: bool) -> Settings:
    """Return the settings of a run on generated data (`made_up`) or on the user's data."""
    return settings.model_copy(update={"home": settings.home / _MADE_UP}) if made_up else settings


def holds_own_data(settings: Settings) -> bool:
    """Whether a run on the user's data has ended in this state folder, or its stack is up."""
    return any((settings.state / name).exists() for name in ("reports/history.json", "stack.json"))


def remember(settings: Settings, *, made_up: bool) -> None:
    """Record whether the last run used generated data."""
    make_private(settings.state)
    write_private(settings.state / _NOTE, _MADE_UP if made_up else "")


def last_used(settings: Settings) -> Settings:
    """Return the settings with the state folder of the last run."""
    note = settings.state / _NOTE
    return of_run(settings, made_up=note.is_file() and note.read_text(encoding="utf-8") == _MADE_UP)
