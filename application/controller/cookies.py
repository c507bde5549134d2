"""The cookies of the site's own: who likes without an account, and two markers that pages' script reads."""

import secrets
from collections.abc import Mapping
from datetime import timedelta

from flask import Response, current_app, request, session
from itsdangerous import BadData, URLSafeTimedSerializer

from application.measuring import trials

LIKER = "liker"
HAS_LIKES = "has_likes"
SIGNED_IN = "signed_in"
KEPT_WORDS = "kept_words"
HTTP_ONLY = frozenset({LIKER, KEPT_WORDS, trials.COOKIE})

LIKER_LIFETIME = timedelta(days=365)
KEPT_WORDS_LIFETIME = timedelta(days=1)
VISITOR_BYTES = 16


def read_visitor(cookies: Mapping[str, str] | None = None) -> str | None:
    """Return the visitor id of this browser; None when it has none, or one that we did not sign."""
    return _read(request.cookies if cookies is None else cookies, LIKER, LIKER_LIFETIME)


def new_visitor() -> str:
    """Return an id for somebody without an account: 32 hexadecimal digits."""
    return secrets.token_hex(VISITOR_BYTES)


def remember_visitor(response: Response, visitor_id: str) -> None:
    """Give the visitor their signed id, and the marker that lets pages ask for what they like."""
    _set(response, LIKER, _signer(LIKER).dumps(visitor_id), LIKER_LIFETIME, http_only=True)
    _set(response, HAS_LIKES, "1", LIKER_LIFETIME)


def forget_visitor(response: Response) -> None:
    """Take the visitor's id back, for instance because an account has their likes now."""
    _delete(response, LIKER, HAS_LIKES)


def read_holder() -> str | None:
    """Return the key under which words of this browser are kept; None when it has none, or one that we did not sign."""
    return _read(request.cookies, KEPT_WORDS, KEPT_WORDS_LIFETIME)


def remember_holder(response: Response, holder: str) -> None:
    """Give the browser that key, signed, for as long as the words are kept."""
    _set(response, KEPT_WORDS, _signer(KEPT_WORDS).dumps(holder), KEPT_WORDS_LIFETIME, http_only=True)


def forget_holder(response: Response) -> None:
    """Take the key back: an account has the words now."""
    _delete(response, KEPT_WORDS)


def begin_trial(response: Response, token: str) -> None:
    """Let an operator's requests be made without some of the caching."""
    _set(response, trials.COOKIE, token, timedelta(seconds=trials.LASTS), http_only=True)


def end_trial(response: Response) -> None:
    """Serve the operator as everybody again."""
    _delete(response, trials.COOKIE)


def mark_signed_in(response: Response) -> None:
    """Tell the pages' script that `/me` has something to say, for as long as the session may last."""
    remembered = session.get("_remember") == "set" or "remember_token" in request.cookies
    _set(response, SIGNED_IN, "1", current_app.config["REMEMBER_COOKIE_DURATION"] if remembered else None)


def mark_signed_out(response: Response) -> None:
    """Tell the pages' script that there is nothing personal to fetch."""
    _delete(response, SIGNED_IN, trials.COOKIE)


def _read(cookies: Mapping[str, str], name: str, lifetime: timedelta) -> str | None:
    signed = cookies.get(name)
    if not signed:
        return None
    try:
        value = _signer(name).loads(signed, max_age=int(lifetime.total_seconds()))
    except BadData:
        return None
    return value if isinstance(value, str) else None


def _signer(name: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=f"broadsheet-{name}")


def _set(response: Response, name: str, value: str, lifetime: timedelta | None, *, http_only: bool = False) -> None:
    response.set_cookie(name, value, max_age=lifetime, httponly=http_only, samesite="Lax", secure=_is_secure())


def _delete(response: Response, *names: str) -> None:
    for name in names:
        if name in request.cookies:
            response.delete_cookie(
                name, samesite="Lax", secure=_is_secure(), httponly=name in {LIKER, KEPT_WORDS, trials.COOKIE}
            )


def _is_secure() -> bool:
    return bool(current_app.config["SETTINGS"].is_secure or request.is_secure)
