"""What the instruments add: to a page in memory, to one in Redis, and to one that is made.

    .venv/bin/python -m benchmarks.instruments [--articles 10000] [--pairs 400]

In process, in µs of CPU, in pairs: the same request with the instruments and without, in a random order, so that a slow
moment of the machine meets both. Without them there are no clocks, no spans, no counts, no ids and no `Server-Timing`;
`X-Cache` and `Age` stay, and so do the calls that would have made the spans.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from flask import Flask
from werkzeug.test import EnvironBuilder

from application import create_app
from application.caching import PAGES
from application.caching.fast_lane import FastLane, send
from application.config import load_settings
from application.extensions import cache
from application.measuring import figures, timing
from benchmarks.content import fill
from benchmarks.running import redis
from benchmarks.serving import ENCODING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/articles/article-9999"
BATCH = 500
"""Requests of the fast lane that are timed at once: one alone is little more than reading the clock twice."""
PATIENCE = 20.0
SPAN = timing.Span


class BareLane(FastLane):
    """The fast lane without its instruments."""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        now = time.monotonic()
        found = self.find(environ, now)
        if found is None:
            return self.app(environ, start_response)
        kept, encoding, _ = found
        own = [("Age", str(int(now - kept.born_at))), ("X-Cache", "hit process")]
        return send(kept.value, encoding, environ, start_response, own)


class Nothing:
    """In place of a span."""

    note = ""
    elapsed = 0
    children = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return


NOTHING = Nothing()


def spans_are(made: Callable[..., Any]) -> None:
    """Have every module of the application make its spans so."""
    for name, module in list(sys.modules.items()):
        if name.startswith("application."):
            for called in ("span", "Span"):
                if hasattr(module, called):
                    setattr(module, called, made)


class Instrumented:
    """The application as it is, and one way around its instruments."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.lane: Any = app.wsgi_app
        self.pages: WSGIApplication = app.extensions[PAGES]
        self.bare = BareLane(self.pages, self.lane.memory)
        self.bare._looks = self.lane._looks
        self.environ = EnvironBuilder(PATH, "http://127.0.0.1", headers={"Accept-Encoding": ENCODING}).get_environ()

    def ask(self, way: "WSGIApplication", times: int, outcome: str) -> float:
        """Ask so many times, and return the µs of one."""
        told: list[str] = []

        def start(_status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            told.append(dict(headers)["X-Cache"] if not told else "")

        environs = [dict(self.environ) for _ in range(times)]
        started = time.thread_time_ns()
        for environ in environs:
            way(environ, start)
        elapsed = time.thread_time_ns() - started
        if told[0] != outcome:
            raise RuntimeError(f"{told[0]} instead of {outcome}")
        return elapsed / times / 1e3

    def with_them(self, times: int, outcome: str) -> float:
        """Ask the application as it is."""
        way = self.lane if outcome == "hit process" else self.lane.app
        return self.ask(way, times, outcome)

    def without_them(self, times: int, outcome: str) -> float:
        """Ask around the instruments."""
        spans_are(lambda *_args, **_kwargs: NOTHING)
        add = figures.process.add
        figures.process.add = lambda *_args: None  # type: ignore[method-assign]
        try:
            return self.ask(self.bare if outcome == "hit process" else self.pages, times, outcome)
        finally:
            spans_are(SPAN)
            figures.process.add = add  # type: ignore[method-assign]


def compare(name: str, site: Instrumented, outcome: str, pairs: int, before: Callable[[], None]) -> None:
    """Print the median with and without, and the median of the differences of the pairs."""
    times = BATCH if outcome == "hit process" else 1
    found: dict[str, list[float]] = {"with": [], "without": []}
    ways = [("with", site.with_them), ("without", site.without_them)]
    for number in range(pairs + 10):
        random.shuffle(ways)
        for called, ask in ways:
            before()
            elapsed = ask(times, outcome)
            if number >= 10:
                found[called].append(elapsed)
    added = statistics.median(one - other for one, other in zip(found["with"], found["without"], strict=True))
    bare = statistics.median(found["without"])
    print(f"{name:14} without {bare:9.2f} µs, with {statistics.median(found['with']):9.2f} µs", end="")
    print(f"; the instruments add {added:6.2f} µs, {added / bare:.1%}", flush=True)


def measure(app: Flask, pairs: int) -> None:
    """Compare all three."""
    site = Instrumented(app)
    memory = site.lane.memory

    def forget() -> None:
        cache.clear()

    compare("made", site, "miss", pairs, forget)
    compare("out of Redis", site, "hit redis", pairs, lambda: None)
    cache.start_worker(app)
    end = time.monotonic() + PATIENCE
    while not memory.is_trusted and time.monotonic() < end:
        time.sleep(0.01)
    list(app.wsgi_app(dict(site.environ), lambda *_: None))  # type: ignore[arg-type, return-value]
    compare("in memory", site, "hit process", pairs, lambda: None)
    cache.stop_worker(app)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "broadsheet-benchmarks")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    database = arguments.folder / f"{arguments.articles}-3000.sqlite3"
    with redis() as port:
        environ = {
            "ENV": "test",
            "DATABASE_URL": f"sqlite:///{database}",
            "REDIS_URL": f"redis://127.0.0.1:{port}",
            "SITE_URL": "http://127.0.0.1",
            "SECRET_KEY": "of a benchmark",
            "SLOW_MS": "0",
        }
        app = create_app(load_settings(environ))
        if not database.exists():
            fill(app, arguments.articles, 3_000)
        # A request brings its own context, as it does in a worker; the pages' cache is looked after in this one.
        with app.app_context():
            measure(app, arguments.pairs)


if __name__ == "__main__":
    main()
