"""Generated data is kept separate from the user's data."""

from pathlib import Path

from infra import state_dir
from infra.settings import Settings


def test_generated_data_has_a_separate_state_directory(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert state_dir.of_run(settings, made_up=True).state == tmp_path / "made-up"
    assert state_dir.of_run(settings, made_up=False).state == tmp_path


def test_queries_use_the_state_directory_of_the_last_run(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert state_dir.last_used(settings).state == tmp_path
    state_dir.remember(settings, made_up=True)
    assert state_dir.last_used(settings).state == tmp_path / "made-up"
    state_dir.remember(settings, made_up=False)
    assert state_dir.last_used(settings).state == tmp_path
