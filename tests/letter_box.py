"""A real mail server on this machine, which keeps what it is given."""

import queue
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from application.utils.aside import wait_for_all

PATIENCE = 20.0


class LetterBox:
    """Takes letters in, on a port of its own."""

    def __init__(self) -> None:
        self.letters: queue.Queue[Message] = queue.Queue()
        self.controller: Any = None

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.letters.put(message_from_bytes(envelope.content, policy=default))
        return "250 taken"

    @property
    def port(self) -> int:
        return int(self.controller.server.sockets[0].getsockname()[1])

    def next(self) -> Message:
        return self.letters.get(timeout=PATIENCE)

    def is_empty(self) -> bool:
        wait_for_all(PATIENCE)
        return self.letters.empty()


def link_in(letter: Message) -> str:
    """Return the path of the one link in a letter."""
    found = re.findall(r"https?://[^/\s]+(/\S*)", str(letter.get_content()))  # type: ignore[attr-defined]
    assert len(found) == 1, letter
    return str(found[0])


class _Anywhere(Controller):
    def _trigger_server(self) -> None:
        """Make the first connection, to the port that was given."""
        with socket.create_connection(self.server.sockets[0].getsockname()[:2], PATIENCE) as connection:
            connection.recv(100)


@contextmanager
def letter_box() -> Iterator[LetterBox]:
    box = LetterBox()
    box.controller = _Anywhere(box, hostname="127.0.0.1", port=0)
    box.controller.start()
    try:
        yield box
    finally:
        wait_for_all(PATIENCE)
        box.controller.stop()
