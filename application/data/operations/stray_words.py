"""Stray words: sent by somebody whose session was over, and kept until they have signed in again."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from application.data.models import StrayWords
from application.data.operations.autosaves import PURGED_AT_ONCE, check, storable
from application.data.operations.transaction import decided_by_constraints, transaction
from application.data.types import utc_now

KEPT = timedelta(days=1)
MOST_OF_NETWORK = 10
MOST = 300
"""Forms of all strangers together: whoever has many networks fills no disk, and throws out nobody else's words."""


@decided_by_constraints
def keep(holder: str, network: str, form_key: str, fields: Mapping[str, str]) -> bool:
    """Keep what was sent for whoever holds this key; False where no more is kept. Raises `Invalid`, `DatabaseBusy`."""
    check(form_key, fields)
    stored = {storable(name): storable(text) for name, text in fields.items()}
    with transaction() as session:
        known = session.scalar(select(StrayWords).where(StrayWords.holder == holder, StrayWords.form_key == form_key))
        if known is None:
            _make_room(session, network)
            if (session.scalar(select(func.count()).select_from(StrayWords)) or 0) >= MOST:
                return False
            known = StrayWords(holder=holder, form_key=form_key)
            session.add(known)
        known.network, known.fields, known.updated_at = network, stored, utc_now()
    return True


def discard(holder: str, form_key: str) -> None:
    """Forget what was in a form: its writer has it, or does not want it. Raises `DatabaseBusy`."""
    with transaction() as session:
        session.execute(delete(StrayWords).where(StrayWords.holder == holder, StrayWords.form_key == form_key))


def purge(now: datetime) -> int:
    """Delete what nobody signed in for within a day, and return how much."""
    old = select(StrayWords.stray_id).where(StrayWords.updated_at < now - KEPT).limit(PURGED_AT_ONCE)
    with transaction() as session:
        gone = delete(StrayWords).where(StrayWords.stray_id.in_(old)).returning(StrayWords.stray_id)
        return len(session.scalars(gone).all())


def _make_room(session: Session, network: str) -> None:
    """Let the oldest words from one network go when it sends very many."""
    oldest = select(StrayWords.stray_id).where(StrayWords.network == network).order_by(StrayWords.updated_at)
    ids = session.scalars(oldest).all()
    surplus = ids[: max(0, len(ids) - MOST_OF_NETWORK + 1)]
    if surplus:
        session.execute(delete(StrayWords).where(StrayWords.stray_id.in_(surplus)))
