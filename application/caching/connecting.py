"""Connections to Redis that give up quickly, and learn the epoch whenever they are made."""

import re
import secrets
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from application.caching import scripts
from application.caching.recording import Moment

SENTINEL = "redis+sentinel://"
TIMEOUT = 0.25
"""Seconds that a call may take, half a second at worst for connecting and asking."""


def pool_of(url: str, **limits: Any) -> redis.ConnectionPool:
    """Return a pool of connections to a server, or to whichever is the master that some sentinels name.

    `redis+sentinel://[user:password@]host:port,host:port/master[?db=number]`: user and password are the servers'. Read
    from the master alone: a replica may lag behind, and would show a reader what an editor has just changed.
    """
    if not url.startswith(SENTINEL):
        return redis.ConnectionPool.from_url(url, **limits)
    parts = urlsplit(url)
    credentials, _, places = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    addresses = [(host, int(port or 26379)) for host, _, port in (place.partition(":") for place in places.split(","))]
    known = {"username": unquote(user) or None, "password": unquote(password) or None}
    database = int(parse_qs(parts.query).get("db", ["0"])[0])
    asking = {name: limits[name] for name in ("socket_connect_timeout", "retry") if name in limits}
    sentinel = Sentinel(addresses, sentinel_kwargs={"socket_timeout": TIMEOUT, **asking})  # type: ignore[no-untyped-call]
    return SentinelConnectionPool(parts.path.strip("/"), sentinel, db=database, **known, **limits)  # type: ignore[no-untyped-call]


def connect(url: str) -> redis.Redis:
    """Return a client that gives up quickly, and learns the epoch whenever it connects."""
    pool = pool_of(
        url,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 0),
        redis_connect_func=_connected,
    )
    return redis.Redis(connection_pool=pool)


def connect_for_pushes(url: str) -> redis.Redis:
    """Return a client for subscribing, which does not take silence for a failure."""
    pool = pool_of(url, socket_timeout=None, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0))
    return redis.Redis(connection_pool=pool)


def read_moment(client: redis.Redis) -> Moment:
    """Return where the order of things stands; an epoch without a name is given one."""
    answer: Any = client.eval(scripts.CONNECT, 0, secrets.token_hex(8))
    epoch, sequence = answer
    return Moment(epoch.decode(), int(sequence))


BEGIN_ANEW = '["", 0, []]'
"""A push of no epoch: whoever listens is out of step, and begins anew."""


_DAMAGE = re.compile("WRONGTYPE|DAMAGED|overflow|not an integer|not a valid float|attempt to ")


def is_damage(error: object) -> bool:
    """Tell whether Redis refused since something stands there that is none of ours."""
    return isinstance(error, redis.ResponseError) and _DAMAGE.search(str(error)) is not None


def begin_order_anew(client: redis.Redis, channel: str, tags: Iterable[str] = ()) -> Moment:
    """Forget the order of changes, name another epoch, and have every process that listens begin anew.

    What stands in the way, among the lists of these tags too, is taken away.
    """
    client.eval(scripts.ANEW, 0, *tags)
    moment = read_moment(client)
    client.publish(channel, BEGIN_ANEW)
    return moment


def push_channel(client: redis.Redis) -> str:
    """Name the channel of this database: channels are shared by all databases of a server."""
    return f"broadsheet:pushes:{client.connection_pool.connection_kwargs.get('db', 0)}"


def _connected(connection: Any) -> None:
    connection.on_connect()
    connection.send_command("EVAL", scripts.CONNECT, 0, secrets.token_hex(8))
    connection.read_response()
