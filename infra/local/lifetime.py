"""How long a local service lives."""

import os
import signal
import sys
import threading


def end_with_parent() -> None:
    """Send this process SIGTERM once its parent is gone, however it ended.

    The parent holds the other end of standard input: when it is killed, the pipe closes.
    """

    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()
