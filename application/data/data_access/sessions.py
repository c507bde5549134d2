"""Whether a session was ended; asked within the statement that reads its account."""

from sqlalchemy import ColumnElement, and_, bindparam, exists

from application.data.models import EndedSession, User
from application.utils.session_keys import SessionKey

OF_SESSION: ColumnElement[bool] = and_(
    User.fs_uniquifier == bindparam("uniquifier"),
    User.active,
    ~exists().where(EndedSession.name == bindparam("session")),
)
"""Selects the account of a session, unless the session was ended or the account is closed."""


def session_bound_to(key: SessionKey) -> dict[str, str]:
    """Return what `OF_SESSION` is bound to for this session."""
    return {"uniquifier": key.uniquifier, "session": key.name}
