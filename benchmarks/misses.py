"""What a page costs that has to be made: one client, a new connection, storing and compression included.

    .venv/bin/python -m benchmarks.misses --articles 1000,10000,1000000 --body-bytes 1000
    .venv/bin/python -m benchmarks.misses --peer http://127.0.0.1:8700 --peer-redis 9700

Before each request the page is lost: because an article on it was edited, or because the whole cache was emptied. A
peer that runs beside it, on the same content, is asked in turn with the site; its cache is emptied in either case.
"""

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import redis

from application import create_app
from application.caching.inspector import show
from application.config import load_settings
from application.extensions import cache
from benchmarks.running import Site, site
from benchmarks.serving import ENCODING, PAGES, fetch

PAUSE = 0.2
"""Seconds that the workers have to hear of a purge."""
NOT_COUNTED = 3
PEER_PAGES = {"home": "/", "article": "/article/9999", "author": "/author/author007"}


def forgetting(running: Site, path: str) -> dict[str, Callable[[], object]]:
    """Return the ways in which a page is lost: an article on it was edited, or everything has gone."""
    app = create_app(load_settings(running.environ))
    fetch(running.url, path)
    with app.app_context():
        shown = show(cache.engine, f"view/{path}") if cache.engine else None
    if shown is None or shown.entry is None:
        raise RuntimeError(f"{path} was fetched, and is not in the cache")
    # The article is read again, and its card on every list.
    edited = sorted(tag for tag in shown.entry.tags if re.match("(article|card)/", tag))[:2]

    def edit() -> None:
        with app.app_context():
            cache.invalidate(edited)

    def clear() -> None:
        with app.app_context():
            cache.clear()

    return {"edited": edit, "emptied": clear}


def timed(url: str, path: str) -> float:
    """Return the milliseconds of one request."""
    started = time.perf_counter()
    answer, _ = fetch(url, path, **{"Accept-Encoding": ENCODING})
    elapsed = (time.perf_counter() - started) * 1e3
    if answer.status != 200 or answer.headers.get("X-Cache", "miss") != "miss":
        raise RuntimeError(f"{path}: {answer.status} {answer.headers.get('X-Cache')}")
    return elapsed


def measure(running: Site, paths: dict[str, str], requests: int, peer: tuple[str, int] | None) -> None:
    """Ask for each page, and print medians."""
    others = redis.Redis(port=peer[1]) if peer else None
    for name, path in paths.items():
        for loss, lose in forgetting(running, path).items():
            ours: list[float] = []
            theirs: list[float] = []
            for number in range(requests + NOT_COUNTED):
                lose()
                if others is not None:
                    others.flushall()
                time.sleep(PAUSE)
                this = timed(running.url, path)
                that = timed(peer[0], PEER_PAGES[name]) if peer else 0.0
                if number >= NOT_COUNTED:
                    ours.append(this)
                    theirs.append(that)
            line = f"  {name:8} {loss:8} median {statistics.median(ours):6.2f} ms"
            if peer:
                line += f", peer {statistics.median(theirs):6.2f} ms, "
                line += f"ratio {statistics.median(ours) / statistics.median(theirs):.2f}"
            print(line, flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", default="10000", help="one size, or several with commas")
    parser.add_argument("--body-bytes", type=int, default=3_000)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--peer", help="another site on the same content, such as http://127.0.0.1:8700")
    parser.add_argument("--peer-redis", type=int, help="the port of its Redis, which is emptied")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "broadsheet-benchmarks")
    arguments = parser.parse_args()
    peer = (arguments.peer, arguments.peer_redis) if arguments.peer else None
    for articles in map(int, arguments.articles.split(",")):
        paths = {name: path.format(articles=articles) for name, path in PAGES.items()}
        print(f"{articles:,} articles")
        with site(arguments.folder, articles, body_bytes=arguments.body_bytes) as running:
            measure(running, paths, arguments.requests, peer)


if __name__ == "__main__":
    main()
