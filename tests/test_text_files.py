"""Text files are read and written as UTF-8, whatever the locale of the machine is."""

import ast
from collections.abc import Iterator

import pytest

from infra.settings import PROJECT

FOLDERS = ("flows", "tasks", "infra", "docs")
_FILES = sorted(path for folder in FOLDERS for path in (PROJECT / folder).rglob("*.py"))


def _without_encoding(code: str) -> Iterator[int]:
    """Lines that call read_text, write_text or open in text mode without an encoding."""
    for call in ast.walk(ast.parse(code)):
        if not isinstance(call, ast.Call) or any(k.arg == "encoding" for k in call.keywords):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        modes = [a.value for a in call.args if isinstance(a, ast.Constant)]
        if (
            (name == "read_text" and not call.args)
            or (name == "write_text" and len(call.args) == 1)
            or (name == "open" and any(mode in ("r", "w", "a", "x") for mode in modes))
        ):
            yield call.lineno


@pytest.mark.parametrize("call", ["p.read_text()", "p.write_text(x)", 'p.open("a")'])
def test_a_call_without_an_encoding_is_found(call: str) -> None:
    assert list(_without_encoding(f"\n{call}")) == [2]


def test_every_text_file_is_utf_8() -> None:
    found = {
        f"{path.relative_to(PROJECT)}:{line}"
        for path in _FILES
        for line in _without_encoding(path.read_text(encoding="utf-8"))
    }
    assert found == set()
