"""gunicorn's gevent worker, sending the head of an answer together with the first of its body.

gunicorn sends them apart: two calls to the kernel and two packets for each answer, and a second awakening of whoever
reads it. For a page out of memory that is a tenth of all that it costs (`benchmarks/serving.py`).
"""

import socket
from typing import Any

from gunicorn.workers.ggevent import GeventWorker


class OneSend:
    """The connection of one answer: what is sent first waits for what is sent next, or for anything else."""

    __slots__ = ("_began", "_held", "_socket")

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._began = False
        self._held = b""

    def sendall(self, data: bytes) -> None:
        """Send, or hold the first back; gunicorn hands that over in one piece, the status and all header lines."""
        if not self._began:
            self._began, self._held = True, data
            return
        if self._held:
            data, self._held = self._held + data, b""
        # It goes out in one piece, nearly always: `sendall` has more ado.
        sent = self._socket.send(data)
        if sent < len(data):
            self._socket.sendall(memoryview(data)[sent:])

    def flush(self) -> None:
        """Send what is held back: the answer has no body."""
        if self._held:
            held, self._held = self._held, b""
            self._socket.sendall(held)

    def __getattr__(self, name: str) -> Any:
        """Do anything else with the connection itself, after what was sent before."""
        self.flush()
        return getattr(self._socket, name)


class Worker(GeventWorker):
    """A gevent worker whose answers begin with one send."""

    def handle_request(self, listener_name: Any, req: Any, sock: socket.socket, addr: Any) -> None:
        """Answer one request."""
        connection = OneSend(sock)
        try:
            super().handle_request(listener_name, req, connection, addr)
        finally:
            connection.flush()
