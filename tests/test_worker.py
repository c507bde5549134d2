import socket
import threading
from collections.abc import Iterator

import pytest

from deploy.worker import OneSend

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Yield two ends between which each send arrives as a message of its own."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.settimeout(10)
    with ours, theirs:
        yield ours, theirs


def test_a_head_is_sent_with_the_first_of_its_body(ends: Ends) -> None:
    ours, theirs = ends
    connection = OneSend(ours)
    connection.sendall(HEAD)
    connection.sendall(b"page")
    assert theirs.recv(1000) == HEAD + b"page"
    connection.sendall(b"more")
    assert theirs.recv(1000) == b"more"


def test_a_head_without_a_body_is_sent_when_its_answer_ends(ends: Ends) -> None:
    ours, theirs = ends
    connection = OneSend(ours)
    connection.sendall(HEAD)
    connection.flush()
    assert theirs.recv(1000) == HEAD
    connection.flush()
    ours.close()
    assert theirs.recv(1000) == b""


def test_a_head_is_sent_before_anything_else_is_done_with_the_connection(ends: Ends) -> None:
    ours, theirs = ends
    connection = OneSend(ours)
    connection.sendall(HEAD)
    connection.shutdown(socket.SHUT_WR)
    assert theirs.recv(1000) == HEAD
    assert theirs.recv(1000) == b""


def test_all_of_a_large_answer_arrives() -> None:
    body = bytes(range(256)) * 40_000
    ours, theirs = socket.socketpair()
    arrived: list[bytes] = []

    def read() -> None:
        while data := theirs.recv(65536):
            arrived.append(data)

    reader = threading.Thread(target=read)
    with ours, theirs:
        # With a time-out a socket sends what there is room for, as gevent's do.
        ours.settimeout(10)
        reader.start()
        connection = OneSend(ours)
        connection.sendall(HEAD)
        connection.sendall(body)
        ours.shutdown(socket.SHUT_WR)
        reader.join(10)
    assert b"".join(arrived) == HEAD + body
