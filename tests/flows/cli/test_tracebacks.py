"""The terminal shows messages; tracebacks only with OLIST_DEBUG."""

import logging

import pytest

from flows.cli.tracebacks import WithoutTraceback, hide_tracebacks


@pytest.fixture
def record() -> logging.LogRecord:
    """An error with a traceback."""
    try:
        raise ValueError("a bad file")
    except ValueError as error:
        shown = (ValueError, error, error.__traceback__)
        return logging.LogRecord("prefect", logging.ERROR, "", 0, "the run failed", (), shown)


def test_a_message_is_printed_without_its_traceback(record: logging.LogRecord) -> None:
    plain = logging.Formatter("%(levelname)s %(message)s")
    assert WithoutTraceback(plain).format(record) == "ERROR the run failed"
    assert "Traceback" in plain.format(record), "the record itself keeps it, for other handlers"


@pytest.mark.parametrize(("debug", "is_hidden"), [("", True), ("1", False)])
def test_consoles_hide_tracebacks_unless_debug_is_set(
    monkeypatch: pytest.MonkeyPatch, debug: str, is_hidden: bool
) -> None:
    console = logging.StreamHandler()
    console.setFormatter(logging.Formatter())
    monkeypatch.setenv("OLIST_DEBUG", debug)
    monkeypatch.setattr(logging.getLogger(), "handlers", [console])
    monkeypatch.setattr("prefect.logging.configuration.setup_logging", lambda: None)
    hide_tracebacks()
    assert isinstance(console.formatter, WithoutTraceback) == is_hidden
