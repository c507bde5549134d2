"""What a session carries of its account: whose it is, when it began, and a name of its own by which it is ended."""

import secrets
import time
from datetime import timedelta
from typing import NamedTuple

LIFETIME = timedelta(days=90)
"""How long anybody may stay signed in; later than that an ended session needs no remembering."""

NAME_LENGTH = 40


class SessionKey(NamedTuple):
    """One session of one account."""

    uniquifier: str
    name: str


def write(uniquifier: str) -> str:
    """Write the key of a session that begins now."""
    return f"{uniquifier}.{int(time.time()):x}-{secrets.token_hex(12)}"


def read(key: object) -> SessionKey | None:
    """Read a key that the site has signed; None for one that is too old, or not of this form."""
    if not isinstance(key, str):
        return None
    uniquifier, _, name = key.rpartition(".")
    try:
        began = int(name.partition("-")[0], 16)
    except ValueError:
        return None
    is_young = time.time() - began < LIFETIME.total_seconds()
    return SessionKey(uniquifier, name) if uniquifier and is_young and len(name) <= NAME_LENGTH else None
