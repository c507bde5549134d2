"""The whole site, as readers and operators meet it: two workers, real jobs, and a Redis that goes away."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import pytest
import redis
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select, update

from application.data import data_access, tags
from application.data.models import Article, ArticleLike, InvalidationOutbox
from application.data.operations import articles
from application.extensions import cache, db
from application.jobs.pace import RUNS_KEY
from tests.articles import TESTER, edit
from tests.conftest import copy_of
from tests.controller.people import make_article, make_user
from tests.own_redis import frozen, kill, own_redis
from tests.site import ENOUGH, RunningSite, eventually, fetch, hit_after, load_on, running_site

POST = """---
title: {title}
date: 2026-01-02
authors: [The Cache Desk]
tags: [caching]
---
{body}
"""


@pytest.fixture(scope="module")
def fragile(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningSite, object]]:
    """A running site with a Redis of its own, to be hurt."""
    logs = tmp_path_factory.mktemp("fragile")
    with (
        own_redis() as server,
        copy_of(migrated, logs) as database_url,
        running_site(database_url, f"redis://127.0.0.1:{server.port}", logs) as site,
    ):
        yield site, server


@pytest.fixture
def article(fragile: tuple[RunningSite, object], request: pytest.FixtureRequest) -> tuple[int, str]:
    site, _ = fragile
    with site.app.app_context():
        return make_article(make_user(re.sub(r"\W", "", request.node.name)[:40], "author"), title=request.node.name)


WROTE = {"Cookie": "seen=another.1"}
"""What whoever has just written sends; the next request in any worker knows, and everybody else's a moment later."""


def retitle(slug: str, title: str, tags: list[str] | None = None) -> None:
    edit(slug, title=title, standfirst="", tags=tuple(tags or ()))


def everybody(sees: Callable[[], bool]) -> None:
    """Wait until every worker's readers see it; how soon that is, the history checker asks."""
    eventually(lambda: all(sees() for _ in range(ENOUGH)))


def test_an_edit_is_seen_by_the_very_next_request_in_every_worker(
    fragile: tuple[RunningSite, object], article: tuple[int, str]
) -> None:
    site, _ = fragile
    _, slug = article
    pages = ("/", f"/articles/{slug}")
    for version in range(1, 6):
        for page in pages:
            fetch(site, page)
        with site.app.app_context():
            edit(slug, title=f"Version {version}")
        for page in pages:
            for _ in range(ENOUGH):
                assert f"Version {version}" in fetch(site, page, **WROTE)[2]
            everybody(lambda page=page, version=version: f"Version {version}" in fetch(site, page)[2])


def test_a_change_whose_writer_died_before_telling_it_is_told_by_the_workers(
    fragile: tuple[RunningSite, object], article: tuple[int, str]
) -> None:
    site, _ = fragile
    article_id, slug = article
    for _ in range(ENOUGH):
        fetch(site, f"/articles/{slug}")
    with site.app.app_context(), db.engine.begin() as connection:
        # What such a writer has left: both rows committed, and nobody told. No beat runs here.
        connection.execute(update(Article).where(Article.article_id == article_id).values(title="Told by another"))
        connection.execute(insert(InvalidationOutbox).values(kind="changed", tags=[tags.article(article_id)]))
    everybody(lambda: "Told by another" in fetch(site, f"/articles/{slug}")[2])


def test_an_unpublished_article_is_gone_from_every_page_at_once(
    fragile: tuple[RunningSite, object], article: tuple[int, str]
) -> None:
    site, _ = fragile
    article_id, slug = article
    author = re.search(r'/articles_by/[^"]+', fetch(site, f"/articles/{slug}")[2]).group()
    pages = ("/", author)
    assert all(slug in fetch(site, page)[2] for page in pages)
    with site.app.app_context():
        articles.unpublish_article(slug, TESTER)
    for _ in range(ENOUGH):
        assert fetch(site, f"/articles/{slug}", **WROTE)[0] == 404
        assert fetch(site, f"/api/article_likes/{article_id}", **WROTE)[0] == 404
        assert not any(slug in fetch(site, page, **WROTE)[2] for page in pages)
    everybody(lambda: fetch(site, f"/articles/{slug}")[0] == 404)
    everybody(lambda: not any(slug in fetch(site, page)[2] for page in pages))


