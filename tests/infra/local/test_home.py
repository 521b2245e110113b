"""Made-up data is kept apart from data of the user's."""

from pathlib import Path

from infra.local import home
from infra.settings import Settings


def test_made_up_data_has_a_home_of_its_own(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert home.of_run(settings, made_up=True).state == tmp_path / "made-up"
    assert home.of_run(settings, made_up=False).state == tmp_path


def test_queries_look_where_the_last_run_wrote(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert home.last_used(settings).state == tmp_path
    home.remember(settings, made_up=True)
    assert home.last_used(settings).state == tmp_path / "made-up"
    home.remember(settings, made_up=False)
    assert home.last_used(settings).state == tmp_path
