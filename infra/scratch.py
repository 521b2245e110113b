"""Temporary folders that a later process removes if this one is killed."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from infra.host_process import process_exists

_NAME = re.compile(r"olist-(\d+)-")


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """Create a temporary folder, and remove it at the end.

    The first call in a process removes those that killed processes have left behind.

    Args:
        purpose: Part of the folder's name.
    """
    _remove_left_over(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"olist-{os.getpid()}-{purpose}-") as folder:
        yield Path(folder)


@cache
def _remove_left_over(parent: Path) -> None:
    for folder in parent.glob("olist-*-*"):
        named = _NAME.match(folder.name)
        if named and not process_exists(int(named[1])) and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)
