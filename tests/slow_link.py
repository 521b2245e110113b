"""A TCP proxy that makes a link slow, or cuts it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_BUFFER = 16 << 10  # bytes: a larger buffer would hide a slow link from the sender


class Link:
    """A link to a service; `cut` resets its connections."""

    def __init__(self, target: int, delay: float, rate: float) -> None:
        """Describe the link.

        Args:
            target: Port of the service on 127.0.0.1.
            delay: Seconds that a byte takes, each way.
            rate: Bytes per second, each way; 0 for no limit.
        """
        self.port = 0
        self.turns = 0  # how often the direction of the bytes has changed
        self._target, self._delay, self._rate = target, delay, rate
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._last: tuple[int, bool] | None = None

    def cut(self) -> None:
        """Reset all connections."""

        def reset() -> None:
            for writer in list(self._writers):
                writer.transport.abort()

        self._loop.call_soon_threadsafe(reset)

    async def serve(self, ready: threading.Event) -> None:
        """Accept connections until the loop is stopped."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=_BUFFER)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await server.serve_forever()

    def run(self, ready: threading.Event) -> None:
        """Serve in this thread."""
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self.serve(ready))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def stop(self) -> None:
        """Stop serving."""

        def cancel() -> None:
            for writer in list(self._writers):
                writer.transport.abort()
            for task in asyncio.all_tasks(self._loop):
                task.cancel()

        self._loop.call_soon_threadsafe(cancel)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_in, there_out = await asyncio.open_connection(
            "127.0.0.1", self._target, limit=_BUFFER
        )
        self._writers |= {writer, there_out}
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(
                self._pipe(reader, there_out, sent=True), self._pipe(there_in, writer, sent=False)
            )
        self._writers -= {writer, there_out}

    async def _pipe(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, sent: bool
    ) -> None:
        while data := await reader.read(1024 if self._rate else _BUFFER):
            if self._last != (id(writer), sent):
                self._last = (id(writer), sent)
                self.turns += sent
            await asyncio.sleep(self._delay + (len(data) / self._rate if self._rate else 0))
            writer.write(data)
            await writer.drain()
        writer.close()


@contextmanager
def slow_link(target: int, *, delay: float = 0.0, rate: float = 0.0) -> Iterator[Link]:
    """Put a slow link before a service; see `Link`."""
    link, ready = Link(target, delay, rate), threading.Event()
    thread = threading.Thread(target=link.run, args=(ready,), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield link
    finally:
        link.stop()
        thread.join(5)
