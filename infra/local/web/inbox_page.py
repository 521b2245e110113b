"""The page of the inbox: search, kinds, links, and buttons that mark messages as read."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from infra.local.web.inbox import Message

_SHOWN = 200  # messages on the page
_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:)]")


def page(found: Sequence[Message], query: dict[str, str]) -> str:
    """Render the messages that match a query as HTML, newest first.

    Args:
        found: All messages, newest first.
        query: `search`, `kind` and `unread`, each optional, as the form sends them.
    """
    search, kind, unread = (query.get(name, "") for name in ("search", "kind", "unread"))
    of_any_kind = [m for m in found if m.matches(search, unread=bool(unread))]
    shown = [m for m in of_any_kind if m.matches(kind=kind)]
    return _TEMPLATES.get_template("inbox.html").render(
        count=len(found),
        unread_count=sum(not message.is_read for message in found),
        of_any_kind=len(of_any_kind),
        kinds=Counter(message.kind for message in of_any_kind).most_common(),
        messages=shown[:_SHOWN],
        matching=len(shown),
        query=query,
        address=lambda **changes: "/inbox?" + urlencode({**query, **changes}),
    )


def _linked(text: str) -> Markup:
    """Escape a text, and make its web addresses links."""
    parts, end = [], 0
    for match in _URL.finditer(text):
        url = escape(match[0])
        parts += [escape(text[end : match.start()]), Markup('<a href="{0}">{0}</a>').format(url)]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
)
_TEMPLATES.filters["linked"] = _linked
