"""Many readers at once: every one on a connection of its own, open before the first of them asks."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.site import RunningSite

TOGETHER = 50
"""Connections that are made at a time, so that the server's queue for new ones never overflows."""
BOUND = 60.0


class Got(NamedTuple):
    """What one reader got; status 0: the connection broke."""

    status: int
    outcome: str
    body: str


LOST = Got(0, "", "")


def crowd(site: RunningSite, paths: list[str]) -> list[Got]:
    """Let a reader for each of the paths ask, all in the same instant."""
    # A browser driven by an earlier test keeps a loop running in the main thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asyncio.wait_for(_crowd(urlsplit(site.url).netloc, paths), BOUND)).result()


async def _crowd(netloc: str, paths: list[str]) -> list[Got]:
    host, _, port = netloc.partition(":")
    connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    while len(connections) < len(paths):
        more = range(min(TOGETHER, len(paths) - len(connections)))
        connections += await asyncio.gather(*(asyncio.open_connection(host, int(port)) for _ in more))
    asking = (_ask(*connection, netloc, path) for connection, path in zip(connections, paths, strict=True))
    return await asyncio.gather(*asking)


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, path: str) -> Got:
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = (await reader.read()).decode()
    except OSError:
        return LOST
    finally:
        writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    if not body:
        return LOST
    status, *lines = head.split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Got(int(status.split()[1]), headers.get("x-cache", ""), body)
