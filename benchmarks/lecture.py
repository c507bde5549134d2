"""The experiment of the lecture: what each kind of caching makes of the same page.

    .venv/bin/python -m benchmarks.lecture                       1,000, 10,000 and 100,000 articles
    .venv/bin/python -m benchmarks.lecture --articles 10000      one size; what was measured of the others is kept
    .venv/bin/python -m benchmarks.lecture --only-draw           the table and the picture again

In nanoseconds, median and 99th percentile: through the whole server, by one client on one connection, and in process.
All of them run side by side and are asked in turns, so that a slow minute of the machine meets them all.
The table and the picture are written to `benchmarks/results/`.
"""

import argparse
import http.client
import logging
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from application import create_app
from application.caching.page_cache import PAGE_POLICY
from application.config import ROOT, load_settings
from application.data.data_access import get_all_articles, get_articles_by_username
from application.extensions import cache, db
from benchmarks.lecture_report import Figure, Results, write
from benchmarks.load import percentile
from benchmarks.running import ceiling, site
from benchmarks.serving import ENCODING, captured

RESULTS = ROOT / "benchmarks" / "results"
AUTHOR = "author007"
PAGES = {"home": "/", "author": f"/articles_by/{AUTHOR}"}
ROUNDS = 12
TURN = 0.25
"""Seconds of one turn; at least so many requests, after some that do not count."""
LEAST, UNCOUNTED = 10, 3
PATIENCE = 20.0
Ask = Callable[[], bool]
"""Asks once; False when the answer came in another way than is to be measured."""


class Level(NamedTuple):
    """A kind of caching: how the site is set, and what `X-Cache` says when it answered so."""

    name: str
    outcome: str
    served: str = "main:app"
    more: dict[str, str] = {}  # noqa: RUF012 - never changed


NO_MEMORY = {"CACHE_MEMORY_MB": "0"}
FUNCTIONS = "cached functions"
FAST = "fast lane"
LEVELS = (
    Level("no cache", "bypass redis", more={"CACHE_TYPE": "NullCache"}),
    Level(FUNCTIONS, "bypass view", "benchmarks.functions_only:app", NO_MEMORY),
    Level("cached view", "hit redis", more=NO_MEMORY),
    Level(FAST, "hit process"),
)


class Side:
    """One kind of answer: what each one took, turn by turn, and what `Server-Timing` said of it."""

    def __init__(self) -> None:
        self.spent: list[int] = []
        self.told: list[str] = []

    @contextmanager
    def opened(self) -> Iterator[Ask]:
        """Give what asks once, for one turn."""
        raise NotImplementedError

    def turn(self) -> None:
        """Ask for a while. Raises TimeoutError when no answer comes in the way that is to be measured."""
        already = len(self.told)
        with self.opened() as ask:
            end = time.monotonic() + PATIENCE
            while not ask():
                if time.monotonic() > end:
                    raise TimeoutError("no answer came in the way that is to be measured")
            for _ in range(UNCOUNTED):
                ask()
            # What the first answers said does not count either.
            del self.told[already:]
            over, counted = time.monotonic() + TURN, 0
            while (counted < LEAST or time.monotonic() < over) and time.monotonic() < end:
                started = perf_counter_ns()
                counts = ask()
                elapsed = perf_counter_ns() - started
                if counts:
                    self.spent.append(elapsed)
                    counted += 1

    def figure(self) -> Figure:
        """Make of what each request took the figures that are told, and the median of each part."""
        parts: dict[str, list[float]] = {}
        for header in self.told:
            for name, milliseconds in re.findall(r"(\w+);dur=([\d.]+)", header):
                parts.setdefault(name, []).append(float(milliseconds))
        named = {name: int(median(values) * 1e6) for name, values in parts.items()}
        found = {"median": int(median(self.spent)), "p99": int(percentile(self.spent, 0.99)), "count": len(self.spent)}
        return {**found, **named}


class Served(Side):
    """A page of a running server."""

    def __init__(self, url: str, path: str, outcome: str) -> None:
        super().__init__()
        self.netloc, self.path, self.outcome = urlsplit(url).netloc, path, outcome

    @contextmanager
    def opened(self) -> Iterator[Ask]:
        """Ask on one connection."""
        connection = http.client.HTTPConnection(self.netloc, timeout=30)

        def ask() -> bool:
            connection.request("GET", self.path, headers={"Accept-Encoding": ENCODING})
            answer = connection.getresponse()
            answer.read()
            self.told.append(answer.headers.get("Server-Timing", ""))
            return bool(answer.headers.get("X-Cache") == self.outcome)

        yield ask
        connection.close()


