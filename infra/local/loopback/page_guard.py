"""Refuses requests that a web page in a browser on this machine can send to 127.0.0.1.

A browser sends such requests for any page. They name the page in `Origin`, or are marked in
`Sec-Fetch-Site`. After DNS rebinding, `Host` is the name of the page.

Sources: https://fetch.spec.whatwg.org/#origin-header and https://www.w3.org/TR/fetch-metadata/
"""

from collections.abc import Mapping

_NAMES = ("127.0.0.1", "localhost")
_OWN_SITE = {None, "same-origin", "none"}  # none: typed into the address bar, or a bookmark


def refusal(headers: Mapping[str, str], port: int, method: str = "POST") -> str | None:
    """Return why a request is refused; None if it may be answered.

    Args:
        headers: The HTTP headers of the request, by lower-case name.
        port: The port that the service listens on.
        method: The HTTP method. A person may follow a link to a page, so GET may be a navigation
            that begins at another site.
    """
    hosts = {f"{name}:{port}" for name in _NAMES}
    host = headers.get("host", "").lower()
    if host not in hosts:
        return f"Host is {host!r}, but this service is {' or '.join(sorted(hosts))}"
    origin = headers.get("origin")
    if origin is not None and origin.lower() not in {f"http://{name}" for name in hosts}:
        return f"web pages of {origin} may not use this service"
    navigates = (
        method == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
    if headers.get("sec-fetch-site") not in _OWN_SITE and not navigates:
        return "web pages of another site may not use this service"
    return None
