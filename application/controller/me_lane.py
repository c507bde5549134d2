"""The lane of `/me`, which each page of a signed-in reader asks for: neither the page cache nor Flask is entered.

Flask and what its extensions do before and after every view took twice as long as the answer itself. What is not the
plain case (another sign-in than by session, a wrong argument, a cookie to be set) is left to the view in `me`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from werkzeug.sansio.http import parse_cookie
from werkzeug.sansio.utils import host_is_trusted

from application.controller.cookies import SIGNED_IN, read_visitor
from application.controller.headers import FIXED, HTTPS_ONLY
from application.controller.me import told_of
from application.data import data_access
from application.data.errors import FAILURES
from application.measuring.timing import note, note_route, span
from application.utils import session_cookie, session_keys
from application.utils.ids import parse_id
from application.utils.session_keys import SessionKey

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH, VIEW = "/me", "me.me"
OUTCOME = "bypass view"
"""What the page cache says of a view that is not to be cached; this stands before it, and saves it the question."""
_ASKED = re.compile(r"(?:article=([0-9]+))?", re.ASCII)
_TO_BE_RENEWED = frozenset({"_permanent", "_remember"})
"""A session with one of these has a cookie set with each answer."""


class MeLane:
    """WSGI: answer a plain `GET /me`, or pass the request on."""

    def __init__(self, app: Flask, inner: "WSGIApplication") -> None:
        self.app = app
        self.inner = inner
        kept = app.session_interface
        self._signer = kept.get_signing_serializer(app) if isinstance(kept, SecureCookieSessionInterface) else None
        config = app.config
        self._cookie = str(config["SESSION_COOKIE_NAME"])
        self._remembered = str(config.get("REMEMBER_COOKIE_NAME", "remember_token"))
        token = str(config["SECURITY_TOKEN_AUTHENTICATION_HEADER"]).upper().replace("-", "_")
        self._not_plain = ("HTTP_AUTHORIZATION", f"HTTP_{token}")
        self._headers = [("Content-Type", "application/json"), *FIXED.items()]
        if config["SETTINGS"].is_secure:
            self._headers.append(("Strict-Transport-Security", HTTPS_ONLY))
        self._headers += [("Cache-Control", "private, no-store"), ("Vary", "Cookie"), ("X-Cache", OUTCOME)]

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] != PATH or (body := self._answer(environ)) is None:
            return self.inner(environ, start_response)
        note_route(PATH)
        note("cache", OUTCOME)
        start_response("200 OK", [*self._headers, ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: "WSGIEnvironment") -> bytes | None:
        asked = _ASKED.fullmatch(environ.get("QUERY_STRING", ""))
        if asked is None or environ["REQUEST_METHOD"] != "GET" or any(name in environ for name in self._not_plain):
            return None
        if not host_is_trusted(environ.get("HTTP_HOST"), self.app.config["TRUSTED_HOSTS"]):
            return None
        article_id = parse_id(asked[1])
        cookies = parse_cookie(environ.get("HTTP_COOKIE"))
        if (article_id is None and asked[1] is not None) or self._remembered in cookies:
            return None
        session = session_cookie.read(self._signer, cookies.get(self._cookie), self.app.permanent_session_lifetime)
        if not _TO_BE_RENEWED.isdisjoint(session):
            return None
        return self._told(session_keys.read(session.get("_user_id")), cookies, article_id)

    def _told(self, key: SessionKey | None, cookies: Mapping[str, str], article_id: int | None) -> bytes | None:
        """Return the answer's body.

        None for the view to answer: the reader's browser says that they are signed in and they are not, or the
        database fails, which the view meets too, and says with a page.
        """
        with span("view", VIEW), self.app.app_context():
            try:
                mine = data_access.get_mine(key, read_visitor(cookies), article_id)
            except FAILURES:
                return None
            if mine.name is None and SIGNED_IN in cookies:
                return None
            return self.app.json.dumps(told_of(mine), separators=(",", ":")).encode() + b"\n"
