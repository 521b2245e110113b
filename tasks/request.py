"""Requests that cannot be done."""


class RequestError(ValueError):
    """What a person asked for cannot be done, and nothing was changed.

    The person who asked sees it; nobody else is notified.
    """
