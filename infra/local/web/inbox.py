"""The notifications of the local inbox: one JSON file each, in a folder."""

import json
import re
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra.private_files import make_private, write_private


@dataclass(frozen=True)
class Message:
    """A notification.

    Attributes:
        id: Name of its file, without the suffix; later messages have greater ids.
        at: When it arrived: ISO timestamp in UTC.
        subject: Its subject.
        body: Its text.
        is_read: Whether somebody has marked it as read.
    """

    id: str
    at: str
    subject: str
    body: str
    is_read: bool = False

    @property
    def kind(self) -> str:
        """What it tells: KIND of `[olist] KIND: …` or `[olist] KIND, …`, else `other`."""
        found = re.match(r"\[olist\] ([A-Za-z ]+?)[,:]", self.subject)
        return found[1].lower() if found else "other"

    def matches(self, search: str = "", kind: str = "", *, unread: bool = False) -> bool:
        """Whether it contains a text, is of a kind and, if asked for, is not marked as read."""
        text = f"{self.subject}\n{self.body}".casefold()
        return (
            search.casefold() in text and kind in {"", self.kind} and not (unread and self.is_read)
        )


class Inbox:
    """A folder of messages. Safe for use by several threads of one process."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; create it if it is missing."""
        self._folder = folder
        self._lock = threading.Lock()
        make_private(folder)

    def keep(self, subject: str, body: str) -> None:
        """Store a message."""
        now = datetime.now(UTC)
        with self._lock:
            self._write(Message(f"{now:%Y%m%dT%H%M%S.%f}", now.isoformat(), subject, body))

    def messages(self) -> list[Message]:
        """Read all messages, newest first."""
        return messages(self._folder)

    def mark_read(self, ids: Sequence[str]) -> None:
        """Mark messages as read; unknown ids are not an error."""
        with self._lock:
            for message in self.messages():
                if message.id in ids and not message.is_read:
                    self._write(Message(**{**asdict(message), "is_read": True}))

    def _write(self, message: Message) -> None:
        fields = {k: v for k, v in asdict(message).items() if k != "id"}
        path = self._folder / f"{message.id}.json"
        write_private(path, json.dumps(fields, ensure_ascii=False, indent=2))


def messages(folder: Path) -> list[Message]:
    """Read all messages of a folder, newest first."""
    return [_stored(path) for path in sorted(folder.glob("*.json"), reverse=True)]


def _stored(path: Path) -> Message:
    """Read a message; one that is cut off, as by a full disk, is named and hides no other."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        texts = [str(found[key]) for key in ("at", "subject", "body")]
        return Message(path.stem, *texts, is_read=bool(found.get("is_read")))
    except (ValueError, KeyError, TypeError):
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
        return Message(path.stem, at, "(a message that cannot be read)", f"{path} is cut off")
