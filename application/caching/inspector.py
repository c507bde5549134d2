"""What is in the cache, for an operator."""

from collections.abc import Iterator
from dataclasses import dataclass

from application.caching.backend import RedisBackend


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One stored value: its full name, seconds to live (None: no end) and bytes in Redis."""

    name: str
    ttl: int | None
    size: int


def list_keys(backend: RedisBackend, pattern: str = "*") -> Iterator[KeyLine]:
    """Walk the stored values that match, a batch at a time, without blocking Redis. Raises `redis.RedisError`."""
    names = sorted(backend.keys(pattern))
    for start in range(0, len(names), 500):
        batch = names[start : start + 500]
        with backend.client.pipeline(transaction=False) as pipe:
            for name in batch:
                pipe.pttl(name)
                pipe.memory_usage(name)
            answers = pipe.execute()
        for name, pttl, size in zip(batch, answers[::2], answers[1::2], strict=True):
            # A key may have expired since it was listed.
            if size is not None:
                yield KeyLine(name, None if pttl < 0 else pttl // 1000, size)
