"""Fixtures of the flows' tests."""

from pathlib import Path

import pytest

from infra.settings import Settings


@pytest.fixture
def inbox(stack: Settings) -> Path:
    """The emptied inbox of the local stack."""
    folder = stack.state / "inbox"
    for path in folder.glob("*.json"):
        path.unlink()
    return folder
