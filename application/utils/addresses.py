"""Addresses of servers, as settings have them, and of the site's pages, as operators type them."""

from collections.abc import Collection
from urllib.parse import urlsplit, urlunsplit


class NotOursError(ValueError):
    """What was typed is no address of this site; the text says why, in one line."""


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself."""
    return host in {"localhost", "127.0.0.1", "::1"}


def redis_database(url: str, number: int) -> str:
    """Point a Redis address without a database at one: `redis://host:6379` becomes `redis://host:6379/1`."""
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss"} or parts.path.strip("/"):
        return url
    return urlunsplit(parts._replace(path=f"/{number}"))


def own_path(url: str, hosts: Collection[str], site_url: str) -> str:
    """Return the path of an address of this site, and its query. Raises `NotOursError`."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise NotOursError(f"{url} is not an address") from error
    if host is not None and host not in hosts:
        raise NotOursError(f"{url} is not on this site, which is {site_url}")
    if not parts.path.startswith("/") and not (host and not parts.path):
        raise NotOursError(f"{url} is not an address such as / or {site_url}/")
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
