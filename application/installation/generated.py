"""The secrets that a development site makes for itself. In production an operator sets them."""

import secrets
from collections.abc import Mapping

# What is made, and how many random bytes it holds.
_SECRETS = {"INSTALLATION_ID": 8, "SECRET_KEY": 48, "SECURITY_PASSWORD_SALT": 24}


def make_missing(known: Mapping[str, str]) -> dict[str, str]:
    """Make each secret that is not known yet."""
    return {name: secrets.token_hex(size) for name, size in _SECRETS.items() if not known.get(name)}


def make_password() -> str:
    """Make a password that is easily typed from a screen: 100 bits, without letters that look alike."""
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))
