"""Run a module as a child process that ends when its parent ends.

    python -m infra.local.exit_with_parent MODULE ARGUMENTS…

The parent holds the write end of the pipe to standard input. The pipe closes when the parent ends,
even if the parent is killed. SIGUSR1 makes the process write the stacks of its threads to standard
error, which is its log.
"""

import faulthandler
import gc
import os
import runpy
import signal
import sys
import threading

# allocations until a garbage collection, and collections until one of all objects; Python's default
# is 700, 10, 10. In Prefect's server on SQLite, a collection may free a cursor whose connection
# waits for a lock in another thread; it then stops all threads until that gives up, after 60
# seconds. Seldom collections make this rare, and cost a service less time
_COLLECTIONS = (50_000, 20, 50)


def main() -> None:
    """Run the module from the command line; send it SIGTERM when the parent ends."""
    sys.argv = sys.argv[1:]
    faulthandler.register(signal.SIGUSR1)
    gc.set_threshold(*_COLLECTIONS)
    threading.Thread(target=_wait_for_parent, name="exit-with-parent", daemon=True).start()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _wait_for_parent() -> None:
    # os.read, not sys.stdin: holding the lock of sys.stdin at exit aborts the interpreter
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
