"""Made-up addresses, without end: what a crawler, a scanner or somebody who means harm asks for."""

import http.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from tests.site import RunningSite

AT_ONCE = 4
ON_ONE_CONNECTION = 100
"""Requests, after which another worker may be met."""
KINDS = (
    "/articles/made-up-{n}",
    "/articles_by/nobody{n}",
    "/tags/made-up-{n}",
    "/?before=made-up-{n}",
    "/?utm_source={n}",
    "/about?{n}",
    "/api/article_likes/{n}00000001",
    "/api/article_likes?after={n}00000001",
    "/made/up/{n}",
    "/%00{n}",
)


def ask_made_up(site: RunningSite, numbers: range) -> set[int]:
    """Ask for one made-up address a number, each tenth at a made-up host; returns the statuses of the answers."""
    shares = [numbers[first::AT_ONCE] for first in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as readers:
        return set().union(*readers.map(lambda share: set(_ask(site, share)), shares))


def _ask(site: RunningSite, numbers: range) -> Iterator[int]:
    netloc = urlsplit(site.url).netloc
    connection = http.client.HTTPConnection(netloc, timeout=30)
    for count, number in enumerate(numbers, 1):
        path = KINDS[number // AT_ONCE % len(KINDS)].format(n=number)
        host = f"h{number}.example" if number % 10 == 7 else netloc
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        answer.read()
        yield answer.status
        if count % ON_ONE_CONNECTION == 0:
            connection.close()
    connection.close()


def worker_memory(site: RunningSite) -> list[int]:
    """Return the bytes that each web worker holds in memory."""
    master = site.processes["web"].pid
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return sorted(int(Path(f"/proc/{worker}/statm").read_text().split()[1]) * 4096 for worker in workers)
