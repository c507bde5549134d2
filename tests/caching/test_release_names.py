"""Which of the releases on one Redis has the plain names: the one that began last of those alive."""

from collections.abc import Callable

import pytest
import redis

from application.caching.releases import MOST, RELEASES
from application.caching.reporting import Reporter
from tests.caching.conftest import Site
from tests.caching.deployed import Deployed, new, old, silence, values

__all__ = ["new", "old"]

DAY_MS = 86_400_000


def test_the_newest_has_the_plain_names_as_soon_as_it_starts(redis_url: str, old: Deployed) -> None:
    assert old.look() == "flask_cache_"
    new = Deployed(redis_url, "2")
    assert new.engine.names.prefix == "flask_cache_"
    assert old.look() == "flask_cache_@1/"
    newest = Deployed(redis_url, "3")
    assert [site.look() for site in (old, new, newest)] == ["flask_cache_@1/", "flask_cache_@2/", "flask_cache_"]


def test_a_restarted_process_of_the_old_release_does_not_take_them_back(
    redis_url: str, old: Deployed, new: Deployed
) -> None:
    assert Deployed(redis_url, "1").engine.names.prefix == "flask_cache_@1/"
    assert (old.look(), new.look()) == ("flask_cache_@1/", "flask_cache_")


def test_the_old_release_has_them_again_when_the_new_one_is_silent(
    redis_url: str, old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    silence(redis_client, "2")
    assert old.look() == "flask_cache_"
    assert redis_client.hkeys(RELEASES) == [b"@1/"]
    assert new.look() == "flask_cache_", "it was held up, and is still the newer one"
    assert old.look() == "flask_cache_@1/"


def test_what_stands_there_of_the_other_is_not_believed_after_a_change(
    old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    new.page()
    silence(redis_client, "2")
    old.look()
    assert [old.page()[1] for _ in range(2)] == ["miss", "hit redis"]
    assert old.calls == [1]


def test_a_process_that_only_looks_does_not_keep_its_release_alive(
    redis_url: str, old: Deployed, redis_client: redis.Redis
) -> None:
    looking = Site(redis_url, CACHE_RELEASE="2")
    with looking.app.app_context():
        looking.cache.set("x", 1)
        assert looking.cache.engine.names.prefix == "flask_cache_"
    assert redis_client.hkeys(RELEASES) == [b"@1/"]
    assert old.look() == "flask_cache_"


def test_whoever_connects_knows_the_names_before_it_stores(
    redis_url: str, old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    another = Site(redis_url, CACHE_RELEASE="1")
    with another.app.app_context():
        assert another.cache.set("x", 1)
    assert values(redis_client) == {"flask_cache_@1/x"}


def test_after_a_flush_the_order_is_the_same_whoever_speaks_first(
    old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    for _ in range(2):
        redis_client.flushall()
        old.look()
        assert new.look() == "flask_cache_"
        assert old.look() == "flask_cache_@1/"


@pytest.mark.parametrize(
    "scribble",
    [
        lambda client: client.set(RELEASES, "something else"),
        lambda client: client.rpush(RELEASES, "something else"),
        lambda client: client.hset(RELEASES, mapping={"@1/": "x", "@2/": "9" * 400 + " 1", "@3/": b"\xff"}),
        lambda client: client.hset(RELEASES, mapping={f"@{number}/": f"{10**14} {10**14}" for number in range(5_000)}),
    ],
    ids=["string", "list", "no numbers", "thousands"],
)
def test_whatever_stands_at_the_place_of_releases_is_survived(
    old: Deployed, new: Deployed, redis_client: redis.Redis, scribble: Callable[[redis.Redis], object]
) -> None:
    if redis_client.type(RELEASES) == b"hash":
        redis_client.delete(RELEASES)
    scribble(redis_client)
    looking = Site(f"redis://127.0.0.1:{redis_client.connection_pool.connection_kwargs['port']}", CACHE_RELEASE="9")
    with looking.app.app_context():
        assert looking.cache.set("x", 1)
    for site in (old, new):
        assert site.page()[0] == "as it was"
        site.look()
    assert (old.look(), new.look()) == ("flask_cache_@1/", "flask_cache_")
    assert redis_client.hlen(RELEASES) == 2


@pytest.mark.parametrize("began", [2**53 - 1, 2**52, 2**52 - 1])
def test_a_release_that_begins_after_the_end_of_days_confuses_nobody(
    redis_url: str, old: Deployed, redis_client: redis.Redis, began: int
) -> None:
    _, heard = redis_client.hget(RELEASES, "@1/").split()
    redis_client.hset(RELEASES, "@made up/", b"%d %s" % (began, heard))
    new = Deployed(redis_url, "2", old.table)
    assert (old.look(), new.look()) == ("flask_cache_@1/", "flask_cache_")
    assert not redis_client.hexists(RELEASES, "@made up/")


def test_releases_are_bounded(redis_url: str, old: Deployed, redis_client: redis.Redis) -> None:
    for number in range(2 * MOST):
        Deployed(redis_url, f"of {number}/*")
        assert redis_client.hlen(RELEASES) <= MOST + 1
    assert old.look() in {"flask_cache_@1/", "flask_cache_"}


def test_a_clock_that_was_put_back_keeps_no_release_alive(
    old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    began, heard = redis_client.hget(RELEASES, "@2/").split()
    redis_client.hset(RELEASES, "@2/", b"%s %d" % (began, int(heard) + DAY_MS))
    old.look()
    silence(redis_client, "2")
    assert old.look() == "flask_cache_"


def test_a_full_redis_knows_its_releases(redis_url: str, old: Deployed, redis_client: redis.Redis) -> None:
    redis_client.config_set("maxmemory", 1)
    try:
        new = Site(redis_url, CACHE_RELEASE="2")
        with new.app.app_context():
            new.cache.engine.releases.announces = True
            new.cache.engine.releases.look()
        assert old.look() == "flask_cache_@1/"
    finally:
        redis_client.config_set("maxmemory", 0)


def test_without_redis_the_names_stay_as_they_are(old: Deployed, new: Deployed) -> None:
    old.engine.client.connection_pool.disconnect()
    old.engine.releases._tell.registered_client = redis.Redis(port=1)
    assert old.engine.ask(old.engine.releases.look) is None
    assert old.engine.names.prefix == "flask_cache_@1/"


def test_a_reporter_keeps_its_release_alive_until_it_ends(redis_url: str, redis_client: redis.Redis) -> None:
    site = Site(redis_url, CACHE_RELEASE="1")
    with site.app.app_context():
        reporter = Reporter(site.cache.engine)
        reporter.start()
        assert redis_client.hkeys(RELEASES) == [b"@1/"]
        reporter.stop()
        assert not site.cache.engine.releases.announces
