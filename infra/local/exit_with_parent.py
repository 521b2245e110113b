"""Run a module as a child process that ends when its parent ends.

    python -m infra.local.exit_with_parent MODULE ARGUMENTS…

The parent holds the write end of the pipe to standard input. The pipe closes when the parent ends,
even if the parent is killed. SIGUSR1 makes the process write the stacks of its threads to standard
error, which is its log.
"""

import faulthandler
import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Run the module from the command line; send it SIGTERM when the parent ends."""
    sys.argv = sys.argv[1:]
    faulthandler.register(signal.SIGUSR1)
    threading.Thread(target=_wait_for_parent, name="exit-with-parent", daemon=True).start()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _wait_for_parent() -> None:
    # os.read, not sys.stdin: holding the lock of sys.stdin at exit aborts the interpreter
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
