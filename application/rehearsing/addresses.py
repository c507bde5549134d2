"""Addresses of the site, as an operator types them."""

from urllib.parse import urlsplit

from application.config import Settings
from application.rehearsing.site import RehearsalError


def path_of(url: str, settings: Settings) -> str:
    """Return the path of an address of this site, and its query. Raises `RehearsalError`."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError as error:
        raise RehearsalError(f"{url} is not an address") from error
    if host is not None and host not in settings.hosts:
        raise RehearsalError(f"{url} is not on this site, which is {settings.site_url}")
    if not parts.path.startswith("/") and not (host and not parts.path):
        raise RehearsalError(f"{url} is not an address such as / or {settings.site_url}/")
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
