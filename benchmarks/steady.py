"""What readers notice of writers, what being signed in costs, and what a worker's memory does.

    .venv/bin/python -m benchmarks.steady edits     latency at half the full rate, without and with two saves a second
    .venv/bin/python -m benchmarks.steady likes     how often the front page comes out of a cache at 200 likes a second
    .venv/bin/python -m benchmarks.steady reader    a page and its `/me`, signed in, against the page alone
    .venv/bin/python -m benchmarks.steady memory    growth of a worker over a million requests

Needs wrk and h2load.
"""

import argparse
import http.client
import json
import re
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from sqlalchemy import select

from application import create_app
from application.config import load_settings
from application.data.models import ArticleAuthor, Profile
from application.data.operations import people
from application.data.records import Actor
from application.extensions import db
from benchmarks.load import need, percentile, wrk
from benchmarks.running import Site, site
from benchmarks.serving import ENCODING, fetch

PASSWORD = "of a benchmark, and of nothing else"  # noqa: S105 - it opens a made-up site
EDITOR = "editor@broadsheet.example"
HALF = 0.5
LIKERS = 16


@contextmanager
def beside(work: Callable[[], None], a_second: float) -> Iterator[list[float]]:
    """Do this so many times a second until the block ends; collects how long each took, in seconds."""
    over = threading.Event()
    took: list[float] = []

    def run() -> None:
        due = time.monotonic()
        while not over.is_set():
            started = time.monotonic()
            work()
            took.append(time.monotonic() - started)
            due += 1 / a_second
            over.wait(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def at_rate(url: str, per_second: float, seconds: int) -> list[float]:
    """Ask at this rate whatever comes back; returns latencies in ms from each request's intended start."""
    clients = 20
    with tempfile.NamedTemporaryFile("r") as log:
        command = ["h2load", "--h1", f"-c{clients}", "-t1", f"-D{seconds}", f"--rps={per_second / clients:.2f}"]
        command += ["-H", f"accept-encoding: {ENCODING}", f"--log-file={log.name}", url]
        subprocess.run(command, check=True, capture_output=True)
        rows = [line.split("\t") for line in log.read().splitlines()]
    if failed := [row for row in rows if row[1] != "200"]:
        raise RuntimeError(f"{len(failed)} of {len(rows)} requests failed")
    return [int(row[2]) / 1e3 for row in rows]


def edits(running: Site, seconds: int) -> None:
    """Compare the latencies of readers without and with an editor who saves twice a second."""
    app = create_app(load_settings(running.environ))
    with app.app_context():
        newest = select(Profile.user_name).join(ArticleAuthor).order_by(ArticleAuthor.article_id.desc())
        user_name = str(db.session.scalars(newest).first())
    full = wrk(running.url + "/", 5, Accept_Encoding=ENCODING).per_second
    number = iter(range(10**9))

    def save() -> None:
        with app.app_context():
            people.edit_profile(user_name, f"Name {next(number)}", "", Actor(None, "a benchmark"))

    quiet = at_rate(running.url + "/", full * HALF, seconds)
    with beside(save, 2) as saves:
        busy = at_rate(running.url + "/", full * HALF, seconds)
    for name, latencies in (("without", quiet), ("with", busy)):
        figures = ", ".join(f"p{part * 100:g} {percentile(latencies, part):.2f} ms" for part in (0.5, 0.99, 0.999))
        print(f"{name:8} edits, {full * HALF:.0f} requests a second: {figures}")
    print(f"{len(saves)} saves, median {percentile(saves, 0.5) * 1e3:.1f} ms")


def likes(running: Site, seconds: int) -> None:
    """Like one article 200 times a second while somebody reads the front page."""
    outcomes: Counter[str] = Counter()
    statuses: Counter[int] = Counter()

    def liker() -> Callable[[], None]:
        connection = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=30)

        def like() -> None:
            connection.request("POST", "/article_like/9999", headers={"Sec-Fetch-Site": "same-origin"})
            answer = connection.getresponse()
            answer.read()
            statuses[answer.status] += 1

        return like

    with ExitStack() as likers:
        for _ in range(LIKERS):
            likers.enter_context(beside(liker(), 200 / LIKERS))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            outcomes[fetch(running.url, "/")[0].headers["X-Cache"]] += 1
    hits = sum(count for outcome, count in outcomes.items() if outcome.startswith(("hit", "stale")))
    print(f"{statuses.total() / seconds:.0f} likes a second {dict(statuses)}; the front page: {dict(outcomes)}")
    print(f"hit ratio {hits / outcomes.total():.4f}")


def reader(running: Site, seconds: int) -> None:
    """Ask for an article and its `/me` in turn, signed in."""
    runner = create_app(load_settings(running.environ)).test_cli_runner()
    made = runner.invoke(
        args=["users", "create", EDITOR, "--username", "benchmarker", "--password", PASSWORD, "--active"]
    )
    if made.exit_code and "taken" not in made.output:
        raise RuntimeError(made.output)
    form = urlencode({"email": EDITOR, "password": PASSWORD})
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    connection.request("POST", "/login", form, headers)
    answer = connection.getresponse()
    cookies = "; ".join(line.partition(";")[0] for line in answer.headers.get_all("Set-Cookie") or [])
    page, mine = "/articles/article-9999", "/me?article=9999"
    me, body = fetch(running.url, mine, Cookie=cookies)
    if not json.loads(body)["name"]:
        raise RuntimeError(f"nobody is signed in: {answer.status} {body!r}")
    statements = re.findall(r'desc="(\d+) statement', me.headers["Server-Timing"])
    alone = wrk(running.url + page, seconds, Accept_Encoding=ENCODING).per_second
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f'local pages, turn = {{"{page}", "{mine}"}}, 0\n'
            "request = function() turn = turn + 1; return wrk.format('GET', pages[turn % 2 + 1]) end\n"
        )
        script.flush()
        both = wrk(running.url, seconds, script=Path(script.name), Accept_Encoding=ENCODING, Cookie=cookies).per_second
    print(f"/me: {me.status}, {statements} statements, {body[:60]!r}")
    print(f"page alone {alone:.0f}/s; page and /me {both / 2:.0f}/s of both; ratio {both / 2 / alone:.2f}")


def memory(running: Site, seconds: int) -> None:
    """Print the resident memory of the workers after 100,000 and after 1,000,000 requests."""
    workers = worker_pids(urlsplit(running.url).port)
    asked = 0
    for mark in (100_000, 1_000_000):
        while asked < mark:
            asked += int(wrk(running.url + "/", seconds, Accept_Encoding=ENCODING).per_second * seconds)
        sizes = ", ".join(f"{resident(pid) / 1024:.1f} MB" for pid in workers)
        print(f"after {asked:,} requests: {sizes}", flush=True)


def worker_pids(port: int | None) -> list[int]:
    """Return the processes that listen on this port, without their parent."""
    found = subprocess.run(["ss", "-Hltnp", f"sport = :{port}"], check=True, capture_output=True, text=True).stdout
    return sorted(map(int, set(re.findall(r"pid=(\d+)", found))))[1:]


def resident(pid: int) -> int:
    """Return a process's resident memory in kB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measures = {"edits": edits, "likes": likes, "reader": reader, "memory": memory}
    parser.add_argument("measure", choices=measures)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "broadsheet-benchmarks")
    arguments = parser.parse_args()
    need("wrk", "h2load")
    with site(arguments.folder, arguments.articles, jobs=True) as running:
        measures[arguments.measure](running, arguments.seconds)


if __name__ == "__main__":
    main()
