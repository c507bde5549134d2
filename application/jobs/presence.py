"""Who works, and at what: each worker says so itself, in the broker's Redis.

Celery's own `inspect` waits a second for every answer, and a worker that is busy with one job at a time gives none.
"""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from redis import Redis

from application.jobs.runs import PREFIX

WORKERS, RUNNING = f"{PREFIX}workers", f"{PREFIX}running"
PRESENT = 15.0
"""Seconds for which a worker is believed to be there after its last sign, which it gives every two."""
LONGEST = 75.0
"""Seconds that a job may be said to run: the time limit, and some."""
KEPT = 24 * 60 * 60
LONGEST_ARGUMENTS = 200


class Worker(msgspec.Struct, frozen=True):
    """A worker; times are seconds since 1970."""

    name: str
    pid: int
    processes: int
    since: float
    seen: float


class Running(msgspec.Struct, frozen=True):
    """A job under way, and the process that is at it; `since` is in seconds since 1970."""

    id: str
    name: str
    args: str
    worker: str
    pid: int
    since: float


class Presence:
    """What the workers of this site say of themselves. Every method raises `RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis

    def show(self, worker: Worker) -> None:
        """Say that a worker is there."""
        self._redis.hset(WORKERS, worker.name, msgspec.json.encode(worker))

    def leave(self, name: str) -> None:
        """Say that a worker has ended."""
        self._redis.hdel(WORKERS, name)

    def begin(self, running: Running) -> None:
        """Say that a process is at a job."""
        self._redis.hset(RUNNING, _process(running.worker, running.pid), msgspec.json.encode(running))

    def end(self, worker: str, pid: int) -> None:
        """Say that a process is at no job any more."""
        self._redis.hdel(RUNNING, _process(worker, pid))

    def read(self, now: float) -> tuple[tuple[Worker, ...], tuple[Running, ...], float | None]:
        """Return the workers that are there, the jobs under way, and when the last worker of all was seen."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(WORKERS)
            pipe.hgetall(RUNNING)
            workers, running = pipe.execute()
        all_workers = sorted(_decoded(workers, Worker).values(), key=lambda worker: worker.name)
        busy = sorted(_decoded(running, Running).values(), key=lambda job: job.since)
        # A worker that does one job after the other in one process shows itself in between only.
        at_work = {job.worker for job in busy if now - job.since < LONGEST}
        there = tuple(one for one in all_workers if now - one.seen < PRESENT or one.name in at_work)
        names = {worker.name for worker in there}
        under_way = tuple(job for job in busy if job.worker in names and now - job.since < LONGEST)
        return there, under_way, max((worker.seen for worker in all_workers), default=None)

    def tidy(self) -> None:
        """Forget workers and jobs of the day before, and what cannot be read."""
        old = time.time() - KEPT
        for key, type_, moment in ((WORKERS, Worker, "seen"), (RUNNING, Running, "since")):
            fields = self._redis.hgetall(key)
            known = _decoded(fields, type_)
            gone = [field for field in fields if field not in known or getattr(known[field], moment) < old]
            if gone:
                self._redis.hdel(key, *gone)


def _process(worker: str, pid: int) -> str:
    return f"{worker}:{pid}"


def _decoded(fields: Mapping[bytes, bytes], type_: type[Any]) -> dict[bytes, Any]:
    found = {}
    for field, value in fields.items():
        try:
            found[field] = msgspec.json.decode(value, type=type_)
        except msgspec.MsgspecError:
            # Of another release.
            continue
    return found
