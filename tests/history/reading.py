"""Readers of a history: through every kind of page, encoding and connection, anonymous and signed in."""

import gzip
import http.client
import random
import re
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import brotli

from tests.history.records import History, Read

ENCODINGS = ("br", "gzip", "identity")
PATIENCE = 20.0
REQUESTS_PER_CONNECTION = 15
SHOWN = re.compile(r"(?:Article|Words) (\d+) version (\d+)")


@dataclass(frozen=True)
class Press:
    """What there is to read: the articles by number, and where the site answers, on one machine or several."""

    netloc: str
    slugs: Mapping[int, str]
    ids: Mapping[int, int]
    lists: tuple[str, ...]
    ports: list[int] = field(default_factory=list)

    def paths(self) -> list[str]:
        """Return every page, each list as often as there are articles."""
        of_articles = [f"/articles/{slug}" for slug in self.slugs.values()]
        counts = [f"/api/article_likes/{article_id}" for article_id in self.ids.values()]
        return [*of_articles, *counts, *(self.lists * len(self.slugs))]

    def must_show(self, path: str) -> Sequence[int]:
        """Return the articles that have to be on a page while they are published."""
        if path in self.lists:
            return list(self.slugs)
        return [number for number, slug in self.slugs.items() if path == f"/articles/{slug}"]

    def seen(self, path: str, status: int, body: str) -> dict[int, frozenset[int]]:
        """Return which versions of which articles an answer shows."""
        if status not in {200, 404}:
            return {}
        shown: defaultdict[int, set[int]] = defaultdict(set)
        for article in self.must_show(path):
            shown[article] = set()
        if status == 200:
            for article, version in SHOWN.findall(body):
                shown[int(article)].add(int(version))
        return {article: frozenset(versions) for article, versions in shown.items()}


class Reader(threading.Thread):
    """Reads whatever comes into its head, until it is told to stop."""

    def __init__(self, press: Press, history: History, over: threading.Event, seed: int, cookies: str = "") -> None:
        super().__init__(daemon=True)
        self.press, self.history, self.over, self.cookies = press, history, over, cookies
        self._chance = random.Random(seed)  # noqa: S311 - nothing secret
        self._connection: http.client.HTTPConnection | None = None
        self._left = 0

    def run(self) -> None:
        paths = self.press.paths()
        while not self.over.is_set():
            try:
                self.history.reads.append(self._read(self._chance.choice(paths)))
            except (OSError, http.client.HTTPException):
                self.history.broken += 1
                self._left = 0
        if self._connection is not None:
            self._connection.close()

    def _read(self, path: str) -> Read:
        if self._left <= 0 or self._connection is None:
            self._connect()
        self._left -= 1
        assert self._connection is not None
        headers = {"Host": self.press.netloc, "Accept-Encoding": self._chance.choice(ENCODINGS)}
        if self.cookies:
            headers["Cookie"] = self.cookies
        began = time.monotonic()
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        body = decoded(answer.read(), answer.headers.get("Content-Encoding", "identity"))
        ended = time.monotonic()
        seen = self.press.seen(path, answer.status, body)
        return Read(path, began, ended, answer.status, answer.headers.get("X-Cache", ""), seen)

    def _connect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        port = self._chance.choice(self.press.ports)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._left = self._chance.randint(1, REQUESTS_PER_CONNECTION)


def decoded(body: bytes, encoding: str) -> str:
    """Return the text of an answer's body."""
    decode = {"br": brotli.decompress, "gzip": gzip.decompress, "identity": bytes}[encoding]
    return decode(body).decode()
