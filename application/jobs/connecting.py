"""The broker's Redis, for what jobs keep there beside Celery's own."""

from functools import lru_cache

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT = 0.5


@lru_cache(maxsize=8)
def connect(url: str) -> Redis:
    """Return a client that waits for half a second at most, and tries once."""
    retry = Retry(NoBackoff(), 0)
    return Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=retry)
