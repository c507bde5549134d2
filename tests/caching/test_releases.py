"""Two releases on one Redis: neither takes the other's values away, and a change reaches both."""

import threading
from collections.abc import Callable

import pytest
import redis

from application.caching import PAGES, cooled, keep_warm, refill_cold
from application.caching.leases import Grant, Lease
from application.caching.reporting import Reporter
from tests.caching.deployed import Deployed, new, old, silence, values
from tests.caching.test_tiers import Worker, eventually, outcome, server

__all__ = ["new", "old", "server"]


def test_each_release_keeps_its_own_page_and_values(old: Deployed, new: Deployed, redis_client: redis.Redis) -> None:
    for turn in ("miss", "hit redis", "hit redis"):
        assert (old.page(), new.page()) == (("as it was", turn), ("as it was", turn))
        assert (old.word(), new.word()) == ("as it was", "as it was")
    assert (old.calls, new.calls) == ([1], [1])
    assert values(redis_client) == {
        "flask_cache_view//row/1",
        "flask_cache__row(number=1)",
        "flask_cache_@1/view//row/1",
        "flask_cache_@1/_row(number=1)",
    }


def test_one_release_alone_has_the_names_of_always(old: Deployed, redis_client: redis.Redis) -> None:
    old.page()
    assert values(redis_client) == {"flask_cache_view//row/1", "flask_cache__row(number=1)"}


def forget_the_row(site: Deployed) -> None:
    assert site.cache.invalidate(["row/1"])


def forget_the_function(site: Deployed) -> None:
    site.cache.delete_memoized(site.row)
    site.cache.delete("view//row/1")


def forget_one_result(site: Deployed) -> None:
    site.cache.delete_memoized(site.row, 1)
    site.cache.delete("view//row/1")


def forget_by_key(site: Deployed) -> None:
    assert site.cache.delete("_row(number=1)")
    assert site.cache.delete("view//row/1")


def forget_everything(site: Deployed) -> None:
    assert site.cache.clear()


@pytest.mark.parametrize(
    "forget",
    [forget_the_row, forget_the_function, forget_one_result, forget_by_key, forget_everything],
    ids=lambda forget: str(forget.__name__),
)
@pytest.mark.parametrize("by_the_new", [False, True])
def test_an_edit_by_one_release_is_seen_at_once_by_the_other(
    old: Deployed, new: Deployed, forget: Callable[[Deployed], None], by_the_new: bool
) -> None:
    writer = new if by_the_new else old
    old.page(), new.page()
    for word in ("first", "second"):
        old.table[1] = word
        with writer.app.app_context():
            forget(writer)
        for _ in range(2):
            assert (old.word(), new.word()) == (word, word)
            assert (old.page()[0], new.page()[0]) == (word, word)
        assert (old.page()[1], new.page()[1]) == ("hit redis", "hit redis")


def test_a_value_that_was_forgotten_by_its_key_cannot_be_stored_by_the_other_release(
    old: Deployed, new: Deployed
) -> None:
    found, lease = old.engine.fetch("value"), Lease("value")
    with new.app.app_context():
        new.cache.delete("value")
        assert not old.engine._put("value", "as it was", 50, found.moment, lease)


def test_memory_of_the_other_release_is_told_too(server: object) -> None:
    first = Worker(server, CACHE_RELEASE="1")
    second = Worker(server, CACHE_RELEASE="2")
    second.table = first.table
    for worker in (first, second):
        assert [outcome(worker.get()) for _ in range(2)] == ["miss", "hit process"]
    first.change(1, "by the first")
    eventually(lambda: b"by the first" in second.get().data)
    second.change(1, "by the second")
    eventually(lambda: b"by the second" in first.get().data)


def test_two_releases_do_not_wait_for_each_other(old: Deployed, new: Deployed) -> None:
    for one, other in ((old, new), (new, old)):
        lease = Lease("view//row/1")
        assert one.engine.take(lease) is Grant.GRANTED
        done = threading.Thread(target=other.page)
        done.start()
        done.join(2)
        assert not done.is_alive()
        one.engine.release(lease)
    assert (old.calls, new.calls) == ([1], [1])


def test_a_lease_is_given_back_after_a_change_of_names(old: Deployed, new: Deployed, redis_client: redis.Redis) -> None:
    lease = Lease("view//row/1")
    assert old.engine.take(lease) is Grant.GRANTED
    silence(redis_client, "2")
    assert old.look() == "flask_cache_"
    old.engine.release(lease)
    assert not redis_client.keys("broadsheet:lease:*")


def test_each_release_has_spare_copies_of_its_own(old: Deployed, new: Deployed) -> None:
    old.page(), new.page()
    old.broken = new.broken = True
    with new.app.app_context():
        new.cache.invalidate(["row/1"])
    assert (old.page(), new.page()) == (("as it was", "stale error"), ("as it was", "stale error"))
    with old.app.app_context():
        old.cache.invalidate(["row/1"], "withdrawn")
    assert old.client.get("/row/1").status_code == new.client.get("/row/1").status_code == 500


def test_a_job_makes_the_pages_of_its_own_release_again(
    old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    for site in (old, new):
        for _ in range(5):
            site.page()
        Reporter(site.engine).report()
    with old.app.app_context():
        old.cache.invalidate(["row/1"])
    assert values(redis_client) == set()
    sent: list[object] = []
    with cooled.connected_to(sent.append):
        assert refill_cold(old.app.extensions[PAGES]) == 1
        assert sent == [], "what is left is the other's to make"
    assert values(redis_client) == {"flask_cache_@1/view//row/1", "flask_cache_@1/_row(number=1)"}
    assert refill_cold(new.app.extensions[PAGES]) == 1
    assert (old.page(), new.page()) == (("as it was", "hit redis"), ("as it was", "hit redis"))
    redis_client.delete(*values(redis_client))
    assert (keep_warm(old.app.extensions[PAGES], []), len(values(redis_client))) == (1, 2)


def test_nobody_waits_for_the_pages_of_a_release_that_has_ended(
    old: Deployed, new: Deployed, redis_client: redis.Redis
) -> None:
    redis_client.zadd("broadsheet:cold", {"flask_cache_@1/view//row/1": 5, "flask_cache_@0/view//row/1": 9})
    assert refill_cold(new.app.extensions[PAGES]) == 0
    assert redis_client.zrange("broadsheet:cold", 0, -1) == [b"flask_cache_@1/view//row/1"]
