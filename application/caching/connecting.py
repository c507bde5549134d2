"""Connections to Redis that give up quickly, and learn the epoch whenever they are made."""

import secrets
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from application.caching import scripts

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


def name_epoch(client: redis.Redis) -> str:
    """Return the epoch's name, given to it now if it has none."""
    named: bytes = client.eval(scripts.CONNECT, 0, secrets.token_hex(8))  # type: ignore[assignment]
    return named.decode()


def _connected(connection: Any) -> None:
    connection.on_connect()
    connection.send_command("EVAL", scripts.CONNECT, 0, secrets.token_hex(8))
    connection.read_response()
