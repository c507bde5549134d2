"""What every answer says to browsers: what a page may do, and that it is private unless something says otherwise."""

from flask import Flask, Response, current_app

from application.caching.page_cache import is_being_stored
from application.controller.limits import seconds_to_wait
from application.extensions import limiter

# Everything is the site's own: a page makes no request to anybody else, and carries no script or style inside.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "base-uri 'none'",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "manifest-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "worker-src 'self'",
    )
)

FIXED = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "browsing-topics=(), camera=(), geolocation=(), microphone=()",
    # The full address stays on this site; other sites learn its name and no path.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HTTPS_ONLY = "max-age=31536000"


def init_app(app: Flask) -> None:
    """Look at every answer last, after the views' own hooks."""
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Add what is missing; a view's own header stands."""
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    if current_app.config["SETTINGS"].is_secure:
        response.headers.setdefault("Strict-Transport-Security", HTTPS_ONLY)
    if response.status_code == 429 and limiter.current_limit is not None:
        response.headers.setdefault("Retry-After", str(seconds_to_wait()))
    # The page cache says what browsers may keep of the pages that it stores.
    if not (is_being_stored() and response.status_code == 200):
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response
