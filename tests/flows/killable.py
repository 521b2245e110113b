"""Run batches in processes that kill themselves on request.

The modules are imported once; each run is a fork, so that only the run is killed. Reads one JSON
object per line (batch date, source, point of death) and answers with the exit status of the run.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_after_step(step: str) -> None:
    from flows.progress import Progress, Step

    original = Progress.step

    @contextmanager
    def and_die(self: Progress, name: str) -> Iterator[Step]:
        with original(self, name) as running:
            yield running
        if name == step:
            _die()

    Progress.step = and_die


def _count_statements(last: int | None) -> list[int]:
    """Count warehouse statements; kill the process after statement number `last`."""
    from infra.warehouse import Transaction

    run, lock, count = Transaction.run, threading.Lock(), [0]

    def counted(self: Transaction, *arguments: Any, **named: Any) -> int:
        result = run(self, *arguments, **named)
        with lock:
            count[0] += 1
            if count[0] == last:
                _die()
        return result

    Transaction.run = counted
    return count


def _run(order: dict[str, Any], answer: int) -> None:
    from flows.daily_elt import daily_elt_flow

    count = _count_statements(order.get("statement"))
    if "step" in order:
        _die_after_step(order["step"])
    if "seconds" in order:
        killer = threading.Timer(order["seconds"], _die)
        killer.daemon = True
        killer.start()
    began = time.monotonic()
    daily_elt_flow(date.fromisoformat(order["batch_date"]), order["source"])
    told = {"statements": count[0], "seconds": time.monotonic() - began}
    os.write(answer, json.dumps(told).encode())


def main() -> None:
    """Serve until standard input ends."""
    import great_expectations  # noqa: F401 (slow imports happen once, before the forks)

    import tasks.validation.check  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                _run(order, writing)
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        told = os.read(reading, 1000)
        os.close(reading)
        ended = {"code": os.waitstatus_to_exitcode(status), **json.loads(told or b"{}")}
        print(json.dumps(ended), flush=True)


if __name__ == "__main__":
    main()
