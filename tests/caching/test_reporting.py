"""What each process counts, and tells Redis once a second."""

from collections.abc import Iterator

import pytest
import redis

from application.caching.counters import FAMILIES, PAGES, Counters, family_of
from application.caching.memory import Kept, Memory
from application.caching.recording import Moment
from application.caching.reporting import FIELDS, LASTS_MS, WORKER, Reporter
from application.caching.scripts import PAGES_WITH_HEAT
from application.caching.statistics import Statistics, gather
from tests.caching.conftest import Record, Site
from tests.own_redis import own_redis
from tests.site import eventually

COUNTS = "broadsheet:stats:counts"
HEAT = "broadsheet:heat"


@pytest.fixture
def reporter(site: Site) -> Reporter:
    return Reporter(site.cache.engine)


def outcomes(found: Statistics, family: str) -> dict[str, int]:
    return {one.family: one.outcomes for one in found.families}.get(family, {})


@pytest.mark.parametrize(
    ("key", "family"),
    [
        ("view//", "/"),
        ("view//articles/rust-1.0", "/articles/…"),
        ("view//?before=2", "/"),
        ("view//sitemap.xml", "/sitemap.xml"),
        ("fragment/more_by/12", "fragment/more_by"),
        ("get_article(slug=a/b)", "get_article"),
        ("get_all_articles", "get_all_articles"),
        ("x" * 200, "x" * 80),
    ],
)
def test_a_key_is_counted_under_its_family(key: str, family: str) -> None:
    assert family_of(key) == family


@pytest.fixture
def own_redis_url() -> Iterator[str]:
    """A server that ends with the test, since the threads of a worker only end with their process."""
    with own_redis() as server:
        yield f"redis://127.0.0.1:{server.port}"


def test_a_worker_tells_the_hits_of_its_memory_and_how_it_is(own_redis_url: str) -> None:
    site = Site(own_redis_url, CACHE_MEMORY_BYTES=1_000_000)

    @site.app.get("/")
    @site.cache.cached(timeout=50)
    def home() -> str:
        return site.read(1).words[0]

    pages = site.cache.page_cache(site.app)
    site.app.wsgi_app = pages.fast_lane(pages)  # type: ignore[method-assign, assignment]
    client = site.app.test_client()
    with site.app.app_context():
        site.cache.start_worker(site.app)
        engine = site.cache.engine
        eventually(lambda: engine.memory.is_trusted)
        assert [client.get("/").headers["X-Cache"] for _ in range(4)] == ["miss"] + ["hit process"] * 3
        eventually(lambda: outcomes(gather(engine), "/") == {"miss": 1, "hit process": 3})
        found = gather(engine)
        # It halves at each full minute.
        assert found.hottest in ({"view//": 4}, {"view//": 2})
        (worker,) = found.workers
    assert (worker.entries, worker.is_trusted, worker.budget) == (1, True, 1_000_000)
    assert worker.used > 0
    assert worker.epoch == engine.memory.epoch


def test_functions_are_counted_by_tier(site: Site, reporter: Reporter) -> None:
    read = site.cache.memoize(50)(site.read)
    read(1), read(1), read(2)
    assert reporter.report()
    assert outcomes(gather(site.cache.engine), "read") == {"miss": 2, "hit redis": 1}


def test_what_was_refused_and_what_was_rejected_is_counted(
    site: Site, reporter: Reporter, redis_client: redis.Redis
) -> None:
    @site.cache.memoize(50)
    def overtaken(number: int) -> Record:
        record = site.read(number)
        if len(site.calls) == 1:
            site.write(number, "new")
        return record

    overtaken(1)
    redis_client.set("flask_cache_overtaken(number=1)", "foreign")
    overtaken(1)
    reporter.report()
    assert outcomes(gather(site.cache.engine), "overtaken") == {"miss": 2, "refused": 1, "rejected": 1}