class InProcess(Side):
    """A page of an application in this process."""

    def __init__(self, app: Flask, path: str, level: Level) -> None:
        super().__init__()
        self.app, self.level = app, level
        headers = {"Accept-Encoding": ENCODING}
        self.environ = EnvironBuilder(path, app.config["SETTINGS"].site_url, headers=headers).get_environ()

    @contextmanager
    def opened(self) -> Iterator[Ask]:
        """Ask by WSGI."""

        def ask() -> bool:
            body, _status, headers = run_wsgi_app(self.app, dict(self.environ), buffered=True)
            b"".join(body)
            return bool(headers.get("X-Cache") == self.level.outcome)

        if self.level.name == FUNCTIONS:
            with without_pages(self.app):
                yield ask
        else:
            yield ask


class Called(Side):
    """A data function itself."""

    def __init__(self, app: Flask, call: Callable[[], object]) -> None:
        super().__init__()
        self.app, self.call = app, call

    @contextmanager
    def opened(self) -> Iterator[Ask]:
        """Call it as a request does, which begins with no session of the database."""

        def ask() -> bool:
            self.call()
            db.session.remove()
            return True

        with self.app.app_context():
            yield ask


@contextmanager
def without_pages(app: Flask) -> Iterator[None]:
    """Let no view say that its page may be stored; the views are the same functions in every application."""
    views = [view for view in app.view_functions.values() if PAGE_POLICY in vars(view)]
    policies = [vars(view).pop(PAGE_POLICY) for view in views]
    try:
        yield
    finally:
        for view, policy in zip(views, policies, strict=True):
            setattr(view, PAGE_POLICY, policy)


@contextmanager
def application(environ: Any) -> Iterator[Flask]:
    """Build in this process what a server runs, on the same database and Redis."""
    app = create_app(load_settings(environ))
    cache.start_worker(app)
    try:
        yield app
    finally:
        cache.stop_worker(app)


def functions(app: Flask) -> dict[str, Side]:
    """Return the two functions themselves, computed and out of Redis."""
    every: Any = get_all_articles
    authors: Any = get_articles_by_username
    return {
        "get_all_articles, computed": Called(app, every.uncached),
        "get_all_articles, cached in Redis": Called(app, every),
        "get_articles_by_username, computed": Called(app, lambda: authors.uncached(AUTHOR)),
        "get_articles_by_username, memoized in Redis": Called(app, lambda: authors(AUTHOR)),
    }


def sides_of(folder: Path, articles: int, stack: ExitStack) -> dict[str, dict[str, Side]]:
    """Start everything that is compared."""
    sides: dict[str, dict[str, Side]] = {"server": {}, "process": {}, "bare": {}, "functions": {}}
    for level in LEVELS:
        running = stack.enter_context(site(folder, articles, workers=1, served=level.served, **level.more))
        app = stack.enter_context(application(running.environ))
        for name, path in PAGES.items():
            sides["server"][f"{name}, {level.name}"] = Served(running.url, path, level.outcome)
            sides["process"][f"{name}, {level.name}"] = InProcess(app, path, level)
        if level.name == FUNCTIONS:
            sides["functions"] = functions(app)
        if level.name == FAST:
            answers = {path: captured(running.url, path) for path in PAGES.values()}
            bare = stack.enter_context(ceiling(folder, answers, workers=1))
            for name, path in PAGES.items():
                sides["bare"][name] = Served(bare, path, dict(answers[path][0])["X-Cache"])
    return sides


def measure(folder: Path, articles: int) -> dict[str, dict[str, Figure]]:
    """Measure one size, another side first in each round."""
    with ExitStack() as stack:
        sides = sides_of(folder, articles, stack)
        every = [side for group in sides.values() for side in group.values()]
        for number in range(ROUNDS):
            first = number * 5 % len(every)
            for side in [*every[first:], *every[:first]]:
                side.turn()
            print(f"{articles:,} articles: round {number + 1} of {ROUNDS}", flush=True)
        return {group: {key: side.figure() for key, side in members.items()} for group, members in sides.items()}


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", default="1000,10000,100000", help="one size, or several with commas")
    parser.add_argument("--only-draw", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "broadsheet-benchmarks")
    arguments = parser.parse_args()
    # Each server ends before the threads of the application beside it have noticed.
    logging.disable(logging.WARNING)
    results = Results(RESULTS / "lecture.json")
    for articles in [] if arguments.only_draw else map(int, arguments.articles.split(",")):
        results.keep(articles, measure(arguments.folder, articles))
    print(write(results, RESULTS))


if __name__ == "__main__":
    main()
