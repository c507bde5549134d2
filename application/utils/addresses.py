"""Addresses of servers, as settings have them."""

from urllib.parse import urlsplit, urlunsplit


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself."""
    return host in {"localhost", "127.0.0.1", "::1"}


def redis_database(url: str, number: int) -> str:
    """Point a Redis address without a database at one: `redis://host:6379` becomes `redis://host:6379/1`."""
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss"} or parts.path.strip("/"):
        return url
    return urlunsplit(parts._replace(path=f"/{number}"))
