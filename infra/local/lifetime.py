"""How long a local service lives.

`python -m infra.local.lifetime MODULE …` runs a module of others so that it ends with its parent.
"""

import os
import runpy
import signal
import sys
import threading


def end_with_parent() -> None:
    """Send this process SIGTERM once its parent is gone, however it ended.

    The parent holds the other end of standard input: when it is killed, the pipe closes.
    """

    def wait() -> None:
        # not sys.stdin: its lock, held by this thread, would abort the interpreter at its end
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end-with-parent", daemon=True).start()


def main() -> None:
    """Run the module that the command line names."""
    sys.argv = sys.argv[1:]
    end_with_parent()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
