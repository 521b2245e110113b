"""The server's clock."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current time in UTC, without a time zone, as Redshift stores it."""
    return datetime.now(UTC).replace(tzinfo=None)
