"""What somebody else wrote into Redis breaks no page of the console."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from application.jobs.connecting import connect
from application.jobs.long_jobs import runs
from application.jobs.tasks import HEARTBEAT_KEY
from tests.controller.markup import Markup

PAGES = ("performance", "cache", "cache/keys", "cache/purges", "database", "jobs", "experiment")
ENDLESS = 1e300


@pytest.fixture
def broker(app: Flask) -> Iterator[Any]:
    client = connect(app.config["SETTINGS"].broker_url)
    yield client
    client.flushdb()


def plant_a_heartbeat(value: bytes) -> Callable[[Any, redis.Redis], object]:
    return lambda broker, _cache: broker.set(HEARTBEAT_KEY, value)


def plant_a_message(broker: Any, _cache: redis.Redis) -> None:
    headers = {"eta": "2099-01-01T00:00:00", "retries": [1], "id": "x", "task": "y"}
    broker.hset("unacked", "tag", msgspec.json.encode([{"headers": headers}, "", ""]))
    broker.zadd("unacked_index", {"tag": time.time()})


def plant_a_run(broker: Any, _cache: redis.Redis) -> None:
    run = {"id": "abcd", "name": "recount-likes", "by": "", "why": "", "began": ENDLESS, "seen": -ENDLESS, "total": 1}
    broker.set("broadsheet:jobs:run:abcd", msgspec.json.encode({**run, "ended": ENDLESS}))
    broker.lpush("broadsheet:jobs:runs", b"\xff", "abcd")


def plant_a_failure(broker: Any, _cache: redis.Redis) -> None:
    broker.zadd("broadsheet:jobs:failures", {b"\xff": time.time(), "abcd": time.time()})
    names = ("key", "name", "id", "args", "error", "message", "traceback", "worker")
    failure = {**dict.fromkeys(names, "abcd"), "kind": "failed", "last": ENDLESS}
    broker.hset("broadsheet:jobs:failure:abcd", mapping={"last": msgspec.json.encode(failure), "first": "inf"})


def plant_a_purge(_broker: Any, cache: redis.Redis) -> None:
    purge = {"at": 10**17, "began": -(10**17), "by": "x", "kind": "changed", "tags": [], "more": 0}
    cache.lpush("broadsheet:purges", msgspec.json.encode({**purge, "keys": 1, "times": 2, "everything": False}))


def plant_counts(_broker: Any, cache: redis.Redis) -> None:
    cache.hset("broadsheet:stats:counts", mapping={"since": "9" * 30, "miss: /": "9" * 5_000})


def plant_a_window(_broker: Any, cache: redis.Redis) -> None:
    now = int(time.time())
    cache.hset(f"broadsheet:perf:hour:{now - now % 300}", mapping={"since": -(2**62)})


def plant_tries(_broker: Any, cache: redis.Redis) -> None:
    line = b'{"at":1,"name":"GET /","off":%s,"status":200,"elapsed":%s,"statements":0}'
    for owner in range(1, 5):
        for off, elapsed in ((b"[]", b"0"), (b'["x"]', b"5"), (b'["y"]', b"1" + b"0" * 400)):
            cache.lpush(f"broadsheet:trial:{owner}", line % (off, elapsed))


PLANTED = {
    **{f"heartbeat {value!r}": plant_a_heartbeat(value) for value in (b"abc", b"nan", b"inf", b"1e300", b"\xff")},
    "message": plant_a_message,
    "run": plant_a_run,
    "failure": plant_a_failure,
    "purge": plant_a_purge,
    "counts": plant_counts,
    "window": plant_a_window,
    "tries": plant_tries,
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_values_break_no_page(operator: FlaskClient, broker: Any, redis_client: redis.Redis, name: str) -> None:
    PLANTED[name](broker, redis_client)
    for page in PAGES:
        answer = operator.get(f"/console/{page}")
        assert answer.status_code == 200, page
        assert Markup(answer.text).faults == [], page
    assert operator.get("/console/jobs/failure?key=abcd").status_code in {200, 404}


def test_lost_runs_are_found_beside_planted_ones(app: Flask, broker: Any, redis_client: redis.Redis) -> None:
    plant_a_run(broker, redis_client)
    assert [run.id for run in runs().latest()] == ["abcd"]
    broker.set("broadsheet:jobs:latest:recount-likes", b"\xff")
    assert runs().start("recount-likes", 1, "root", "").name == "recount-likes"