def test_a_value_that_is_dropped_leaves_its_hits_behind() -> None:
    memory = Memory(3_000)
    memory.reset("epoch", 1)
    for number in range(3):
        kept = Kept(f"read(number={number})", "", frozenset(), 300 - number, 0, 50, 50)
        kept.hits = 5
        memory._kept[kept.key] = kept
    memory.counters.settle(kept)
    kept.hits += 2
    memory.reset("epoch", 2)
    assert memory.counters.take() == ({"read": {"hit process": 17}}, {})


def test_an_eviction_is_counted() -> None:
    memory = Memory(10_000)
    memory.reset("epoch", 1)
    for number in range(11):
        memory.put(Kept(f"read(number={number})", "", frozenset(), 300, 0, 50, 50), Moment("epoch", 1))
    assert memory.counters.take()[0] == {"read": {"evicted": 1}}


def test_made_up_names_do_not_make_the_counters_grow(site: Site, reporter: Reporter, redis_client: redis.Redis) -> None:
    counters = site.cache.engine.counters
    for round_ in range(15):
        for number in range(PAGES + 10):
            counters.note(f"view//made-up-{round_}-{number}", "miss")
        assert len(counters._counted) == FAMILIES + 1
        assert len(counters._asked) == PAGES
        assert reporter.report()
    assert redis_client.hlen(COUNTS) <= FIELDS + 10
    assert redis_client.zcard(HEAT) == PAGES_WITH_HEAT
    assert gather(site.cache.engine).total.outcomes["miss"] == 15 * (PAGES + 10)


def test_heat_halves_each_minute_and_what_is_cold_is_forgotten(
    site: Site, reporter: Reporter, redis_client: redis.Redis
) -> None:
    site.cache.engine.counters.note("view//", "miss", 40)
    site.cache.engine.counters.note("view//cold", "miss", 1)
    reporter.report()
    minute = int(redis_client.hget(COUNTS, "minute") or 0)
    redis_client.hset(COUNTS, "minute", minute - 2)
    reporter.report()
    heat = dict(redis_client.zrange(HEAT, 0, -1, withscores=True))
    # The minute may have passed meanwhile.
    assert heat[b"flask_cache_view//"] in {10, 5}
    assert b"flask_cache_view//cold" not in heat


def test_a_page_that_is_not_there_is_never_hot(site: Site, reporter: Reporter, redis_client: redis.Redis) -> None:
    site.cache.engine.counters.note("view//made-up", "bypass", 50)
    reporter.report()
    assert not redis_client.exists(HEAT)


def test_only_the_word_of_a_process_has_a_lifetime(site: Site, reporter: Reporter, redis_client: redis.Redis) -> None:
    site.cache.engine.counters.note("view//", "miss")
    reporter.report()
    lifetimes = {name: redis_client.pttl(name) for name in (COUNTS, HEAT)}
    assert lifetimes == {COUNTS: -1, HEAT: -1}
    (worker,) = redis_client.scan_iter(WORKER + "*")
    assert 0 < redis_client.pttl(worker) <= LASTS_MS  # type: ignore[operator]


def test_a_full_redis_takes_the_report(site: Site, reporter: Reporter, redis_client: redis.Redis) -> None:
    assert reporter.report()
    site.cache.engine.counters.note("view//", "miss")
    redis_client.config_set("maxmemory", 1)
    try:
        assert reporter.report()
        assert outcomes(gather(site.cache.engine), "/") == {"miss": 1}
    finally:
        redis_client.config_set("maxmemory", 0)


def test_what_could_not_be_told_is_told_later() -> None:
    with own_redis() as server:
        port = server.port
        site = Site(f"redis://127.0.0.1:{port}")
        with site.app.app_context():
            engine = site.cache.engine
            reporter = Reporter(engine)
            engine.counters.note("view//", "miss", 3)
            server.stop()
            assert not reporter.report()
            engine.counters.note("view//", "hit redis")
            with own_redis(port):
                eventually(reporter.report)
                assert outcomes(gather(engine), "/") == {"miss": 3, "hit redis": 1}


def test_nothing_is_lost_when_two_reports_are_one() -> None:
    counters = Counters()
    counters.note("view//", "miss", 2)
    taken = counters.take()
    counters.note("view//", "miss")
    counters.put_back(*taken)
    assert counters.take() == ({"/": {"miss": 3}}, {"view//": 3})
