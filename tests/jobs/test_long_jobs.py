"""Long jobs, step by step in this process; `test_long_workers.py` has them done by real workers."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import update

from application.caching import PAGES, stored
from application.config import PAGE_SIZE
from application.data import data_access
from application.data.errors import DatabaseBusy
from application.data.models import Article
from application.data.operations import audit, likes
from application.data.records import Actor
from application.extensions import db
from application.jobs import long_jobs, rebuilding, tasks
from application.jobs.kinds import Passed, Unable
from application.jobs.long_jobs import KINDS, Next, go_on, runs
from application.jobs.runs import MOST_FAILURES, Run
from tests.articles import write
from tests.jobs.many import many_articles

ADA = Actor(None, "ada")
REBUILD, RECOUNT = KINDS["rebuild-pages"], KINDS["recount-likes"]
ARTICLES = 2 * PAGE_SIZE + 3


@pytest.fixture
def values(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(f"{redis_url}/0") as client:
        yield client


def finish(run: Run) -> Run:
    """Take step after step, as the worker does."""
    step: Next | None = Next(run.step)
    while step is not None:
        step = go_on(run.id, step.step)
    return current(run)


def current(run: Run) -> Run:
    found = runs().find(run.id)
    assert found is not None
    return found


def pages(values: redis.Redis) -> set[str]:
    return {key.decode().removeprefix("flask_cache_view/") for key in values.scan_iter("flask_cache_view/*")}


def lists_of(address: str) -> set[str]:
    """Return the addresses of all pages of a list that has three."""
    first = data_access.get_all_articles()
    second = data_access.get_all_articles(first.older)
    return {address, *(f"{address}?before={cursor}" for cursor in (first.older, second.older))}


@pytest.mark.usefixtures("app")
def test_every_public_page_is_made_and_none_is_forgotten_on_the_way(values: redis.Redis) -> None:
    many_articles(ARTICLES)
    run = finish(long_jobs.start(REBUILD, ADA, "a test"))
    assert (run.state, run.problems, run.last_problem) == ("done", 0, "")
    assert run.done == run.total == len(rebuilding.STANDING) + ARTICLES + 9
    expected = {f"/articles/many-{number}" for number in range(ARTICLES)}
    expected |= lists_of("/") | lists_of("/articles_by/many") | lists_of("/tags/many")
    assert pages(values) == expected | {"/about", "/privacy", "/robots.txt", "/feedback", "/feedback/thanks"}


def test_it_goes_on_from_any_place_and_pages_that_are_there_are_made_anew(
    article_id: int, values: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_articles(ARTICLES)
    finish(long_jobs.start(REBUILD, ADA, ""))
    before, made = pages(values), []

    def note(_sender: object, key: str, **_more: object) -> None:
        made.append(key.removeprefix("view/"))

    # A step ends after every single page.
    monkeypatch.setattr(long_jobs, "STEP", 0)
    with stored.connected_to(note):
        run = finish(long_jobs.start(REBUILD, ADA, ""))
    assert run.state == "done"
    assert run.step > ARTICLES
    assert run.done == run.total
    assert sorted(made) == sorted(before) == sorted(pages(values))


def test_what_cannot_be_stored_is_a_problem_and_not_the_end(
    app: Flask, article_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = write("Broken").slug
    whole = app.view_functions["articles.article"]

    def view(slug: str) -> Any:
        if slug == broken:
            raise LookupError
        return whole(slug=slug)

    monkeypatch.setattr(view, "page_policy", whole.page_policy, raising=False)  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, "articles.article", view)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    run = finish(long_jobs.start(REBUILD, ADA, ""))
    assert (run.state, run.problems) == ("done", 1)
    assert run.last_problem == f"/articles/{broken}: bypass status"


def test_where_the_cache_is_away_it_waits_and_then_gives_up(app: Flask, article_id: int) -> None:
    run = long_jobs.start(REBUILD, ADA, "")
    engine = app.extensions[PAGES].backend
    assert engine is not None
    engine.client = redis.Redis(port=1)
    for number in range(1, MOST_FAILURES):
        following = go_on(run.id, 0)
        assert following is not None
        assert isinstance(following.error, Unable)
        assert (following.step, following.wait) == (0, min(10 * number, 40))
    with pytest.raises(Unable):
        go_on(run.id, 0)
    assert current(run).state == "failed"
    assert "the cache's Redis does not answer" in current(run).last_problem


def test_where_no_pages_are_stored_it_does_not_begin(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.extensions[PAGES], "backend", None)
    with pytest.raises(Unable, match="CACHE_TYPE"):
        long_jobs.start(REBUILD, ADA, "")
    assert runs().latest() == ()


def test_likes_are_made_right_wherever_they_are_wrong(article_id: int) -> None:
    many_articles(450)
    likes.add_like(article_id, visitor_id="f" * 32)
    db.session.execute(update(Article).where(Article.slug == "many-440").values(like_count=41))
    db.session.commit()
    run = finish(long_jobs.start(RECOUNT, ADA, ""))
    assert (run.state, run.done, run.total) == ("done", 451, 451)
    assert data_access.find_wrong_counts(0, 1000)[1] == []


def test_a_cancelled_run_stops_where_it_is(article_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    run = long_jobs.start(RECOUNT, ADA, "")
    reached = []

    def walk(place: str) -> Iterator[Passed]:
        for number in range(100):
            if number == 3:
                assert long_jobs.cancel(run.id, ADA, "enough") is not None
            reached.append(number)
            yield Passed(str(number))

    monkeypatch.setattr(long_jobs, "SIGN", 0)
    monkeypatch.setitem(long_jobs.KINDS, RECOUNT.name, RECOUNT._replace(walk=walk))
    assert go_on(run.id, 0) is None
    assert reached == [0, 1, 2, 3]
    assert current(run).state == "cancelled"
    assert long_jobs.cancel(run.id, ADA, "") is None
    assert [(line.deed, line.user_name, line.details["why"]) for line in data_access.get_audit().entries[:2]] == [
        ("cancel job", "ada", "enough"),
        ("start job", "ada", ""),
    ]


def test_a_step_that_breaks_keeps_what_was_done_and_is_tried_again(
    article_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = True

    def walk(place: str) -> Iterator[Passed]:
        for number in range(int(place or 0), 5):
            if broken and number == 2:
                raise DatabaseBusy
            yield Passed(str(number + 1))

    monkeypatch.setitem(long_jobs.KINDS, RECOUNT.name, RECOUNT._replace(walk=walk, total=lambda: 5))
    run = long_jobs.start(RECOUNT, ADA, "")
    with pytest.raises(DatabaseBusy):
        tasks.go_on(run.id, 0)
    now = current(run)
    assert (now.done, now.place, now.problems, now.state) == (2, "2", 1, "running")
    assert now.last_problem.startswith("DatabaseBusy")
    broken = False
    assert finish(now).done == 5


def test_what_cannot_be_logged_is_not_done(article_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise DatabaseBusy

    with monkeypatch.context() as patch:
        patch.setattr(audit, "record", refuse)
        with pytest.raises(DatabaseBusy):
            long_jobs.start(RECOUNT, ADA, "")
    assert runs().latest() == ()
    run = long_jobs.start(RECOUNT, ADA, "")
    assert run.is_active
