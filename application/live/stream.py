"""One open stream."""

import queue
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from application.live.events import Cursor

KEEP_ALIVE = 15.0
# A vanished client is freed within 30 s: it is written to at most 15 s later, the kernel waits 10 s for the
# acknowledgement, and the hub's sweep finds the broken connection within 5 s.
USER_TIMEOUT_MS = 10_000
BACKLOG = 64
"""Rounds that a client may lag behind before it is dropped."""


class Stream:
    """One client's events: a blocking iterator of chunks. Whoever holds it must `close()` it."""

    __slots__ = ("_chunks", "_client", "_keep_alive", "_let_go", "after", "channel", "opened")

    def __init__(
        self,
        channel: str,
        after: Cursor | None,
        client: socket.socket | None,
        keep_alive: float,
        let_go: "Callable[[Stream], None]",
    ) -> None:
        self._client = client
        self._keep_alive = keep_alive
        self._let_go = let_go
        self._chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.channel = channel
        self.after = after
        self.opened = time.monotonic()
        # Browsers that lose a process at the same moment come back spread over some seconds.
        self._chunks.put(f": hello\nretry: {random.randint(2000, 5000)}\n\n".encode())  # noqa: S311 - no secret
        if client is not None:
            _free_when_unreachable(client)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Wait for the next chunk: events, or a comment when there were none for a while."""
        # Shorter by chance, so that keep-alives of many streams do not fall due at one moment.
        patience = self._keep_alive * random.uniform(0.8, 1.0)  # noqa: S311 - no secret
        try:
            chunk = self._chunks.get(timeout=patience)
        except queue.Empty:
            chunk = b": keep-alive\n\n"
        if not chunk or self.is_broken():
            raise StopIteration
        return chunk

    def offer(self, chunk: bytes) -> bool:
        """Queue a chunk; False when the client does not keep up."""
        if self._chunks.qsize() >= BACKLOG:
            return False
        self._chunks.put(chunk)
        return True

    def end(self) -> None:
        """Let the iterator stop after what is queued."""
        self._chunks.put(b"")

    def cut(self) -> None:
        """End at once, also when the server is stuck in writing to this client."""
        self.end()
        if self._client is not None:
            # It may have gone already.
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)

    def is_broken(self) -> bool:
        """Tell whether the client closed its connection or the kernel gave it up."""
        return self._client is not None and not _is_connected(self._client)

    def close(self) -> None:
        """Give the place back; harmless when repeated."""
        self._let_go(self)


def _free_when_unreachable(client: socket.socket) -> None:
    if client.family not in _INTERNET or not hasattr(socket, "TCP_USER_TIMEOUT"):
        return
    with suppress(OSError):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)


def _is_connected(client: socket.socket) -> bool:
    # Elsewhere (a Unix socket, another kernel) the next keep-alive comment finds out.
    if client.family not in _INTERNET or not hasattr(socket, "TCP_INFO"):
        return client.fileno() >= 0
    with suppress(OSError):
        if client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_ESTABLISHED:
            return True
        # Takes the error away from the server's next write, which would be reported with a traceback.
        client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return False


_INTERNET = {socket.AF_INET, socket.AF_INET6}
_TCP_ESTABLISHED = 1
