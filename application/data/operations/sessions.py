"""The end of single sessions: remembered, so that a copy of the cookie is worth nothing afterwards."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select

from application.data.models import EndedSession
from application.data.operations.inserting import insert_unless_there
from application.data.operations.transaction import transaction
from application.utils.session_keys import LIFETIME, SessionKey

PURGED_AT_ONCE = 1000


def end(keys: Iterable[SessionKey]) -> None:
    """End these sessions, wherever their cookies were copied to. Raises `DatabaseBusy`."""
    names = sorted({key.name for key in keys})
    if not names:
        return
    with transaction() as session:
        session.execute(insert_unless_there(session, EndedSession).values([{"name": name} for name in names]))


def purge(now: datetime) -> int:
    """Forget ended sessions that would be too old by now anyway, and return how many."""
    old = select(EndedSession.name).where(EndedSession.ended_at < now - LIFETIME).limit(PURGED_AT_ONCE)
    with transaction() as session:
        gone = delete(EndedSession).where(EndedSession.name.in_(old)).returning(EndedSession.name)
        return len(session.scalars(gone).all())
