"""Run a module as a child process that ends when its parent ends.

    python -m infra.local.exit_with_parent MODULE ARGUMENTS…

The parent holds the other end of the pipe to standard input. The pipe closes when the parent ends,
even if the parent is killed.
"""

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Run the module that the command line names; send it SIGTERM when the parent has ended."""
    sys.argv = sys.argv[1:]
    threading.Thread(target=_wait_for_parent, name="exit-with-parent", daemon=True).start()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _wait_for_parent() -> None:
    # not sys.stdin: this thread would hold its lock, which aborts the interpreter at exit
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
