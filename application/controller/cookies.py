"""The cookies of the site's own: who likes without an account, and two markers that pages' script reads."""

import secrets
from datetime import timedelta

from flask import Response, current_app, request, session
from itsdangerous import BadData, URLSafeTimedSerializer

LIKER = "liker"
HAS_LIKES = "has_likes"
SIGNED_IN = "signed_in"

LIKER_LIFETIME = timedelta(days=365)
VISITOR_BYTES = 16


def read_visitor() -> str | None:
    """Return the visitor id of this browser; None when it has none, or one that we did not sign."""
    signed = request.cookies.get(LIKER)
    if not signed:
        return None
    try:
        visitor_id = _signer().loads(signed, max_age=int(LIKER_LIFETIME.total_seconds()))
    except BadData:
        return None
    return visitor_id if isinstance(visitor_id, str) else None


def new_visitor() -> str:
    """Return an id for a visitor who likes for the first time: 32 hexadecimal digits."""
    return secrets.token_hex(VISITOR_BYTES)


def remember_visitor(response: Response, visitor_id: str) -> None:
    """Give the visitor their signed id, and the marker that lets pages ask for what they like."""
    _set(response, LIKER, _signer().dumps(visitor_id), LIKER_LIFETIME, http_only=True)
    _set(response, HAS_LIKES, "1", LIKER_LIFETIME)


def forget_visitor(response: Response) -> None:
    """Take the visitor's id back, for instance because an account has their likes now."""
    _delete(response, LIKER, HAS_LIKES)


def mark_signed_in(response: Response) -> None:
    """Tell the pages' script that `/me` has something to say, for as long as the session may last."""
    remembered = session.get("_remember") == "set" or "remember_token" in request.cookies
    _set(response, SIGNED_IN, "1", current_app.config["REMEMBER_COOKIE_DURATION"] if remembered else None)


def mark_signed_out(response: Response) -> None:
    """Tell the pages' script that there is nothing personal to fetch."""
    _delete(response, SIGNED_IN)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="broadsheet-liker")


def _set(response: Response, name: str, value: str, lifetime: timedelta | None, *, http_only: bool = False) -> None:
    response.set_cookie(name, value, max_age=lifetime, httponly=http_only, samesite="Lax", secure=_is_secure())


def _delete(response: Response, *names: str) -> None:
    for name in names:
        if name in request.cookies:
            response.delete_cookie(name, samesite="Lax", secure=_is_secure(), httponly=name == LIKER)


def _is_secure() -> bool:
    return bool(current_app.config["SETTINGS"].is_secure or request.is_secure)
