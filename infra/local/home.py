"""Where local state lives: made-up data has a home of its own inside `OLIST_HOME`.

So generated orders are never summed up with real ones. `olist query` looks where the last run
wrote.
"""

from infra.settings import Settings

_MADE_UP = "made-up"
_NOTE = "last-run"


def choose(settings: Settings, *, made_up: bool) -> Settings:
    """The settings of a run on made-up data or on data of the user's; remembers the choice."""
    settings.state.mkdir(parents=True, exist_ok=True)
    (settings.state / _NOTE).write_text(_MADE_UP if made_up else "")
    return _of(settings, made_up=made_up)


def last_used(settings: Settings) -> Settings:
    """The settings of the last run."""
    note = settings.state / _NOTE
    return _of(settings, made_up=note.is_file() and note.read_text() == _MADE_UP)


def _of(settings: Settings, *, made_up: bool) -> Settings:
    return settings.model_copy(update={"home": settings.home / _MADE_UP}) if made_up else settings
