"""Everything about the jobs at one moment: the command and the console show the same."""

import time
from typing import Any

import msgspec
from flask import current_app

from application.jobs.connecting import connect
from application.jobs.failures import Failures
from application.jobs.long_jobs import runs
from application.jobs.presence import Presence, Running, Worker
from application.jobs.queues import Broker, Later, Queue
from application.jobs.runs import Run
from application.jobs.tasks import HEARTBEAT_KEY, HEARTBEAT_TTL

QUIET = 75.0
"""Seconds after which a heartbeat is late: it comes every 30."""
NO_WORKER = (
    "No worker is running, so no job is done: start ./local_workers.sh, or ./local_run.sh, which runs everything."
)
NO_BEAT = "Beat gives no sign, so nothing that is due by the clock is done: start ./local_beat.sh, or ./local_run.sh."
LATE = "The last heartbeat is late: the workers have more to do than they can, or beat is not running."


class Overview(msgspec.Struct, frozen=True):
    """Times are seconds since 1970, ages are seconds."""

    at: float
    queues: tuple[Queue, ...]
    unacknowledged: int
    oldest_age: float | None
    running: tuple[Running, ...]
    scheduled: tuple[Later, ...]
    workers: tuple[Worker, ...]
    worker_seen: float | None
    heartbeat: float | None
    heartbeat_age: float | None
    long: tuple[Run, ...]
    warnings: tuple[str, ...]


def look() -> Overview:
    """Look at the broker, the workers and the long jobs. Raises `RedisError`."""
    redis: Any = connect(current_app.config["SETTINGS"].broker_url)
    broker, now = Broker(redis), time.time()
    handed = broker.handed()
    workers, running, seen = Presence(redis).read(now)
    beat = redis.get(HEARTBEAT_KEY)
    heartbeat = float(beat) if beat is not None and beat.isdigit() and len(beat) < 12 else None
    return Overview(
        at=now,
        queues=broker.queues(current_app.extensions["celery"].amqp.queues),
        unacknowledged=handed.count,
        oldest_age=None if handed.since is None else max(0.0, now - handed.since),
        running=running,
        scheduled=handed.later,
        workers=workers,
        worker_seen=seen,
        heartbeat=heartbeat,
        heartbeat_age=None if heartbeat is None else max(0.0, now - heartbeat),
        long=runs().latest(),
        warnings=tuple(_warnings(bool(workers), None if heartbeat is None else now - heartbeat)),
    )


def failures() -> Failures:
    """Return the failures of this site."""
    return Failures(connect(current_app.config["SETTINGS"].broker_url))


def _warnings(has_worker: bool, age: float | None) -> list[str]:
    if not has_worker:
        return [NO_WORKER]
    if age is None:
        return [f"{NO_BEAT} (A sign is remembered for {HEARTBEAT_TTL} s.)"]
    return [LATE] if age > QUIET else []