def test_an_edited_file_imported_again_is_seen_at_once(fragile: tuple[RunningSite, object], tmp_path: Path) -> None:
    site, _ = fragile
    post = tmp_path / "2026-01-02-imported.md"
    runner = site.app.test_cli_runner()
    for title in ("As it was", "As it is"):
        post.write_text(POST.format(title=title, body=f"The text says {title}."))
        result = runner.invoke(args=["articles", "import", str(tmp_path), "--source", "a blog"])
        assert result.exit_code == 0, result.output
        for _ in range(ENOUGH):
            assert f"The text says {title}." in fetch(site, "/articles/imported", **WROTE)[2]
            assert title in fetch(site, "/tags/caching", **WROTE)[2]
            assert title in fetch(site, "/articles_by/the-cache-desk", **WROTE)[2]
        everybody(lambda title=title: title in fetch(site, "/articles/imported")[2])


def test_a_thousand_likes_are_a_handful_of_recounts(
    fragile: tuple[RunningSite, object], article: tuple[int, str]
) -> None:
    site, _ = fragile
    article_id, slug = article
    with redis.Redis.from_url(site.settings.broker_url) as broker, ThreadPoolExecutor(16) as readers:
        before = int(broker.get(RUNS_KEY) or 0)
        started = monotonic()
        answers = list(readers.map(lambda _: fetch(site, f"/article_like/{article_id}", "POST")[0], range(1000)))
        took = monotonic() - started
        assert set(answers) == {303}
        eventually(lambda: "1,000 likes" in fetch(site, f"/articles/{slug}")[2])
        runs = int(broker.get(RUNS_KEY) or 0) - before
    with site.app.app_context():
        rows = select(func.count()).select_from(ArticleLike).where(ArticleLike.article_id == article_id)
        assert db.session.scalar(rows) == 1000
        assert db.session.scalar(select(Article.like_count).where(Article.article_id == article_id)) == 1000
    # At most one a second, one more at either end, and one that beat's reconciliation may add.
    assert runs <= took + 4


def test_readers_do_not_notice_that_redis_is_killed(
    fragile: tuple[RunningSite, object], article: tuple[int, str]
) -> None:
    site, server = fragile
    _, slug = article
    with load_on(site, ["/", f"/articles/{slug}"]) as answers:
        eventually(lambda: len(answers) > 50)
        kill(server)
        eventually(lambda: len(answers) > 150)
        with site.app.app_context():
            retitle(slug, "Without Redis")
        for _ in range(ENOUGH):
            assert "Without Redis" in fetch(site, f"/articles/{slug}")[2]
        server._desired_port = urlsplit(site.settings.redis_url).port
        server.start()
        again = time.monotonic()
        eventually(lambda: hit_after(answers, again))
        assert "Without Redis" in fetch(site, f"/articles/{slug}")[2]
    assert {reading.status for reading in answers} == {200}
    assert any(reading.outcome == "bypass redis" for reading in answers)


def test_readers_and_likers_do_not_wait_for_a_frozen_redis(
    fragile: tuple[RunningSite, object], article: tuple[int, str]
) -> None:
    site, server = fragile
    article_id, slug = article
    fetch(site, f"/articles/{slug}")
    with frozen(server):
        answers = [fetch(site, f"/articles/{slug}") for _ in range(ENOUGH)]
        likes = [fetch(site, f"/article_like/{article_id}", "POST") for _ in range(ENOUGH)]
    assert {status for status, *_ in answers} == {200}
    assert {status for status, *_ in likes} == {303}
    # The issue's own bounds: never four seconds for a page, one second for a like. They bound a wait, not a speed.
    assert max(seconds for *_, seconds in answers) < 4
    assert max(seconds for *_, seconds in likes) < 2
    # What the queue gave up on, beat's job makes right.
    site.app.extensions["celery"].send_task("reconcile_likes")
    eventually(lambda: f"{ENOUGH} likes" in fetch(site, f"/articles/{slug}")[2])


@pytest.mark.parametrize(
    ("path", "most"),
    [("/", 3), ("/?before={cursor}", 3), ("/articles_by/ada", 3), ("/tags/caching", 3), ("/articles/{slug}", 4)],
)
def test_a_page_costs_few_statements_and_a_stored_one_none(client: FlaskClient, path: str, most: int) -> None:
    ada = make_user("ada", "author")
    for number in range(45):
        _, slug = make_article(ada, title=f"Article {number}")
        retitle(slug, f"Article {number}", ["caching", f"t{number % 3}"])
    cursor = data_access.get_all_articles().older
    db.session.remove()
    cache.clear()
    path = path.format(slug=slug, cursor=cursor)
    statements = [
        int(re.search(r'desc="(\d+) statement', client.get(path).headers["Server-Timing"]).group(1)) for _ in range(2)
    ]
    assert 0 < statements[0] <= most
    assert statements[1] == 0
