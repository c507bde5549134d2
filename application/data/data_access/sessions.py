"""Whether a session was ended; asked within the statement that reads its account."""

from sqlalchemy import ColumnElement, and_, exists

from application.data.models import EndedSession, User
from application.utils.session_keys import SessionKey


def is_of(key: SessionKey) -> ColumnElement[bool]:
    """Select the account of a session, unless the session was ended or the account is closed."""
    ended = exists().where(EndedSession.name == key.name)
    return and_(User.fs_uniquifier == key.uniquifier, User.active, ~ended)
