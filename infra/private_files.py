"""Files and folders that only their owner may read, whatever the umask."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PRIVATE = 0o077
_given: list[int] = []  # the umask with which the process was started, once it was changed


def keep_files_private() -> None:
    """Make all files that this process writes readable by their owner only."""
    before = os.umask(_PRIVATE)
    if not _given:
        _given.append(before)


@contextmanager
def given_umask() -> Iterator[None]:
    """Write files with the umask of the user, into a folder that the user has named."""
    if not _given:
        yield
        return
    os.umask(_given[0])
    try:
        yield
    finally:
        os.umask(_PRIVATE)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read; readers see the old or the new text."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        part.rename(path)
    except OSError:  # such as a full disk
        part.unlink(missing_ok=True)
        raise


def make_private(folder: Path) -> None:
    """Create a folder that only its owner may enter, or close an existing one to others.

    A folder that others use, too, stays as it is: the home of the user, one with the sticky bit
    such as /tmp, or one of another user.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.stat()
    shared = found.st_mode & stat.S_ISVTX or folder in {Path("/"), Path.home()}
    if found.st_mode & _PRIVATE and not shared and found.st_uid == os.geteuid():
        folder.chmod(0o700)
