"""Settings come from the environment; an empty variable counts as unset."""

from pathlib import Path

import pytest

from infra.settings import Settings


@pytest.mark.parametrize("name", ["source", "home", "bucket", "timezone", "exports", "owners"])
def test_an_empty_variable_counts_as_unset(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(f"OLIST_{name.upper()}", raising=False)
    unset = getattr(Settings(), name)
    monkeypatch.setenv(f"OLIST_{name.upper()}", "")
    assert getattr(Settings(), name) == unset
    monkeypatch.delenv(f"OLIST_{name.upper()}")
    (tmp_path / ".env").write_text(f"OLIST_{name.upper()}=\n", encoding="utf-8")
    assert getattr(Settings(), name) == unset
