"""Requests that have nothing to do with a session, and so must not look as if they had."""

from flask import Flask, current_app, request
from flask.globals import request_ctx

SHARED = frozenset({"static", "pages.robots", "pages.favicon", "pages.hello", "live.stream"})


def init_app(app: Flask) -> None:
    """Look at each request before its view."""
    app.before_request(do_without_session)


def do_without_session() -> None:
    """Give what is the same for everybody an empty session that is never stored; also an address that nothing is at.

    Flask-Login looks into the session after every view, which makes an answer `Vary: Cookie`.
    """
    if request.endpoint is None or request.endpoint in SHARED:
        # Flask has no public setter.
        request_ctx._session = current_app.session_interface.make_null_session(current_app)
