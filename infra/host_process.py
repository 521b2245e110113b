"""Processes of this host."""

import os


def process_exists(process_id: int) -> bool:
    """Whether a process with this id runs on this host."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
