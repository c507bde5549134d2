"""The push channel of a process: applies what others invalidate, and knows when it has gone deaf."""

import json
import logging
import threading
from collections import deque
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import redis

from application.caching.memory import LONGEST_SILENCE

if TYPE_CHECKING:
    from application.caching.backend import RedisBackend

logger = logging.getLogger(__name__)

PING_EVERY = 0.25
"""Seconds between two questions whether the channel is alive."""
PAUSE = 0.1


class OutOfStepError(RuntimeError):
    """A push is missing, or belongs to another epoch."""


class Listener:
    """One subscription a process, in a thread of its own; fills no memory, only empties it."""

    def __init__(self, backend: "RedisBackend") -> None:
        self.backend = backend
        self.memory = backend.memory
        self._asked: deque[float] = deque()
        self._breaks = 0
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._run, name="cache-pushes", daemon=True).start()

    def stop(self) -> None:
        """Listen no more, and believe nothing that is in memory."""
        self._ended.set()
        self.memory.distrust()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._listen()
            except (redis.RedisError, OSError, OutOfStepError, ValueError) as error:
                logger.debug("the push channel begins again: %s", error)
            self.memory.distrust()
            sleep(PAUSE)

    def _listen(self) -> None:
        """Subscribe, learn where things stand, and apply pushes until something goes wrong."""
        with self.backend.push_client.pubsub() as pubsub:  # type: ignore[no-untyped-call] # redis-py
            pubsub.subscribe(self.backend.channel)
            self._asked.clear()
            self._begin()
            asked_at = 0.0
            while not self._ended.is_set():
                now = monotonic()
                if now - asked_at >= PING_EVERY:
                    asked_at = now
                    self._asked.append(now)
                    pubsub.ping()
                message = pubsub.get_message(timeout=max(0.001, asked_at + PING_EVERY - now))
                if message is not None:
                    self._take(message)
                elif self._asked and now - self._asked[0] > LONGEST_SILENCE:
                    raise OutOfStepError("no answer")

    def _begin(self) -> None:
        """Read the order of things after subscribing, so that no push falls between the two."""
        self._breaks = self.memory.breaks
        if not self.backend.breaker.allows():
            raise OutOfStepError("the cache is shut")
        moment = self.backend.read_moment()
        if moment is None:
            raise OutOfStepError("no moment")
        self.memory.reset(moment.epoch, moment.sequence)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "message":
            epoch, sequence, tags = json.loads(message["data"])
            if not self.memory.apply(epoch, sequence, tags):
                raise OutOfStepError("a push is missing")
        elif message["type"] == "pong" and self._asked:
            asked = self._asked.popleft()
            if monotonic() - asked > LONGEST_SILENCE:
                # A server that was frozen: what writers could not tell it meanwhile has to be told first.
                self.backend.breaker.trip()
                raise OutOfStepError("the server was frozen")
            if self.memory.breaks != self._breaks:
                # It answers this, and yet it refused something or took too long: a change may be untold.
                raise OutOfStepError("Redis has failed meanwhile")
            # Everything pushed before the question has been applied by now; of later pushes nothing is known.
            self.memory.heard_at = asked
