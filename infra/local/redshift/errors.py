"""Errors that a client sees."""

import re

import duckdb


class RedshiftError(Exception):
    """An error with its SQLSTATE, as sent to the client."""

    def __init__(self, sqlstate: str, message: str, detail: str = "") -> None:
        """Keep the three fields that an ErrorResponse carries."""
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail


class NotEmulatedError(RedshiftError):
    """SQL that this server refuses: Redshift lacks it, or the result could differ."""

    def __init__(self, reason: str) -> None:
        """Say what is refused and why, in `reason`."""
        super().__init__("0A000", f"refused by the local Redshift: {reason}")


_SQLSTATES: list[tuple[type[Exception], str]] = [
    (duckdb.CatalogException, "42P01"),
    (duckdb.BinderException, "42703"),
    (duckdb.ParserException, "42601"),
    (duckdb.ConversionException, "22P02"),
    (duckdb.OutOfRangeException, "22003"),
    (duckdb.TransactionException, "40001"),
]
_NOT_NULL = re.compile(r"NOT NULL constraint failed: (?:\w+\.)*(\w+)\.(\w+)")
_LENGTH = re.compile(r"CHECK constraint failed .*strlen")


def from_duckdb(error: duckdb.Error) -> RedshiftError:
    """Translate an engine error into what Redshift would say, where it is known."""
    text = str(error)
    if match := _NOT_NULL.search(text):
        return RedshiftError("23502", f"Cannot insert a NULL value into column {match.group(2)}")
    if isinstance(error, duckdb.ConstraintException) and _LENGTH.search(text):
        return RedshiftError("22001", "value too long for type character varying", text)
    if "Division by zero" in text or "divide by zero" in text.lower():
        return RedshiftError("22012", "Divide by zero")
    for kind, sqlstate in _SQLSTATES:
        if isinstance(error, kind):
            return RedshiftError(sqlstate, text)
    return RedshiftError("XX000", text)
