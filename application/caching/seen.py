"""Read your writes: a cookie says for ten seconds which change its bearer has made, to every process they may meet.

`seen=<epoch>.<sequence>`: a process that has applied less asks Redis. It is worth nothing to forge: whoever invents one
only has Redis asked. `seen=db.<until>.<signature>`: Redis could not be told, so the bearer is answered from the
database; that costs a rendering, so it is signed.
"""

import hashlib
import hmac
from enum import Enum
from time import time
from typing import TYPE_CHECKING

from application.caching.recording import Moment, Recording

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

COOKIE = "seen"
LIFETIME = 10


class View(Enum):
    """Which tiers may answer a request."""

    ANY = "any"
    REDIS = "not memory"
    DATABASE = "no tier"


class Seen:
    """Writes and reads the cookie."""

    def __init__(self, secret: str, *, secure: bool) -> None:
        self._key = hashlib.blake2b(secret.encode(), person=b"seen cookie").digest()
        self._secure = "; Secure" if secure else ""

    def header(self, recording: Recording) -> tuple[str, str] | None:
        """Return the header to send after what was written, if anything was."""
        if recording.untold:
            value = f"db.{self._signed(str(int(time()) + LIFETIME))}"
        elif recording.wrote is not None:
            value = f"{recording.wrote.epoch}.{recording.wrote.sequence}"
        else:
            return None
        attributes = f"Max-Age={LIFETIME}; Path=/; HttpOnly; SameSite=Lax{self._secure}"
        return "Set-Cookie", f"{COOKIE}={value}; {attributes}"

    def view(self, environ: "WSGIEnvironment", applied: Moment) -> View:
        """Tell which tiers may answer whoever sends this cookie, where `applied` has arrived in this process."""
        value = _value(environ.get("HTTP_COOKIE", ""))
        if value is None:
            return View.ANY
        epoch, _, rest = value.partition(".")
        if epoch == "db":
            until = rest.partition(".")[0]
            genuine = (
                hmac.compare_digest(rest.encode(), self._signed(until).encode())
                and until.isdigit()
                and int(until) >= time()
            )
            return View.DATABASE if genuine else View.REDIS
        epoch, _, sequence = value.rpartition(".")
        has_arrived = epoch == applied.epoch and sequence.isdecimal() and int(sequence[:20]) <= applied.sequence
        return View.ANY if has_arrived else View.REDIS

    def _signed(self, until: str) -> str:
        return f"{until}.{hmac.digest(self._key, until.encode(), 'sha256').hex()}"


def _value(cookies: str) -> str | None:
    """Return the cookie's value; the library's parser gives up at the first cookie, whoever's, that it dislikes."""
    for cookie in cookies.split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == COOKIE:
            return value
    return None
