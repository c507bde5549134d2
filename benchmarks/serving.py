"""How fast stored pages are answered, as a part of what the same server can send at all.

    .venv/bin/python -m benchmarks.serving --articles 10000 --rounds 5
    .venv/bin/python -m benchmarks.serving --nginx

The ceiling is a bare WSGI application on the same server settings, which sends the same header lines and bodies. With
`--nginx` the site stands behind its own nginx.conf, and the ceiling behind the least nginx that keeps pages. Needs wrk.
"""

import argparse
import http.client
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.load import alternating, need, ratio, wrk
from benchmarks.running import Sent, ceiling, site
from tests.nginx import bare_nginx_before, nginx_before

PAGES = {"home": "/", "article": "/articles/article-{articles}", "author": "/articles_by/author007"}
ENCODING = "br"
_SERVERS_OWN = {"server", "date", "connection", "transfer-encoding"}


def fetch(url: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Fetch a page on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def captured(url: str, path: str) -> Sent:
    """Return the header lines and the body of a page out of a worker's memory."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        answer, body = fetch(url, path, **{"Accept-Encoding": ENCODING})
        if answer.headers["X-Cache"] == "hit process":
            lines = [(name, value) for name, value in answer.getheaders() if name.lower() not in _SERVERS_OWN]
            return lines, body
    raise RuntimeError(f"{path} never came out of memory")


@contextmanager
def in_front(folder: Path, site: str, bare: str) -> Iterator[tuple[str, str]]:
    """Put an nginx in front of the site, with its own configuration, and one in front of the ceiling."""
    folders = [folder / "nginx", folder / "bare-nginx"]
    for one in folders:
        one.mkdir(parents=True, exist_ok=True)
    with (
        nginx_before(urlsplit(site).port or 0, folders[0], logs=False) as ours,
        bare_nginx_before(urlsplit(bare).port or 0, folders[1]) as theirs,
    ):
        yield ours.url, theirs.url


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--nginx", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "broadsheet-benchmarks")
    arguments = parser.parse_args()
    need("wrk")
    pages = {name: path.format(articles=arguments.articles) for name, path in PAGES.items()}
    more = {"PROXIES": "1"} if arguments.nginx else {}
    with ExitStack() as stack:
        url = stack.enter_context(site(arguments.folder, arguments.articles, **more)).url
        answers = {path: captured(url, path) for path in pages.values()}
        bare = stack.enter_context(ceiling(arguments.folder, answers))
        if arguments.nginx:
            url, bare = stack.enter_context(in_front(arguments.folder, url, bare))
        print(f"{'page':8} {'bytes':>6} {'site/s':>8} {'ceiling/s':>9} {'ratio':>6}")
        for name, path in pages.items():

            def rate(url: str, path: str = path) -> float:
                # Every worker has the page in memory before it is measured.
                wrk(url + path, 1, Accept_Encoding=ENCODING)
                return wrk(url + path, arguments.seconds, Accept_Encoding=ENCODING).per_second

            ours, theirs = alternating(arguments.rounds, [lambda: rate(url), lambda: rate(bare)])
            size = len(answers[path][1])
            middle = f"{statistics.median(ours):8.0f} {statistics.median(theirs):9.0f}"
            print(f"{name:8} {size:6} {middle} {ratio(ours, theirs):6.2f}", flush=True)


if __name__ == "__main__":
    main()
