"""Sending jobs from a web process: a bounded queue, and one thread or greenlet that talks to the broker.

A request only leaves a note here, so a broker that is dead or frozen delays no answer.
"""

import atexit
import logging
import os
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from celery import Celery
from flask import current_app
from kombu.exceptions import OperationalError
from redis import RedisError

logger = logging.getLogger(__name__)

CAPACITY = 1000
INTERVAL = 1.0
"""Seconds between two sends of the same task with the same arguments."""
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 5.0
FAREWELL = 0.5
"""Seconds that the end of a process may be held up by jobs not yet sent."""
SOCKET_TIMEOUT = 0.5

BROKER_AWAY = (OperationalError, RedisError, OSError)

Job = tuple[str, tuple[object, ...]]
Publish = Callable[[str, tuple[object, ...]], None]


def send(task_name: str, *args: object) -> None:
    """Have a task run soon, at least once more after now. Never waits and never raises."""
    dispatcher: Dispatcher = current_app.extensions["dispatcher"]
    dispatcher.send(task_name, *args)


class Publisher:
    """Publish over a connection of its own, whose time-outs are too short for a worker's blocking reads."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._producer: Any = self._connect()
        # Celery loads its parts when they are first used: 60 ms in which a gevent worker would answer nobody.
        transport = self._producer.connection.transport
        self._parts = (transport, celery.backend, celery.amqp.router, celery.events.Dispatcher)

    def __call__(self, task_name: str, args: tuple[object, ...]) -> None:
        """Send one job; raises whatever the broker's client raises, within about a second."""
        try:
            if self._producer is None:
                self._producer = self._connect()
            self._celery.send_task(task_name, args=args, producer=self._producer, retry=False, ignore_result=True)
        except Exception:
            # A connection that timed out may still get its answer, which the next send would take for its own.
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.connection.release()

    def _connect(self) -> Any:
        limits = {"socket_timeout": SOCKET_TIMEOUT, "socket_connect_timeout": SOCKET_TIMEOUT, "max_retries": 0}
        connection = self._celery.connection_for_write(transport_options=limits)
        return self._celery.amqp.Producer(connection, auto_declare=False)


class Dispatcher:
    """A queue that holds each job once, and sends each at most once per interval."""

    def __init__(self, publish: Publish, capacity: int = CAPACITY, interval: float = INTERVAL) -> None:
        self._publish = publish
        self._capacity = capacity
        self._interval = interval
        self._begin()
        _dispatchers.add(self)

    def send(self, task_name: str, *args: object) -> None:
        """Note a job; equal ones that still wait become one, and the oldest falls out of a full queue."""
        if self._process != os.getpid():
            self._begin()
        job = (task_name, args)
        with self._changed:
            if job in self._waiting:
                return
            if len(self._waiting) >= self._capacity:
                self._drop_oldest()
            self._waiting[job] = max(time.monotonic(), self._sent.get(job, -self._interval) + self._interval)
            self._start_thread()
            self._changed.notify()

    def flush(self, seconds: float = FAREWELL) -> None:
        """End: send what waits, without regard to the interval, for so long at most."""
        if self._process != os.getpid():
            return
        with self._changed:
            thread, self._leaving = self._thread, True
            self._changed.notify()
        if thread is not None:
            thread.join(seconds)

    def __len__(self) -> int:
        return len(self._waiting)

    def _begin(self) -> None:
        # Again in each forked process: its parent's lock may be held there, and its parent's thread is not here.
        self._process = os.getpid()
        self._changed = threading.Condition(threading.Lock())
        self._waiting: OrderedDict[Job, float] = OrderedDict()
        self._sent: OrderedDict[Job, float] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._leaving = False
        self.dropped = 0

    def _start_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)
            self._thread.start()

    def _drop_oldest(self) -> None:
        (task_name, args), _ = self._waiting.popitem(last=False)
        self.dropped += 1
        # At powers of two, so that a flood is told in a handful of lines.
        if self.dropped & (self.dropped - 1) == 0:
            logger.warning("the queue of jobs is full; %d dropped so far, now %s%r", self.dropped, task_name, args)

    def _run(self) -> None:
        backoff = FIRST_BACKOFF
        while (job := self._next()) is not None:
            if self._try(job):
                backoff = FIRST_BACKOFF
            elif self._leaving:
                return
            else:
                time.sleep(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF)

    def _next(self) -> Job | None:
        """Wait for the first job whose time has come, and take it out; None when the process ends."""
        with self._changed:
            while self._waiting or not self._leaving:
                now = time.monotonic()
                job = min(self._waiting, key=self._waiting.__getitem__, default=None)
                if job is not None and (self._leaving or self._waiting[job] <= now):
                    # Taken out before it is sent: what is noted from now on is sent again, later.
                    del self._waiting[job]
                    self._remember(job, now)
                    return job
                self._changed.wait(None if job is None else self._waiting[job] - now)
        return None

    def _remember(self, job: Job, now: float) -> None:
        self._sent[job] = now
        self._sent.move_to_end(job)
        while next(iter(self._sent.values())) <= now - self._interval:
            self._sent.popitem(last=False)

    def _try(self, job: Job) -> bool:
        """Send a job; False when the broker did not take it, and the job waits again."""
        task_name, args = job
        try:
            self._publish(task_name, args)
        except BROKER_AWAY as error:
            logger.warning("the job %s%r could not be sent, trying again: %s", task_name, args, error)
            with self._changed:
                self._waiting.setdefault(job, time.monotonic())
            return False
        except Exception:
            # A job that cannot be sent at all must not end this thread, nor stand in the way of others.
            logger.exception("the job %s%r cannot be sent", task_name, args)
        return True


_dispatchers: "weakref.WeakSet[Dispatcher]" = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    for dispatcher in list(_dispatchers):
        dispatcher.flush()
