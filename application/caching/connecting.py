"""Connections to Redis that give up quickly, and learn the epoch whenever they are made."""

import secrets
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from application.caching import scripts
from application.caching.recording import Moment

TIMEOUT = 0.25
"""Seconds that a call may take, half a second at worst for connecting and asking."""


def connect(url: str) -> redis.Redis:
    """Return a client that gives up quickly, and learns the epoch whenever it connects."""
    pool = redis.ConnectionPool.from_url(
        url,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        redis_connect_func=_connected,
    )
    return redis.Redis(connection_pool=pool)


def connect_for_pushes(url: str) -> redis.Redis:
    """Return a client for subscribing, which does not take silence for a failure."""
    pool = redis.ConnectionPool.from_url(
        url, socket_timeout=None, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
    )
    return redis.Redis(connection_pool=pool)


def read_moment(client: redis.Redis) -> Moment:
    """Return where the order of things stands; an epoch without a name is given one."""
    answer: Any = client.eval(scripts.CONNECT, 0, secrets.token_hex(8))
    epoch, sequence = answer
    return Moment(epoch.decode(), int(sequence))


def push_channel(client: redis.Redis) -> str:
    """Name the channel of this database: channels are shared by all databases of a server."""
    return f"broadsheet:pushes:{client.connection_pool.connection_kwargs.get('db', 0)}"


def _connected(connection: Any) -> None:
    connection.on_connect()
    connection.send_command("EVAL", scripts.CONNECT, 0, secrets.token_hex(8))
    connection.read_response()
