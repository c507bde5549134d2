"""Values in Redis: conditional stores, invalidation by tag, and a Redis that may die."""

import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from time import sleep
from typing import Any, TypeVar

import msgspec
import redis
from flask import Flask
from flask_caching.backends.base import BaseCache

from application.caching import scripts, signals
from application.caching.breaker import PAUSE, Breaker
from application.caching.codec import FORMAT, JSON, Entry, Seal
from application.caching.connecting import connect, name_epoch
from application.caching.recording import Moment
from application.measuring.timing import span

T = TypeVar("T")
logger = logging.getLogger(__name__)

CONNECTIONS = 32
"""Calls under way at once; a few connections carry thousands of calls a second, hundreds only trouble the server."""
PATIENCE = 1.0
"""Seconds that a call may wait for its turn. A crowd here says nothing about Redis."""
KEYS_PER_TAG = 5_000
TAGS_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a look-up: the moment of it, and the entry with its time to live in ms when there is one."""

    moment: Moment | None
    entry: Entry | None = None
    body: bytes = b""
    pttl: int = 0


NOTHING = Found(None)


class EvictionError(RuntimeError):
    """The server evicts keys that have no lifetime."""


class Stored(Enum):
    """What came of an attempt to store."""

    YES = "stored"
    REFUSED = "something it was made from has changed since"
    UNAVAILABLE = "Redis did not answer, or had no room"


class RedisBackend(BaseCache):
    """Redis as the one tier, shut out by a circuit breaker while it does not answer."""

    def __init__(self, url: str, prefix: str, seal: Seal, default_timeout: int) -> None:
        super().__init__(default_timeout)
        self.prefix = prefix
        self._seal = seal
        self.client: redis.Redis = connect(url)
        self._store = self.client.register_script(scripts.STORE)
        self._turns = threading.BoundedSemaphore(CONNECTIONS)
        # Readers must not keep a writer waiting.
        self._invalidate = connect(url).register_script(scripts.INVALIDATE)
        self.breaker = Breaker(self._recover)
        self._healing = threading.Lock()
        self.rejected = 0

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], _args: list[Any], kwargs: dict[str, Any]) -> "RedisBackend":
        """Build the backend from Flask-Caching's settings."""
        seal = Seal(str(app.config["SECRET_KEY"]), str(config.get("CACHE_RELEASE", "")))
        return cls(config["CACHE_REDIS_URL"], config["CACHE_KEY_PREFIX"], seal, kwargs["default_timeout"])

    # What the engine uses.

    def fetch(self, key: str) -> Found:
        """Look a value up; the moment is read in the same step, so that it is never newer than the value."""
        name = self.prefix + key
        raw: Any = self._ask(lambda: self.client.mget(name, "broadsheet:seq", "broadsheet:epoch"))
        if raw is None:
            return NOTHING
        return self._found(key, raw[0], raw[1], raw[2])

    def fetch_page(self, key: str, encoding: str) -> Found:
        """Look a page up, its body in this encoding."""
        name = self.prefix + key

        def ask() -> list[Any]:
            with self.client.pipeline(transaction=False) as pipe:
                pipe.mget("broadsheet:seq", "broadsheet:epoch")
                pipe.hmget(name, ["page", encoding])
                pipe.pttl(name)
                return pipe.execute(raise_on_error=False)

        raw = self._ask(ask)
        if raw is None or isinstance(raw[0], Exception):
            return NOTHING
        fields = raw[1] if isinstance(raw[1], list) else [b"-", b""]
        found = self._found(key, fields[0], *raw[0])
        if found.entry is None or fields[1] is None:
            return Found(found.moment)
        return Found(found.moment, found.entry, fields[1], max(0, raw[2]))

    def store(
        self,
        key: str,
        moment: Moment,
        value: bytes,
        type_: str,
        tags: Iterable[str],
        timeout: int | None,
        bodies: Mapping[str, bytes] | None = None,
    ) -> Stored:
        """Store the JSON `value`, unless it is out of date by now."""
        kept = tuple(sorted(tags))
        entry = Entry(FORMAT, self._seal.release, moment.epoch, type_, moment.sequence, kept, msgspec.Raw(value))
        sealed = self._seal.close(key, entry)
        fields: list[Any] = [sealed]
        for name, body in (bodies or {}).items():
            fields += [name, body]
        if bodies:
            fields.insert(0, "page")
        ttl = (self.default_timeout if timeout is None else timeout) * 1000 or 10 * 365 * 86_400_000
        arguments: list[Any] = [moment.epoch, moment.sequence, ttl, KEYS_PER_TAG, len(fields), *fields, *kept]
        stored = self._ask(lambda: self._store(keys=[self.prefix + key], args=arguments))
        if stored is None:
            return Stored.UNAVAILABLE
        return Stored.YES if stored == 1 else Stored.REFUSED

    def invalidate(self, tags: Iterable[str]) -> bool:
        """Forget everything made from these tags; False when Redis could not be told.

        It is tried whatever the breaker says, and once more: forgetting twice does no harm.
        """
        arguments: list[Any] = [secrets.token_hex(8), TAGS_REMEMBERED, *sorted(set(tags))]
        for _ in range(2):
            try:
                with span("cache"):
                    self._invalidate(args=arguments)
            except redis.RedisError as error:
                self._note_failure(error)
            else:
                return True
        self._heal()
        return False

    def keys(self, pattern: str = "*") -> Iterator[str]:
        """Walk the keys of values, without blocking Redis."""
        for name in self.client.scan_iter(match=self.prefix + pattern, count=1000):
            yield name.decode()

    # What Flask-Caching's own methods use.

    def get(self, key: str) -> Any:
        """Return the value, or None."""
        entry = self.fetch(key).entry
        return None if entry is None else JSON.decode(entry.value)

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Store a value of JSON's own types. Raises `UncacheableError` for any other."""
        moment = self.fetch(key).moment
        if moment is None:
            return False
        return self.store(key, moment, JSON.encode(value), JSON.name, (), timeout) is Stored.YES

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Store a value unless there is one."""
        return not self.has(key) and self.set(key, value, timeout)

    def has(self, key: str) -> bool:
        """Tell whether there is a value that would be believed."""
        return self.fetch(key).entry is not None

    def delete(self, key: str) -> bool:
        """Forget one key."""
        return bool(self._ask(lambda: self.client.unlink(self.prefix + key)))

    def delete_many(self, *keys: str) -> list[str]:
        """Forget these keys; returns those that were there."""
        return [key for key in keys if self.delete(key)]

    unlink = delete_many

    def clear(self) -> bool:
        """Forget every value, and every computation under way."""

        def ask() -> bool:
            self.client.delete("broadsheet:epoch")
            for name in self.client.scan_iter(match=self.prefix + "*", count=1000):
                self.client.unlink(name)
            return True

        return self._ask(ask) is True

    # Redis may die.

    def _ask(self, call: Callable[[], T]) -> T | None:
        """Run a call that may fail; None when Redis does not answer."""
        if not self.breaker.allows() or not self._turns.acquire(timeout=PATIENCE):
            return None
        try:
            # Those ahead in the line may have found out meanwhile.
            if not self.breaker.allows():
                return None
            with span("cache"):
                return call()
        except redis.RedisError as error:
            self._note_failure(error)
            return None
        finally:
            self._turns.release()

    def _note_failure(self, error: redis.RedisError) -> None:
        """Shut Redis out, and say so once; a full one still answers reads and invalidations."""
        if isinstance(error, redis.ResponseError) and not isinstance(error, redis.exceptions.ReadOnlyError):
            logger.warning("The cache refused: %s", error)
            return
        if self.breaker.is_closed:
            logger.warning("The cache does not answer, so the database does: %s", error)
        self.breaker.trip()

    def _recover(self) -> None:
        self.client.set("broadsheet:probe", 1, px=1000)
        self._refuse_eviction()
        signals.recovering.send(self)

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

    def _heal(self) -> None:
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

    def _found(self, key: str, sealed: bytes | None, sequence: bytes | None, epoch: bytes | None) -> Found:
        if epoch is None:
            # Emptied under our hands: name a new epoch, so that this computation can be stored.
            named = self._ask(lambda: name_epoch(self.client))
            return Found(None if named is None else Moment(named, int(sequence or 0)))
        moment = Moment(epoch.decode(), int(sequence or 0))
        if sealed is None:
            return Found(moment)
        entry = self._opened(key, sealed)
        return Found(moment, entry if entry is not None and entry.epoch == moment.epoch else None)

    def _opened(self, key: str, sealed: bytes) -> Entry | None:
        try:
            entry = self._seal.open(key, sealed)
        except msgspec.MsgspecError:
            entry = None
        self.rejected += entry is None
        return entry
