"""How often somebody may guess a secret.

Guesses are counted by account and network together, so that a stranger's do not shut out the owner who comes from
elsewhere. A browser in which the owner has signed in before is counted by itself (OWASP calls it a device cookie), so
that not even a stranger in the same network can; all that do not have it share one more count for each account, so
that many networks are worth no more than a few. All that comes from one address has a limit of its own. What was right
is not counted.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import wraps
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from flask import Response, current_app, g, make_response, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user
from itsdangerous import BadData, URLSafeTimedSerializer

from application.controller.account_rules import fold_identity
from application.controller.limits import OF_NETWORK, in_its_form
from application.extensions import limiter

View = Callable[..., ResponseReturnValue]

KNOWN_DEVICE = "known_device"
KNOWN_FOR = timedelta(days=365)

GUESS_LIMIT = "10/10 minutes;60/day"
CODE_LIMIT = "5/5 minutes;30/day"
LETTER_LIMIT = "5/10 minutes;20/day"
# The one who guesses codes has the password already, and may have many addresses.
CODES_PER_ACCOUNT = "100/day"
# All the strangers to an account share this: guessers who have many networks shut out each other. The owner who has
# no known browser at hand waits with them for an hour.
STRANGERS_LIMIT = "100/hour;300/day"
# Guessing passwords must be slow, an office arriving in the morning must not.
ADDRESS_LIMIT = "120/minute;1200/hour"

FROM_HERE = (
    "What was tried for this account was wrong too often, from your network. If it is yours: "
    "a browser in which you have signed in before still works here, and so does another network."
)
FROM_THIS_BROWSER = "What was tried for this account was wrong too often, in this browser."
FROM_EVERYWHERE = (
    "What was tried for this account was wrong too often, from many networks. If it is yours: "
    "a browser in which you have signed in before still works."
)
LETTERS = "Letters to this address were asked for often enough, from your network."

_GUESS = "guess"


def client_address() -> str:
    """Name who sends this: an IPv4 address, or the network of an IPv6 one, which has billions of addresses."""
    return _network(32, 64)


def guesser() -> str:
    """Name who guesses at which account: a device that the account knows, or a network."""
    account = _account()
    device = _device_of(account)
    return f"{_GUESS}/{device or _network(24, 48)}/{account}"


def guessed_account() -> str:
    """Name the account that somebody guesses at, from wherever."""
    return f"{_GUESS}/any/{_account()}"


def is_known_device() -> bool:
    """Tell whether the owner of the account in question has signed in with this browser before."""
    return _device_of(_account()) is not None


def limit_passwords(view: View) -> View:
    """Limit the passwords that may be tried in a view."""
    by_network = limiter.limit(
        GUESS_LIMIT, key_func=guesser, methods=["POST"], exempt_when=_is_nobodys, error_message=_too_many_tries
    )
    by_account = limiter.shared_limit(
        STRANGERS_LIMIT,
        "passwords",
        key_func=guessed_account,
        methods=["POST"],
        exempt_when=_is_no_stranger,
        error_message=FROM_EVERYWHERE,
    )
    return in_its_form(limit_address(by_account(by_network(_forgiving(view)))), view)


def limit_letters(view: View) -> View:
    """Limit the letters that may be asked for, whether or not the address has an account."""
    by_network = limiter.limit(
        LETTER_LIMIT, key_func=guesser, methods=["POST"], exempt_when=_is_nobodys, error_message=LETTERS
    )
    return in_its_form(limit_address(by_network(view)), view)


def limit_codes(view: View) -> View:
    """Limit the codes of a second factor that may be tried in views, all of them together."""
    by_network = limiter.shared_limit(
        CODE_LIMIT, "codes", key_func=guesser, methods=["POST"], error_message=_too_many_tries
    )
    by_account = limiter.shared_limit(
        CODES_PER_ACCOUNT,
        "codes",
        key_func=guessed_account,
        methods=["POST"],
        exempt_when=is_known_device,
        error_message=FROM_EVERYWHERE,
    )
    return in_its_form(limit_address(by_account(by_network(_forgiving(view)))), view)


def limit_address(view: View) -> View:
    """Limit what one address may send to a view."""
    return limiter.limit(ADDRESS_LIMIT, key_func=client_address, methods=["POST"], error_message=OF_NETWORK)(view)


def was_right() -> None:
    """Say that what this request tried was right."""
    g.was_right = True


def name_device(user: Any) -> str:
    """Return a cookie's value that lets a browser count for itself when somebody tries to sign in to this account."""
    names = [digest(name) for name in (user.email, user.username, user.fs_uniquifier) if name]
    return str(_signer().dumps([secrets.token_hex(8), *names]))


def know_device(response: Response, value: str) -> None:
    """Give the browser that cookie."""
    secure = bool(current_app.config["SETTINGS"].is_secure or request.is_secure)
    response.set_cookie(KNOWN_DEVICE, value, max_age=KNOWN_FOR, httponly=True, samesite="Lax", secure=secure)


def _forgiving(view: View) -> View:
    """Take a guess that was right out of the count."""

    @wraps(view)
    def tried(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        response = make_response(view(*args, **kwargs))
        if g.pop("was_right", False):
            # Where the counts cannot be reached this one stays, for some minutes.
            with suppress(Exception):
                for limit in limiter.current_limits:
                    if any(part.startswith(f"{_GUESS}/") for part in limit.request_args):
                        limiter.limiter.clear(limit.limit, *limit.request_args)
        return response

    return tried


def _account() -> str:
    """Name the account in question; its address stays unreadable in the store of the counts."""
    if current_user.is_authenticated:
        return digest(current_user.fs_uniquifier)
    half_way = session.get("tf_user_id")
    if half_way and request.endpoint != "security.login":
        return digest(str(half_way))
    return digest(fold_identity(_typed()))


def _too_many_tries() -> str:
    return FROM_THIS_BROWSER if is_known_device() else FROM_HERE


def _is_nobodys() -> bool:
    return not current_user.is_authenticated and not _typed().strip()


def _is_no_stranger() -> bool:
    return _is_nobodys() or is_known_device()


def _typed() -> str:
    sent = request.get_json(silent=True) if request.is_json else request.form
    found = (sent or {}).get("email") or (sent or {}).get("username") or ""
    return found if isinstance(found, str) else ""


def _device_of(account: str) -> str | None:
    """Return the name of this browser if this account was signed in to with it."""
    signed = request.cookies.get(KNOWN_DEVICE)
    if not signed:
        return None
    try:
        device, *accounts = _signer().loads(signed, max_age=int(KNOWN_FOR.total_seconds()))
    except (BadData, TypeError, ValueError):
        return None
    return str(device) if account in accounts else None


def _network(bits_of_4: int, bits_of_6: int) -> str:
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "nowhere"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((address, bits_of_6), strict=False))
        address = address.ipv4_mapped
    return str(ip_network((address, bits_of_4), strict=False))


def digest(name: str) -> str:
    """Return 32 hexadecimal digits that stand for a name and do not tell it."""
    key = str(current_app.secret_key).encode()
    return hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:32]


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="broadsheet-known-device")
