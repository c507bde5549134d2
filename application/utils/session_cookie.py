"""What Flask keeps of a session, in a cookie that it signed; read without a request."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from itsdangerous import BadSignature, URLSafeTimedSerializer


def read(signer: URLSafeTimedSerializer | None, signed: str | None, lifetime: timedelta) -> Mapping[str, Any]:
    """Return what the session holds: nothing when there is none, or one that is too old or that we did not sign."""
    if not signed or signer is None:
        return {}
    try:
        session: Mapping[str, Any] = signer.loads(signed, max_age=int(lifetime.total_seconds()))
    except BadSignature:
        return {}
    return session
