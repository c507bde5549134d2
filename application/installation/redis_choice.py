"""Which Redis this installation uses: the one it was given, one of its own or an empty one, or an embedded one."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import redis

from application.caching.connecting import pool_of
from application.config import Settings
from application.installation.ports import is_free
from application.installation.problems import InstallationProblem

MARK = "broadsheet:installation"
"""The key in database 0 that holds the id of the installation to which a server belongs."""

STANDARD_PORT = 6379
_PATIENCE = 1.0


@dataclass(frozen=True)
class RedisChoice:
    """An address, and the port on which the site runs a server of its own for it."""

    url: str
    embedded_port: int | None = None


def choose(given: str | None, previous: str | None, installation_id: str) -> RedisChoice:
    """Choose the Redis of this installation. Raises `InstallationProblem` when the given one does not answer."""
    if given:
        problem = why_silent(given)
        if problem:
            raise InstallationProblem(f"REDIS_URL is {without_password(given)}, and no Redis answers there: {problem}")
        return RedisChoice(given)
    standard = _loopback(STANDARD_PORT)
    # A server of ours may have outlived its site on another port.
    if previous and previous != standard and _belongs_to(previous, installation_id):
        return RedisChoice(previous)
    if _belongs_to(standard, installation_id) or _take_empty(standard, installation_id):
        return RedisChoice(standard)
    port = next(_free_ports())
    return RedisChoice(_loopback(port), embedded_port=port)


def given_address(environ: Mapping[str, str], written: Mapping[str, str]) -> str | None:
    """Return the address that a person set; `REDIS_CHOSEN` says which one the last start wrote by itself."""
    if environ.get("REDIS_URL"):
        return environ["REDIS_URL"]
    url = written.get("REDIS_URL")
    return None if url == written.get("REDIS_CHOSEN") else url


def find_silent(settings: Settings) -> str:
    """Tell in a sentence which of the configured addresses does not answer; empty when all do."""
    for name in ("cache_redis_url", "broker_url", "result_url", "live_redis_url"):
        url = getattr(settings, name)
        problem = why_silent(url)
        if problem:
            setting = f"{name.upper()} (by default from REDIS_URL)"
            return f"{setting} is {without_password(url)}, and no Redis answers there: {problem}"
    return ""


def why_silent(url: str) -> str:
    """Tell why nothing answers at an address; empty when a server does."""
    try:
        with _connect(url) as server:
            server.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return str(error)
    return ""


def without_password(url: str) -> str:
    """Return an address that may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:***@{parts.netloc.rpartition('@')[2]}"))


def _loopback(port: int) -> str:
    return f"redis://127.0.0.1:{port}"


def _connect(url: str) -> "redis.Redis":
    limits = {"socket_timeout": _PATIENCE, "socket_connect_timeout": _PATIENCE, "decode_responses": True}
    return redis.Redis(connection_pool=pool_of(url, retry=None, **limits))


def _belongs_to(url: str, installation_id: str) -> bool:
    try:
        with _connect(url) as server:
            return bool(server.get(MARK) == installation_id)
    except (redis.RedisError, OSError):
        return False


def _take_empty(url: str, installation_id: str) -> bool:
    """Mark a server that holds nothing in any of its databases; two installations may try at once, and one gets it."""
    try:
        with _connect(url) as server:
            if cast("dict[str, Any]", server.info("keyspace")):
                return False
            server.set(MARK, installation_id, nx=True)
            return bool(server.get(MARK) == installation_id)
    except (redis.RedisError, OSError):
        # It wants a password, only reads, is frozen or no Redis at all: a stranger's.
        return False


def _free_ports() -> Iterator[int]:
    yield from filter(is_free, range(STANDARD_PORT, STANDARD_PORT + 100))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    yield port
