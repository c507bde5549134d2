"""What stands behind nginx when it is not the site."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Reply = Callable[[BaseHTTPRequestHandler], bytes]


class Upstream(ThreadingHTTPServer):
    """Answers as a test says, with what the site says of a page that may be kept."""

    request_queue_size = 128

    def __init__(self, reply: Reply) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply = reply


class Handler(BaseHTTPRequestHandler):
    server: Upstream

    def do_GET(self) -> None:
        body = self.server.reply(self)
        self.send_response(200)
        for name, value in (
            ("X-Accel-Expires", "1"),
            ("Cache-Control", "no-cache"),
            ("Content-Length", str(len(body))),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def serving() -> Callable[[Reply], "contextmanager[int]"]:
    """Serve on a free port for the length of a block, which is given the port."""

    @contextmanager
    def serving(reply: Reply) -> Iterator[int]:
        with Upstream(reply) as upstream:
            threading.Thread(target=upstream.serve_forever, daemon=True).start()
            yield upstream.server_port
            upstream.shutdown()

    return serving
