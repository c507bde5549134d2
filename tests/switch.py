"""An address of a Redis that moves from one server to another, as it does after a failover."""

import socket
import threading
from contextlib import suppress
from typing import Self


class Switch:
    """An address behind which one server takes another's place, as after a failover."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._run, daemon=True).start()

    def turn(self, target: int) -> None:
        """Lead to another server from now on; the connections to the one before break."""
        self.target = target
        self._break()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Shut down first: closing alone does not wake the thread that waits in accept.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._break()

    def _break(self) -> None:
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listening.accept()
                try:
                    there = socket.create_connection(("127.0.0.1", self.target))
                except OSError:
                    here.close()
                    continue
                self._open += [here, there]
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
