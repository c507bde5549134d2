"""What Flask-Caching asks of a backend, over our store."""

from typing import Any
from urllib.parse import quote

from flask import Flask
from flask_caching.backends.base import BaseCache

from application.caching import signals
from application.caching.codec import JSON, Seal
from application.caching.connecting import BEGIN_ANEW, SENTINEL
from application.caching.leases import Grant, Lease
from application.caching.names import SPARE
from application.caching.policy import seconds
from application.caching.purges import writer
from application.caching.recording import Moment
from application.caching.scripts import HOT
from application.caching.store import RedisStore
from application.caching.storing import Stored, Storing
from application.caching.writing_down import CLEARED


class RedisBackend(RedisStore, BaseCache):
    """Redis behind the memory of the process, shut out by a circuit breaker while it does not answer."""

    def __init__(self, url: str, prefix: str, seal: Seal, default_timeout: int, memory_bytes: int) -> None:
        RedisStore.__init__(self, url, prefix, seal, default_timeout, memory_bytes)
        BaseCache.__init__(self, default_timeout)

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], _args: list[Any], kwargs: dict[str, Any]) -> "RedisBackend":
        """Build the backend from Flask-Caching's settings."""
        seal = Seal(str(app.config["SECRET_KEY"]), str(config.get("CACHE_RELEASE", "")))
        memory_bytes = int(config.get("CACHE_MEMORY_BYTES", 0))
        return cls(_address(config), config["CACHE_KEY_PREFIX"], seal, kwargs["default_timeout"], memory_bytes)

    def get(self, key: str) -> Any:
        """Return the value, or None."""
        entry = self.fetch(key).entry
        return None if entry is None else JSON.decode(entry.value)

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Store a value of JSON's own types. Raises `UncacheableError` for any other."""
        moment = self.fetch(key).moment
        if moment is None:
            return False
        self.memory.drop(key)
        return self._put(key, value, timeout, moment, Lease(key))

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Store a value unless there is one, or somebody is about to store one; of two at once one does."""
        lease = Lease(key)
        found = self.fetch(key, lease)
        try:
            if found.entry is None and not lease.held and self.take(lease) is Grant.GRANTED:
                # What lies there is not believed; another may have replaced it between the look and the lease.
                found = self.fetch(key)
            if found.moment is None or found.entry is not None or not lease.held:
                return False
            return self._put(key, value, timeout, found.moment, lease)
        finally:
            self.release(lease)

    def _put(self, key: str, value: Any, timeout: Any, moment: Moment, lease: Lease) -> bool:
        wish = Storing(key, moment, JSON.encode(value), JSON.name, (), seconds(timeout), lease, lambda: None)
        return self.store(wish) == [Stored.YES]

    def has(self, key: str) -> bool:
        """Tell whether there is a value that would be believed."""
        return self.fetch(key).entry is not None

    def delete(self, key: str) -> bool:
        """Forget one key, in every process, and refuse what is being computed for it; True when it was there."""
        was_there = bool(self.ask(lambda: self.client.exists(self.names.prefix + key)))
        return self.invalidate([f"key/{key}"]) is not None and was_there

    def delete_many(self, *keys: str) -> list[str]:
        """Forget these keys; returns those that were there."""
        return [key for key in keys if self.delete(key)]

    unlink = delete_many

    def clear(self) -> bool:
        """Forget every value, of every release, and every computation under way; hot pages are made again."""

        def ask() -> int:
            gone = 0
            self.client.zrangestore("broadsheet:cold", "broadsheet:heat", HOT, float("inf"), byscore=True)
            self.client.delete("broadsheet:epoch")
            self.client.publish(self.channel, BEGIN_ANEW)
            for name in self.client.scan_iter(match=self.names.base + "*", count=1000):
                gone += int(self.client.unlink(name))  # type: ignore[arg-type] # redis-py: for its other client
            for name in self.client.scan_iter(match=SPARE + "*", count=1000):
                self.client.unlink(name)
            return gone

        self.memory.distrust()
        if (gone := self.ask(ask)) is None:
            return False
        arguments: list[Any] = [0, writer(), gone]
        self.ask(lambda: self.client.eval(CLEARED, *arguments))
        signals.cooled.send(self)
        return True


def _address(config: dict[str, Any]) -> str:
    """Return the address of the server, also from the single settings that Flask-Caching documents."""
    if url := config.get("CACHE_REDIS_URL"):
        return str(url)
    password = config.get("CACHE_REDIS_PASSWORD")
    if sentinels := config.get("CACHE_REDIS_SENTINELS"):
        places = ",".join(f"{host}:{port}" for host, port in sentinels)
        master, database = config.get("CACHE_REDIS_SENTINEL_MASTER") or "mymaster", config.get("CACHE_REDIS_DB") or 0
        return f"{SENTINEL}{f':{quote(password)}@' if password else ''}{places}/{master}?db={database}"
    host = f"{config.get('CACHE_REDIS_HOST') or 'localhost'}:{config.get('CACHE_REDIS_PORT') or 6379}"
    return f"redis://{f':{quote(password)}@' if password else ''}{host}/{config.get('CACHE_REDIS_DB') or 0}"
