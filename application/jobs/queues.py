"""What waits at the broker, as kombu's Redis transport keeps it."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from redis import Redis

LOOKED_INTO = 200
"""Messages of each kind that are opened; the numbers are of all."""


class Queue(msgspec.Struct, frozen=True):
    """A queue: how many jobs wait in it, and which those are that come next, by name."""

    name: str
    waiting: int
    next: dict[str, int]


class Later(msgspec.Struct, frozen=True):
    """A job that waits for its time in a worker; `due` is in seconds since 1970, `retries` how often it was tried."""

    id: str
    name: str
    args: str
    due: float
    retries: int


class Handed(msgspec.Struct, frozen=True):
    """How many jobs workers hold that are not done, and since when (seconds since 1970) the first of them."""

    count: int
    since: float | None
    later: tuple[Later, ...]


class Broker:
    """The broker's own keys. Every method raises `RedisError`."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis

    def queues(self, names: Iterable[str]) -> tuple[Queue, ...]:
        """Return the queues of these names."""
        return tuple(self._queue(name) for name in names)

    def handed(self) -> Handed:
        """Return what workers hold."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hlen("unacked")
            pipe.zrange("unacked_index", 0, LOOKED_INTO - 1, withscores=True)
            count, index = pipe.execute()
        tags = [tag for tag, _ in index]
        held = self._redis.hmget("unacked", tags) if tags else []
        found = [_headers(message, place=0) for message in held if message is not None]
        later = [one for headers in found if (one := _later(headers)) is not None and one.due > time.time()]
        return Handed(count, index[0][1] if index else None, tuple(sorted(later, key=lambda one: one.due)))

    def _queue(self, name: str) -> Queue:
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.llen(name)
            # Taken from the right.
            pipe.lrange(name, -LOOKED_INTO, -1)
            waiting, messages = pipe.execute()
        named = Counter(str(_headers(message).get("task", "?")) for message in messages)
        return Queue(name, waiting, dict(named.most_common()))


def _headers(message: bytes, place: int | None = None) -> dict[str, Any]:
    """Return the headers of a message, which may stand in a list beside where it came from."""
    try:
        decoded = msgspec.json.decode(message)
        headers = (decoded if place is None else decoded[place])["headers"]
    except (msgspec.MsgspecError, LookupError, TypeError):
        return {}
    return headers if isinstance(headers, dict) else {}


def _later(headers: dict[str, Any]) -> Later | None:
    try:
        due = datetime.fromisoformat(headers["eta"])
        retries = int(headers.get("retries") or 0)
    except (KeyError, TypeError, ValueError):
        return None
    due = due if due.tzinfo else due.replace(tzinfo=UTC)
    job, name, args = (str(headers.get(name, "")) for name in ("id", "task", "argsrepr"))
    return Later(job, name, args, due.timestamp(), retries)
