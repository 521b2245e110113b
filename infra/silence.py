"""How long a peer has been silent, as seen by a process that may have been suspended itself."""

import time


class Silence:
    """Counts the seconds without an answer of a peer.

    A process that was suspended, or starved on a busy machine, has not looked meanwhile and must
    not blame the peer for that time. So between two looks only a limited time counts.
    """

    def __init__(self, most: float) -> None:
        """Start now, without silence.

        Args:
            most: Seconds that count at most between two looks.
        """
        self._most = most
        self._looked = time.monotonic()
        self._seconds = 0.0

    def broken(self) -> None:
        """Note an answer."""
        self._looked = time.monotonic()
        self._seconds = 0.0

    def seconds(self) -> float:
        """Note a look without an answer; return the seconds of silence so far."""
        now = time.monotonic()
        self._seconds += min(now - self._looked, self._most)
        self._looked = now
        return self._seconds
