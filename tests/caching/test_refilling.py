"""Hot pages that were forgotten are made again before somebody asks; nothing else is."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
import redis
from flask import abort, request
from flask.testing import FlaskClient

from application.caching import PAGES, PageCache, cooled, keep_warm, refill_cold
from application.caching.keys import page_address, page_key
from application.caching.leases import Grant, Lease
from application.caching.refilling import AT_ONCE, TURN
from application.caching.reporting import Reporter
from tests.caching.conftest import Site

HEAT = "broadsheet:heat"
COLD = "broadsheet:cold"


@pytest.fixture
def client(site: Site) -> FlaskClient:
    @site.app.get("/row/<int:number>")
    @site.cache.cached(timeout=50)
    def row(number: int) -> str:
        site.cache.depends_on("rows")
        if site.table.get(number) == "gone":
            abort(404)
        return site.read(number).words[0]

    @site.app.get("/due/<path:name>")
    @site.cache.cached(timeout=50, fresh=0, args=("before",))
    def due(name: str) -> str:
        site.calls.append(f"{name} {request.args.get('before')}")
        return name

    site.serve()
    return site.app.test_client()


@pytest.fixture
def pages(site: Site, client: FlaskClient) -> PageCache:
    made: PageCache = site.app.extensions[PAGES]
    return made


@pytest.fixture
def sent() -> Iterator[list[object]]:
    senders: list[object] = []

    def note(sender: object) -> None:
        senders.append(sender)

    with cooled.connected_to(note):
        yield senders


def ask(site: Site, client: FlaskClient, path: str, times: int) -> None:
    """Ask for a page so often, and have it told."""
    for _ in range(times):
        client.get(path)
    Reporter(site.cache.engine).report()


def stored(redis_client: redis.Redis) -> set[str]:
    return {name.decode().removeprefix("flask_cache_view/") for name in redis_client.scan_iter("flask_cache_view*")}


def test_purged_pages_are_made_again_the_hottest_first_and_no_cold_one(
    site: Site, client: FlaskClient, pages: PageCache, redis_client: redis.Redis, sent: list[object]
) -> None:
    for number, times in ((1, 3), (2, 9), (3, 1), (4, 5)):
        ask(site, client, f"/row/{number}", times)
    site.calls.clear()
    site.table[2] = "new"
    site.cache.invalidate(["rows"])
    assert sent == [site.cache.engine]
    assert stored(redis_client) == set()
    assert refill_cold(pages) == 3
    assert site.calls == [2, 4, 1]
    assert stored(redis_client) == {"/row/1", "/row/2", "/row/4"}
    assert not redis_client.exists(COLD)
    answer = client.get("/row/2")
    assert (answer.text, answer.headers["X-Cache"]) == ("new", "hit redis")


def test_an_invalidation_of_what_nobody_asks_for_sends_no_job(
    site: Site, client: FlaskClient, sent: list[object]
) -> None:
    ask(site, client, "/row/1", 1)
    site.cache.invalidate(["rows"])
    assert sent == []


def test_what_was_withdrawn_is_not_made_again_and_cools_at_once(
    site: Site, client: FlaskClient, pages: PageCache, redis_client: redis.Redis
) -> None:
    ask(site, client, "/row/1", 5)
    site.table[1] = "gone"
    site.cache.invalidate(["rows"], "withdrawn")
    assert refill_cold(pages) == 0
    assert stored(redis_client) == set()
    assert not redis_client.exists(HEAT, COLD)
    assert keep_warm(pages, []) == 0


def test_everything_forgotten_is_made_again_by_its_heat(
    site: Site, client: FlaskClient, pages: PageCache, redis_client: redis.Redis, sent: list[object]
) -> None:
    ask(site, client, "/row/1", 5)
    ask(site, client, "/row/2", 1)
    assert site.cache.clear()
    assert sent
    assert refill_cold(pages) == 1
    assert stored(redis_client) == {"/row/1"}


def test_one_run_at_a_time_and_those_turned_away_are_not_forgotten(
    site: Site, client: FlaskClient, pages: PageCache, redis_client: redis.Redis, sent: list[object]
) -> None:
    engine = site.cache.engine
    ask(site, client, "/row/1", 5)
    site.cache.invalidate(["rows"])
    turn = Lease(TURN)
    assert engine.take(turn) is Grant.GRANTED
    assert (refill_cold(pages), stored(redis_client)) == (0, set())
    engine.release(turn)
    sent.clear()
    keep_warm(pages, [])
    assert sent == [engine], "what came during a run is looked at after it"


def test_a_run_is_bounded_and_calls_for_another(
    site: Site, client: FlaskClient, pages: PageCache, redis_client: redis.Redis, sent: list[object]
) -> None:
    redis_client.zadd(COLD, {f"flask_cache_view//row/{number}": 5 for number in range(AT_ONCE + 3)})
    assert refill_cold(pages) == AT_ONCE
    assert sent
    assert refill_cold(pages) == 3
    assert len(sent) == 1


def test_a_page_that_a_reader_is_making_is_left_to_them(
    site: Site, client: FlaskClient, pages: PageCache, redis_client: redis.Redis
) -> None:
    lease = Lease("view//row/1")
    assert site.cache.engine.take(lease) is Grant.GRANTED
    assert pages.refill("view//row/1") == "bypass lease"
    site.cache.engine.release(lease)
    assert pages.refill("view//row/1") == "miss"
    assert pages.refill("view//row/1") == "hit redis"
    assert site.calls == [1]


def test_front_and_hot_pages_are_refreshed_when_they_are_due(
    site: Site, client: FlaskClient, pages: PageCache, redis_client: redis.Redis
) -> None:
    assert keep_warm(pages, ["view//row/7"]) == 1
    assert keep_warm(pages, ["view//row/7"]) == 0, "it is not due yet"
    redis_client.zadd(HEAT, {"flask_cache_view//due/hot": 9, "flask_cache_view//due/tepid": 1})
    site.calls.clear()
    assert [keep_warm(pages, []) for _ in range(2)] == [1, 1]
    assert site.calls == ["hot None"] * 2


@pytest.mark.parametrize(
    "key",
    [
        "get_article(slug=x)",
        "view//nowhere",
        "view//row/1?undeclared=1",
        "view/",
        "view///evil.example/x",
        page_key("/due/" + "x" * 300, {}),
        "view//\ufffd",
    ],
)
def test_what_is_no_page_of_this_site_is_passed_over(
    site: Site, client: FlaskClient, pages: PageCache, redis_client: redis.Redis, key: str
) -> None:
    redis_client.zadd(COLD, {f"flask_cache_{key}": 9})
    assert refill_cold(pages) == 0
    assert (stored(redis_client), site.calls) == (set(), [])


@pytest.mark.parametrize("name", ["日本", "a b+c", "50%", "a?b=c&d", "q;x"])
def test_a_page_is_found_again_by_its_key(
    site: Site, client: FlaskClient, pages: PageCache, redis_client: redis.Redis, name: str
) -> None:
    path = f"/due/{quote(name)}?before={quote(name)}"
    client.get(path)
    (key,) = redis_client.scan_iter("flask_cache_view*")
    redis_client.delete(key)
    site.calls.clear()
    assert pages.refill(key.decode().removeprefix("flask_cache_")) == "miss"
    assert site.calls == [f"{name} {name}"]
    assert stored(redis_client) == {key.decode().removeprefix("flask_cache_view/")}
    assert page_address("view//a?b=1&c=x%26y") == ("/a", {"b": "1", "c": "x&y"})


def test_without_redis_nothing_is_made() -> None:
    site = Site("redis://127.0.0.1:1")
    site.serve()
    pages = site.app.extensions[PAGES]
    assert (refill_cold(pages), keep_warm(pages, ["view//"])) == (0, 0)
