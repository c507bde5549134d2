"""Calls to a Redis that may die, hang, be full or lose everything: bounded, shut out after a failure, healed behind."""

import logging
import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any, TypeVar

import redis

from application.caching.breaker import PAUSE, Breaker
from application.measuring.timing import span

T = TypeVar("T")
logger = logging.getLogger(__name__)

CONNECTIONS = 32
"""Calls under way at once; a few connections carry thousands of calls a second, hundreds only trouble the server."""
PATIENCE = 10.0
"""Seconds that a call may wait for its turn. A crowd here says nothing about Redis: as soon as that does not answer,
everybody in the line is sent on."""


SAID_AGAIN = 60.0
"""Seconds after which the log repeats what Redis refuses."""


class EvictionError(RuntimeError):
    """The server evicts keys that have no lifetime."""


class Guard:
    """Stands between a process and its Redis; `failed` is called at each failure, `recovered` before it is trusted."""

    def __init__(self, client: redis.Redis, failed: Callable[[], object], recovered: Callable[[], object]) -> None:
        self.client = client
        self.breaker = Breaker(self._recover)
        self._failed = failed
        self._recovered = recovered
        self._turns = threading.BoundedSemaphore(CONNECTIONS)
        self._healing = threading.Lock()
        self._last_words, self._said_at = "", float("-inf")

    def ask(self, call: Callable[[], T], what: str = "ask", of: str = "") -> T | None:
        """Run a call that may fail, timed as `redis <what>`; None when Redis does not answer."""
        if not self.breaker.allows():
            return None
        # Standing in line is a part of what the call costs.
        with span("cache", f"redis {what}", of):
            return self._in_turn(call)

    def _in_turn(self, call: Callable[[], T]) -> T | None:
        if not self._turns.acquire(timeout=PATIENCE):
            return None
        try:
            # Those ahead in the line may have found out meanwhile.
            return call() if self.breaker.allows() else None
        except redis.RedisError as error:
            self.note_failure(error)
            return None
        finally:
            self._turns.release()

    def note_failure(self, error: redis.RedisError) -> None:
        """Shut Redis out, and say so once; a full one still answers reads and invalidations."""
        if isinstance(error, redis.ResponseError) and not isinstance(error, redis.exceptions.ReadOnlyError):
            self.say_at_times(f"The cache refused: {error}")
            return
        if self.breaker.is_closed:
            logger.warning("The cache does not answer, so the database does: %s", error)
        self._failed()
        self.breaker.trip()

    def say_at_times(self, what: str) -> None:
        """Log what comes with every try, and the same again after a minute."""
        if what != self._last_words or monotonic() - self._said_at >= SAID_AGAIN:
            self._last_words, self._said_at = what, monotonic()
            logger.warning(what)

    def check(self) -> None:
        """Look again at what an operator may have changed since the last recovery."""
        if not self.breaker.is_closed:
            return
        try:
            self._refuse_eviction()
        except redis.RedisError as error:
            self.note_failure(error)
        except EvictionError as error:
            self.say_at_times(f"The cache is not used any more: {error}")
            self._failed()
            self.breaker.trip()

    def _recover(self) -> None:
        self.client.set("broadsheet:probe", 1, px=1000)
        self._refuse_eviction()
        self._recovered()

    def _refuse_eviction(self) -> None:
        """Raise where Redis may drop the memory of what changed: then old values would be stored as new."""
        try:
            settings: Any = self.client.config_get("maxmemory-policy")
        except redis.ResponseError:
            # A hosted server that keeps its settings to itself; docs/operations.md says what they must be.
            return
        policy = settings.get("maxmemory-policy", "")
        if policy.startswith("allkeys"):
            raise EvictionError(f"its maxmemory-policy is {policy}; volatile-lru is needed")

    def heal(self) -> None:
        """Keep trying in the background: an invalidation that could not be told must not wait for a reader."""
        if self._healing.acquire(blocking=False):
            threading.Thread(target=self._try_until_healed, name="cache-healing", daemon=True).start()

    def _try_until_healed(self) -> None:
        try:
            self.breaker.trip()
            while not self.breaker.allows():
                sleep(PAUSE / 2)
        finally:
            self._healing.release()
