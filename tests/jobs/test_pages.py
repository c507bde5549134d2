"""The jobs for pages, in a running site with two web workers and a real Celery worker."""

from collections.abc import Iterator

import brotli
import pytest
import redis
from flask import Flask

from application.caching import PAGES, refill_cold, stored
from application.data.models import Profile
from application.data.operations.articles import unpublish_article
from application.extensions import cache, db
from application.jobs.pages import IMPROVEMENTS, Turns
from tests.articles import TESTER, edit, write
from tests.conftest import copy_of
from tests.own_redis import own_redis
from tests.site import RunningSite, eventually, fetch, running_site


@pytest.fixture(scope="module")
def site(migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    logs = tmp_path_factory.mktemp("pages")
    with (
        own_redis() as server,
        copy_of(migrated, logs) as database_url,
        running_site(database_url, f"redis://127.0.0.1:{server.port}", logs) as site,
    ):
        with site.app.app_context():
            db.session.add(Profile(user_name="ada", display_name="Ada"))
            db.session.commit()
        yield site


@pytest.fixture
def values(site: RunningSite) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(site.settings.cache_redis_url) as client, site.app.app_context():
        yield client


def page(slug: str) -> str:
    return f"flask_cache_view//articles/{slug}"


def heat_up(site: RunningSite, values: redis.Redis, slug: str) -> None:
    # It halves at each full minute, so readers go on asking until it is told.
    def is_hot() -> bool:
        fetch(site, f"/articles/{slug}")
        return (values.zscore("broadsheet:heat", page(slug)) or 0) >= 5

    eventually(is_hot)


def body(values: redis.Redis, slug: str, encoding: str = "identity") -> bytes:
    found = values.hget(page(slug), encoding)
    return found if isinstance(found, bytes) else b""


def test_a_hot_page_is_there_again_before_anybody_asks_and_a_cold_one_is_not(
    site: RunningSite, values: redis.Redis
) -> None:
    hot, cold = (write(title, "One, two. " * 200).slug for title in ("On heat", "On cold"))
    fetch(site, f"/articles/{cold}")
    heat_up(site, values, hot)
    eventually(lambda: values.zscore("broadsheet:heat", page(cold)) in {1, 0.5})
    edit(cold, title="On cold, again")
    edit(hot, title="On heat, again")
    eventually(lambda: b"On heat, again" in body(values, hot))
    assert not values.exists(page(cold))
    status, headers, text, _ = fetch(site, f"/articles/{hot}")
    assert (status, headers["x-cache"].split()[0]) == (200, "hit")
    assert "On heat, again" in text


def test_everything_forgotten_comes_back_by_its_heat(site: RunningSite, values: redis.Redis) -> None:
    slug = write("On everything", "One, two.").slug
    heat_up(site, values, slug)
    assert cache.clear()
    eventually(lambda: b"On everything" in body(values, slug))


def test_a_hot_article_that_is_taken_back_is_not_made_again(site: RunningSite, values: redis.Redis) -> None:
    gone, after = (write(title, "One, two.").slug for title in ("On going", "On staying"))
    heat_up(site, values, gone)
    heat_up(site, values, after)
    unpublish_article(gone, TESTER)
    edit(after, title="On staying, again")
    eventually(lambda: b"On staying, again" in body(values, after))
    eventually(lambda: not values.exists("broadsheet:cold"))
    assert not values.exists(page(gone))
    assert fetch(site, f"/articles/{gone}")[0] in {404, 410}


def test_an_article_s_page_is_compressed_as_well_as_can_be(site: RunningSite, values: redis.Redis) -> None:
    slug = write("On size", "".join(f"Word {number}, {number * number}. " for number in range(2000))).slug
    fetch(site, f"/articles/{slug}")
    eventually(lambda: body(values, slug, "br") == brotli.compress(body(values, slug), quality=11))


def test_a_page_made_in_a_job_shows_what_was_committed_while_the_one_before_it_was_made(app: Flask) -> None:
    db.session.add(Profile(user_name="ada", display_name="Ada"))
    db.session.commit()
    first, second = (write(title, "One, two.").slug for title in ("On first", "On second"))
    pages = app.extensions[PAGES]

    def change(_sender: object, key: str, **_more: object) -> None:
        if key == f"view//articles/{first}":
            with app.app_context():
                edit(second, title="On second, again")

    with stored.connected_to(change), redis.Redis.from_url(app.config["SETTINGS"].cache_redis_url) as values:
        values.zadd("broadsheet:cold", {page(first): 9, page(second): 5})
        assert refill_cold(pages) == 2
        assert b"On second, again" in body(values, second)


def test_a_crawler_makes_a_handful_of_jobs() -> None:
    turns = Turns(IMPROVEMENTS)
    assert sum(turns.take() for _ in range(10_000)) <= 2 * IMPROVEMENTS
