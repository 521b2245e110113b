"""Marks for tests: where a behaviour is documented, or why it is specific to the emulator."""

import pytest

MARKS = ("documented", "emulator_only")
_GUIDE = "https://docs.aws.amazon.com/redshift/latest/dg/"


def documented(page: str) -> pytest.MarkDecorator:
    """Mark a behaviour as documented; `page` is a page of the developer guide, or a URL."""
    return pytest.mark.documented(page if "://" in page else f"{_GUIDE}{page}.html")


def emulator_only(reason: str) -> pytest.MarkDecorator:
    """Mark a behaviour as specific to the emulator, not Redshift; `reason` explains it."""
    return pytest.mark.emulator_only(reason)


def marked(item: pytest.Item) -> list[pytest.Mark]:
    """The `documented` and `emulator_only` marks of a test."""
    return [mark for mark in item.iter_markers() if mark.name in MARKS]


def gives(sql: str, expected: object, page: str):
    """A documented result, as a parameter of a test."""
    return pytest.param(sql, expected, marks=documented(page), id=sql)


def fails(sql: str, words: str, page: str):
    """A documented error, as a parameter of a test."""
    return pytest.param(sql, words, marks=documented(page), id=sql)


def refuses(sql: str, words: str, reason: str):
    """SQL that the emulator refuses because Redshift's result is uncertain."""
    return pytest.param(sql, words, marks=emulator_only(reason), id=sql)
