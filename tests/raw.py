"""Requests to the byte, as no well-mannered client would send them."""

import http.client
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

Lines = dict[str, str] | Iterable[tuple[str, str]]


class Answer(NamedTuple):
    """What came back; status 0 stands for a connection that was closed without a word."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def __getitem__(self, name: str) -> str:  # type: ignore[override]
        return self.headers.get(name, "")


def request(path: str, method: str = "GET", headers: Lines = (), body: bytes = b"", host: str = "127.0.0.1") -> bytes:
    """Write a request down; `headers` may name one twice, and a `Host` of their own stands instead of ours."""
    given = list(headers.items() if isinstance(headers, dict) else headers)
    names = {name.lower() for name, _ in given}
    lines = [] if "host" in names else [("Host", host)]
    lines += [*given, ("Connection", "close")]
    if body and not names & {"content-length", "transfer-encoding"}:
        lines.append(("Content-Length", str(len(body))))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def connected(port: int, source: str = "", timeout: float = 20) -> socket.socket:
    """Connect to a server here; the source may be another of this machine's addresses."""
    return socket.create_connection(("127.0.0.1", port), timeout, (source, 0) if source else None)


def receive(connection: socket.socket, method: str = "GET") -> Answer:
    """Read one answer."""
    answer = http.client.HTTPResponse(connection, method=method)
    try:
        answer.begin()
        return Answer(answer.status, answer.headers, answer.read())
    except (http.client.BadStatusLine, ConnectionError):
        return Answer(0, http.client.HTTPMessage(), b"")
    finally:
        answer.close()


def exchange(port: int, sent: bytes, source: str = "") -> Answer:
    """Send these bytes on a connection of their own, read one answer, and wait until the server has closed."""
    with connected(port, source) as connection:
        # It may have answered before it had heard everything.
        with suppress(ConnectionError):
            connection.sendall(sent)
        answer = receive(connection, sent.partition(b" ")[0].decode("latin-1"))
        # nginx writes its log between the last byte and the end.
        with suppress(ConnectionError):
            while connection.recv(4096):
                pass
        return answer
