"""Where local state lives: made-up data has a home of its own inside `OLIST_HOME`.

So generated orders are never summed up with real ones. `olist query` looks where the last run
wrote.
"""

from infra.settings import Settings

_MADE_UP = "made-up"
_NOTE = "last-run"


def of_run(settings: Settings, *, made_up: bool) -> Settings:
    """The settings of a run on made-up data, or on data of the user's."""
    return settings.model_copy(update={"home": settings.home / _MADE_UP}) if made_up else settings


def remember(settings: Settings, *, made_up: bool) -> None:
    """Note which of the two the last run was about."""
    settings.state.mkdir(parents=True, exist_ok=True)
    (settings.state / _NOTE).write_text(_MADE_UP if made_up else "")


def last_used(settings: Settings) -> Settings:
    """The settings of the last run."""
    note = settings.state / _NOTE
    return of_run(settings, made_up=note.is_file() and note.read_text() == _MADE_UP)
