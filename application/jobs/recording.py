"""What workers note of themselves and of their jobs. None of it may hold up a job, or break one."""

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded
from celery.signals import (
    heartbeat_sent,
    task_failure,
    task_postrun,
    task_prerun,
    task_retry,
    worker_ready,
    worker_shutdown,
)
from redis import Redis, RedisError

from application.jobs.connecting import connect
from application.jobs.failures import Failures, Kind
from application.jobs.presence import LONGEST_ARGUMENTS, Presence, Running, Worker

logger = logging.getLogger(__name__)
_ready: dict[str, Worker] = {}
"""This process, if it is a worker's main one."""


@contextmanager
def telling() -> Iterator[Redis]:
    """Give the broker's Redis; where it is away, nothing is noted."""
    try:
        yield connect(current_app.flask_app.config["SETTINGS"].broker_url)
    except RedisError as error:
        logger.warning("what this worker does is not noted: %s", error)


def note_failure(kind: Kind, job: tuple[str, str, Sequence[Any]], error: BaseException, worker: str) -> None:
    """Note that a job went wrong."""
    with telling() as redis:
        Failures(redis).note(kind, job, error, worker)


@task_prerun.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _begin(task_id: str, task: Any, args: Sequence[Any], **_more: object) -> None:
    written = msgspec.json.encode(args, enc_hook=repr).decode()[:LONGEST_ARGUMENTS]
    with telling() as redis:
        Presence(redis).begin(Running(task_id, task.name, written, _worker(task), os.getpid(), time.time()))


@task_postrun.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _end(task: Any, **_more: object) -> None:
    with telling() as redis:
        Presence(redis).end(_worker(task), os.getpid())


@task_failure.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _fail(sender: Any, task_id: str, exception: BaseException, args: Sequence[Any], **_more: object) -> None:
    too_long = isinstance(exception, SoftTimeLimitExceeded | TimeLimitExceeded)
    note_failure("too long" if too_long else "failed", (sender.name, task_id, args), exception, _worker(sender))


@task_retry.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _retry(sender: Any, request: Any, reason: Any, **_more: object) -> None:
    error = getattr(reason, "exc", None) or reason
    note_failure("retried", (sender.name, request.id, request.args), error, _worker(sender))


@worker_ready.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _arrive(sender: Any, **_more: object) -> None:
    name, now = sender.hostname, time.time()
    _ready[name] = Worker(name, os.getpid(), sender.pool.num_processes, now, now)
    _show(name)


@heartbeat_sent.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _beat(sender: Any, **_more: object) -> None:
    _show(sender.eventer.hostname)


@worker_shutdown.connect  # type: ignore[untyped-decorator]  # celery ships no types
def _leave(sender: Any, **_more: object) -> None:
    _ready.pop(sender.hostname, None)
    with telling() as redis:
        Presence(redis).leave(sender.hostname)


def _show(name: str) -> None:
    """Say that this worker is there; its first heartbeat comes before it is ready."""
    if name in _ready:
        with telling() as redis:
            Presence(redis).show(msgspec.structs.replace(_ready[name], seen=time.time()))


def _worker(task: Any) -> str:
    return str(task.request.hostname or "")
