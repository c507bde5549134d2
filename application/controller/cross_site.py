"""One rule against cross-site requests, in place of tokens: a form on a cached page is the same for everybody.

`Sec-Fetch-Site` is set by the browser and cannot be forged by a page (W3C Fetch Metadata); browsers that do not
send it send `Origin` with every unsafe request (Fetch, section 3.2), and the oldest at least `Referer`.
"""

from urllib.parse import urlsplit

from flask import Flask, abort, current_app, request
from werkzeug.sansio.utils import host_is_trusted

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
OWN_SITE = frozenset({"same-origin", "none"})


def init_app(app: Flask) -> None:
    """Ask the rule before every view."""
    app.before_request(refuse_cross_site_requests)


def refuse_cross_site_requests() -> None:
    """Answer 403 to an unsafe request that another site had a browser send."""
    if request.method in SAFE_METHODS or _is_token_only() or is_from_own_site():
        return
    abort(403, "This was sent from another site, so nothing was done. Please use the page here.")


def is_from_own_site() -> bool:
    """Tell whether one of our own pages, the person themselves, or no browser at all sent this request."""
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        return fetch_site in OWN_SITE
    origin = request.headers.get("Origin")
    if origin is None:
        # Programs send neither.
        origin = request.headers.get("Referer") or None
    return origin is None or _is_own(origin)


def _is_own(origin: str) -> bool:
    """Compare with our own address; `null` and anything without a host is a stranger's."""
    try:
        parts = urlsplit(origin)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or not host:
        return False
    # The port counts: another program on the same machine is another site.
    settings = current_app.config["SETTINGS"]
    if parts.netloc in {request.host, urlsplit(settings.site_url).netloc}:
        return True
    return bool(settings.trusted_hosts) and host_is_trusted(parts.netloc, list(settings.trusted_hosts))


def _is_token_only() -> bool:
    """Tell whether a token alone identifies the caller: a browser does not add one by itself, as it does cookies."""
    header = current_app.config["SECURITY_TOKEN_AUTHENTICATION_HEADER"]
    return header in request.headers and not request.cookies
